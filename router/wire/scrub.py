"""An upstream's words, made fit for a client: no addresses, no keys, no names of the operator's accounts."""

import re
from collections.abc import Sequence

LONGEST = 500

_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")
_GROUP = "[0-9a-f]{1,4}"
_IPV6 = rf"""
    (?: {_GROUP}(?::{_GROUP}){{7}}                                        # in full
      | (?:\d[0-9a-f]{{0,3}}|f[c-f][0-9a-f]{{2}}(?=[0-9a-f:]*\d))         # shortened; a::b is a name in C++
        (?:(?::{_GROUP}){{1,6}}::|(?::{_GROUP}){{0,5}}::{_GROUP}(?::{_GROUP}){{0,5}})
      | ::(?:ffff:)?\d[0-9a-f]{{0,3}}(?::{_GROUP}){{0,5}}                  # of this machine, or an IPv4 address in it
    )(?:\.\d{{1,3}}){{0,3}}(?:%[\w.-]*\w)?
"""
_SECRETS = re.compile(
    r"""
      \b[a-z][a-z0-9+.-]*://\S+                                 # any URL
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                              # mail addresses
    | \b(?:bearer|basic)\s+\S+                                  # authorization values
    | \b(?:sk|pk|rk|nvapi|gsk|xai|hf|fw|r8|key|org|orgs|proj|project|team|user|acct|tgp|glpat|ghp)[-_][\w*.-]{6,}
    | (?P<kept>\b(?:organi[sz]ation|project|workspace|tenant)(?:[ _]id)?["'`]?[ :=]{1,3}["'`]?)
      (?=[a-z0-9-]*[_-]\w|[a-z]+\d|\d+[a-z])[\w-]{6,}           # accounts by name: of more than letters, unlike words
    | \bA(?:KIA|SIA)[A-Z0-9*]{8,}                               # AWS access keys
    | \barn:\S+
    | \bAIza[\w-]{10,}                                          # Google keys
    | \beyJ[\w-]{8,}(?:\.[\w-]*){0,2}                           # JSON web tokens
    | \b(?:api[ _-]?key|token|secret|password|authorization)["']?\s*[:=]\s*["']?(?=\S*\d)[\w+/.=-]{8,}
    | \b\d{12}\b                                               # AWS accounts
    | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b                      # IPv4 addresses
    | \blocalhost:\d+(?:/\S*)?
    | \b(?:[\w-]+\.)+(?:com|net|org|io|ai|dev|cloud|local|internal|cn|co|app|xyz)\b(?::\d+)?(?:/\S*)?   # host names
    | \b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b           # UUIDs
    | \b(?=[\w+/=*-]*\d)(?=[\w+/=*-]*[a-z*])[\w+/=*-]{24,}      # long strings of letters and digits
    """
    rf"""
    | (?<![\w\])])\[{_IPV6}\](?::\d+)?                          # IPv6 addresses, these with a port; not x[::2]
    | (?<![\w:.\])])(?<![\w\])]\[){_IPV6}(?![\w:])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MOST_LISTED = 8
_WORD = re.compile(r"^[A-Za-z0-9_.\[\]-]{1,64}$")


def scrub(text: str) -> str:
    """Return `text` on one line, at most 500 characters, secrets and addresses replaced by [...]."""
    line = _SPACE.sub(" ", text[: 4 * LONGEST]).strip()
    line = _SECRETS.sub(r"\g<kept>[...]", line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def plain_word(value: object) -> str | None:
    """Return `value` when it looks like a code or a field's name, else None."""
    return value if isinstance(value, str) and _WORD.match(value) and scrub(value) == value else None


def listed(ids: Sequence[str]) -> str:
    """Return the first of these ids of a client's own for an error that it reads, odd ones not shown."""
    shown = [name if _ID.fullmatch(name) else "(another)" for name in ids[:_MOST_LISTED]]
    return ", ".join(shown) + (", ..." if len(ids) > _MOST_LISTED else "")
