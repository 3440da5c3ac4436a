"""What only the whole file shows of aliases: that they mean something, and can be asked for at all."""

import re

from classifier.tier import Tier
from router.policy.resolve import LONGEST_NAME
from router.policy.rules import DIALS
from router.settings.checked import Checked
from router.settings.problems import Problems, meant

_ALIAS = re.compile(r"[!-~]+")
_ROUTERS_OWN = re.compile(r"(?:auto(?::.*)?|tier/.*)")


def check_aliases(checked: Checked, problems: Problems) -> None:
    """Add to `problems` what is wrong with the section `aliases`."""
    upstreams, routes = checked.names["upstreams"], checked.names["routes"]
    known = (
        *routes,
        *(f"{route}:{dial}" for route in routes for dial in DIALS),
        *(f"tier/{tier.label}" for tier in Tier),
        *upstreams,
        *checked.names["embeddings"],
    )
    for alias, name in checked.file.aliases.items():
        path = ("aliases", alias)
        base = alias.rpartition(":")[0]
        if not _ALIAS.fullmatch(alias) or len(alias) > LONGEST_NAME:
            problems.add(path, f"'{alias[:60]}' cannot be an alias: up to {LONGEST_NAME} characters, no spaces.")
        elif alias in known or _ROUTERS_OWN.fullmatch(alias) or base in routes:
            problems.add(path, f"'{alias}' has a meaning of its own, which always wins: the alias would never be used.")
        if name in checked.file.aliases and name not in known:
            problems.add(path, f"'{name}' is an alias itself. Name what it stands for.")
        elif name not in known:
            message = f"Alias '{alias}' stands for '{name}', which is neither a route, a tier nor an upstream."
            problems.add(path, f"{message}{meant(name, known)}")
