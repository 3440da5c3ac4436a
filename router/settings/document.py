"""Bytes of a YAML file to plain data, with the line on which each value stands.

The subset of YAML is the one that cannot surprise: no aliases, anchors or tags, no key twice, `true` and `false` as the
only booleans (`no` is a country), no sexagesimal numbers (`1:30` is text), and numbers with a point become Decimal, so
that money never passes through a float.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from router.settings.problems import Path as Place
from router.settings.problems import Problems

SIZE_LIMIT_BYTES = 1_000_000
DEPTH_LIMIT = 32

_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?[0-9][0-9_]{0,39}")
_POINT = re.compile(r"[-+]?(?:[0-9][0-9_]{0,39}\.[0-9]{0,40}|\.[0-9]{1,40})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: `data` is its top map; `lines` gives the line (from 1) of every key and list item in it."""

    origin: str
    data: dict[str, Any]
    lines: dict[Place, int] = field(repr=False)

    def problems(self) -> Problems:
        """Return an empty list of problems that knows this file's lines."""
        return Problems(origin=self.origin, lines=self.lines)


def read(path: Path, origin: str) -> Document:
    """Read the YAML file at `path`, called `origin` in messages; SettingsInvalid when it cannot be one of ours."""
    problems = Problems(origin=origin)
    raw = b""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, and nobody could end the process
            problems.add((), "That is no regular file (a folder, a pipe or a device). Name a file.")
        else:
            with path.open("rb") as file:
                raw = file.read(SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        problems.add((), "There is no such file.")
    except OSError as error:
        problems.add((), f"The file cannot be read: {error.strerror}.")
    problems.raise_if_any()
    return parse(raw, origin)


def parse(raw: bytes, origin: str) -> Document:
    """Turn the bytes of a YAML file into a Document; SettingsInvalid with every reason why they are none of ours."""
    problems = Problems(origin=origin)
    text = _text(raw, problems)
    problems.raise_if_any()
    node = _compose(text, problems)
    problems.raise_if_any()
    if not isinstance(node, yaml.MappingNode):
        problems.add((), "The file must be a map (key: value) at its top; it is " + ("empty." if not node else "not."))
        problems.raise_if_any()
    lines: dict[Place, int] = {}
    data: dict[str, Any] = _construct(node, (), lines, problems)
    problems.lines = lines
    problems.raise_if_any()
    return Document(origin=origin, data=data, lines=lines)


def _text(raw: bytes, problems: Problems) -> str:
    """Decode a file of bounded size, UTF-8 with or without a byte order mark."""
    if len(raw) > SIZE_LIMIT_BYTES:
        problems.add((), f"The file is larger than {SIZE_LIMIT_BYTES:,} bytes, so it is not a configuration.")
        return ""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.add((), f"Line {line} is not UTF-8 text (byte {error.start}). Save the file as UTF-8.")
        return ""


def _compose(text: str, problems: Problems) -> yaml.Node | None:
    """Return the node tree; aliases, anchors, tags and too deep nesting are problems, and so is what is not YAML."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                problems.add((), f"Line {line}: anchors (&) and aliases (*) are not supported. Write the value out.")
            elif getattr(event, "tag", None):
                problems.add((), f"Line {line}: tags (!) are not supported. Quote the value if '!' belongs to it.")
            if depth > DEPTH_LIMIT:
                problems.add((), f"Line {line}: nested deeper than {DEPTH_LIMIT} levels.")
                return None
        return None if problems.found else yaml.compose(text, Loader=yaml.CBaseLoader)
    except yaml.YAMLError as error:
        problems.add((), _syntax(error, text))
        return None


def _syntax(error: yaml.YAMLError, text: str) -> str:
    """Say what breaks the file, never quoting its text: that could be a key."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "The file holds a character that YAML does not allow (a control character, or half of one)."
    line = text.split("\n")[mark.line] if mark.line <= text.count("\n") else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column : mark.column + 1] == "\t":
        return f"Line {mark.line + 1} is indented with a tab. YAML wants spaces."
    problem = getattr(error, "problem", None) or "unreadable"
    place = f"Line {mark.line + 1}, column {mark.column + 1}"
    return f"{place} is not YAML: {problem}.{_likely(problem, line, mark.column)}"


def _likely(problem: str, line: str, column: int) -> str:
    """Return what the operator probably meant where the library's own words do not tell; the empty string if unsure."""
    if line[max(column - 1, 0) : column + 1] == "${":
        return ' Between { } or [ ], ${NAME} has to stand in quotes: "${NAME}". Or write os.environ/NAME.'
    first = line[:column].strip(" -")
    alone = not first and problem in ("did not find expected key", "did not find expected <document start>")
    nested = problem.startswith("mapping values are not allowed") and not set(" :") & set(first)
    return " The line is probably indented differently from its neighbours." if alone or nested else ""


def _construct(node: yaml.Node | None, place: Place, lines: dict[Place, int], problems: Problems) -> Any:
    """Turn a node into dicts, lists and scalars; note the line of each child and every key that stands twice."""
    if isinstance(node, yaml.MappingNode):
        return _construct_map(node, place, lines, problems)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*place, index)] = item.start_mark.line + 1
            items.append(_construct(item, (*place, index), lines, problems))
        return items
    if not isinstance(node, yaml.ScalarNode):
        return None
    return node.value if node.style in ("'", '"', "|", ">") else _scalar(node, place, problems)


def _construct_map(node: yaml.MappingNode, place: Place, lines: dict[Place, int], problems: Problems) -> dict[str, Any]:
    """Turn a mapping node into a dict whose keys are text."""
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.add(place, f"Line {line}: a key must be one word, not a map or a list.")
            continue
        key = key_node.value
        if key in found:
            problems.add((*place, key), f"Line {line}: '{key}' stands here twice. Keep one of them.")
            continue
        lines[(*place, key)] = line
        found[key] = _construct(value_node, (*place, key), lines, problems)
    return found


def _scalar(node: yaml.ScalarNode, place: Place, problems: Problems) -> Any:
    """Read an unquoted scalar: null, boolean, whole number, Decimal, date, or text."""
    text = node.value
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _POINT.fullmatch(text):
        return Decimal(text.replace("_", ""))
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            problems.add(place, f"Line {node.start_mark.line + 1}: {text} is not a day of the calendar.")
    return text
