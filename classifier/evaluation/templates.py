"""The marks by which a benchmark gives itself away, and texts without them; pure."""

import re

_FRAMES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^\s*Answer\s*:\s*$",
        r"^\s*(?:Question|Problem|Q)\s*:\s*",
        r"^\(?[A-J][.)]\s+",  # option letters; the options stay
        r"^\[/?(?:PYTHON|ANSWER|THOUGHT)\]\s*$",
        r"^Solve this in [\w+#]+\.\s*$",
        r"^#+ (?:Instructions(?: append)?|Introduction|Implementation)\s*$",
        r"^\[[^\]\n]+\]:\s+\S+\s*$",  # addresses of links at the end of an exercise
    )
)
_PREAMBLE = re.compile(
    r"\AYou are given a Python function and an assertion .*?(?=^\[PYTHON\])", re.DOTALL | re.MULTILINE
)
_BLANK_LINES = re.compile(r"\n{3,}")


def stripped(text: str) -> str:
    """Return a text without option letters, "Answer:", code wrappers and headings that benchmarks put around items."""
    text = _PREAMBLE.sub("What does this give?\n", text)
    for frame in _FRAMES:
        text = frame.sub("", text)
    return _BLANK_LINES.sub("\n\n", text).strip()
