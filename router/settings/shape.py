"""Plain data to a validated section, with every fault in plain words, and as much as possible still checked.

What is at fault is taken out and the rest is validated again, so that one wrong word does not hide ten others.
"""

import copy
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from router.settings.problems import Path, Problems, dotted, meant
from router.settings.scalars import shown

Model = TypeVar("Model", bound=BaseModel)

_ROUNDS = 8
_MAP = "'{name}' must be a map (key: value); it is {kind}."
_LIST = "'{name}' must be a list, such as [a, b]; it is {value}."
_SENTENCES = {
    "missing": "'{name}' is missing.",
    "model_type": _MAP,
    "model_attributes_type": _MAP,
    "dict_type": _MAP,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "string_type": "'{name}' must be text; it is {value}. Put it in quotes if it is meant to be text.",
    "bool_type": "'{name}' must be true or false; it is {value}.",
    "bool_parsing": "'{name}' must be true or false; it is {value}.",
}
_SECRET_KEYS = frozenset({"api_key", "keys"})


def shaped(data: dict[str, Any], model: type[Model], problems: Problems) -> Model | None:
    """Return `data` as `model` without its faults, which are added to `problems`; None where nothing is left of it."""
    data = copy.deepcopy(data)
    removed: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            earlier = frozenset(removed)
            found = [(detail, _existing(detail["loc"], data)) for detail in error.errors(include_url=False)]
            for detail, path in found:
                if not any(path[: len(gone)] == gone or gone[: len(path)] == path for gone in earlier):
                    problems.add(path, _sentence(detail, path, model))
                removed.add(_remove(detail, path, data))
    return None


def _existing(location: tuple[int | str, ...], data: Any) -> Path:
    """Cut pydantic's location to what stands in the file; the last part may be a key that is missing."""
    path: Path = ()
    for part in location:
        path = (*path, part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            break
    return path


def _remove(detail: ErrorDetails, path: Path, data: dict[str, Any]) -> Path:
    """Take the faulty value out of `data`: the map that lacks a key, else the value, or the whole list it stands in."""
    gone = path[:-1] if detail["type"] == "missing" else path
    gone = gone[: next((index for index, part in enumerate(gone) if isinstance(part, int)), len(gone))]
    holder: Any = data
    for part in gone[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if gone and isinstance(holder, dict):
        holder.pop(gone[-1], None)
    return gone


def _sentence(detail: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    """Say one fault in plain words, with the value unless it could be a key."""
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    name = path[-1] if path and isinstance(path[-1], str) else dotted(path)
    value = "what stands there" if _SECRET_KEYS & set(path) else shown(given)
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return f"Unknown key '{name}'.{meant(str(name), fields_at(model, path[:-1]))}"
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{value} is none of: {expected}.{meant(str(given), expected.split(', '))}"
    pattern = _SENTENCES.get(kind, f"'{{name}}' cannot be {{value}}: {detail['msg']}.")
    return pattern.format(name=name, value=value, kind=_kind_of(given))


def _kind_of(value: Any) -> str:
    """Name the kind of a value, not the value: where a map belongs somebody may have put a key."""
    if value is None:
        return "empty"
    return {str: "text", list: "a list", bool: "true or false"}.get(type(value), "a number")


def fields_at(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that the section at `path` below `model` may hold."""
    annotation: Any = model
    for part in path:
        section = _section(annotation)
        if section is not None and part in section.model_fields:
            annotation = section.model_fields[str(part)].annotation
        else:
            annotation = get_args(annotation)[-1] if get_args(annotation) else None
    section = _section(annotation)
    return tuple(section.model_fields) if section else ()


def _section(annotation: Any) -> type[BaseModel] | None:
    """Return the section that an annotation names, itself or within `X | None`; None for dicts and scalars."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if getattr(annotation, "__origin__", None) in (dict, tuple, frozenset):
        return None
    found = [_section(part) for part in get_args(annotation)]
    return next((section for section in found if section is not None), None)
