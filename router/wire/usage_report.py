"""The usage object of a reply, in any host's spelling, to Usage; and the estimate where there is none."""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from router.usage import Usage
from router.wire import tokens

_UNCOUNTED = frozenset({"role", "id", "type", "index", "object", "format", "signature", "reasoning_details"})
_DEPTH = 8

T = TypeVar("T")


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Counts(msgspec.Struct):
    """OpenAI's counts and where other hosts put the cached ones."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    num_cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CostDetails(msgspec.Struct):
    upstream_inference_cost: Decimal | None = None


class _Bill(msgspec.Struct):
    cost: Decimal
    is_byok: bool | None = None
    cost_details: _CostDetails | None = None


MOST_TOKENS = 1_000_000_000
"""Tokens of one answer beyond which a count is a mistake, whatever the host says."""


def read_usage(value: Any, *, reports_cost: bool = False) -> Usage | None:
    """Return the counts in the parsed usage object `value`; None when there are none that can be read.

    An explicit 0 stays 0. A part that is larger than its whole cannot be true and is left out (None), and
    so are counts that no answer can have. Reasoning that a
    host counts beside its output (the total says so) is added to it.
    """
    counts = _converted(value, _Counts)
    if counts is None:
        return None
    inside, outside = counts.prompt_tokens_details, counts.completion_tokens_details
    cached = _first(
        inside.cached_tokens if inside else None,
        counts.prompt_cache_hit_tokens,
        counts.cached_tokens,
        counts.num_cached_tokens,
    )
    written = _first(inside.cache_write_tokens if inside else None, counts.cache_write_tokens)
    reasoning = outside.reasoning_tokens if outside else None
    given, output = counts.prompt_tokens, counts.completion_tokens
    if reasoning and counts.total_tokens == given + output + reasoning:
        output += reasoning
    if not (0 <= given <= MOST_TOKENS and 0 <= output <= MOST_TOKENS):
        return None
    cached = _part(cached, given)
    return Usage(
        input=given,
        output=output,
        cached_input=cached,
        cache_write=_part(written, given - (cached or 0)),
        reasoning=_part(reasoning, output),
        reported_cost=_bill(value) if reports_cost else None,
    )


class _InputCounts(msgspec.Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


def read_input_usage(value: Any, *, reports_cost: bool = False) -> Usage | None:
    """Return the counts in the parsed usage object of an answer without output; None when none can be read."""
    counts = _converted(value, _InputCounts)
    if counts is None:
        return None
    given = _first(counts.prompt_tokens, counts.total_tokens)
    if given is None or not 0 <= given <= MOST_TOKENS:
        return None
    return Usage(input=given, output=0, reported_cost=_bill(value) if reports_cost else None)


def later_usage(before: Usage | None, reported: Any, *, reports_cost: bool = False) -> Usage | None:
    """Return the counts that hold once `reported` (None: nothing) has come after those of `before`."""
    if reported is None or (before is not None and counts_nothing(reported)):
        return before
    return read_usage(reported, reports_cost=reports_cost) or before


def counts_nothing(value: Any) -> bool:
    """Tell whether the parsed usage object `value` counts no token: one that did, earlier in a stream, still holds."""
    return isinstance(value, dict) and not (value.get("prompt_tokens") or value.get("completion_tokens"))


def estimate(input_tokens: int, output_bytes: int) -> Usage:
    """Return the counts of a reply that reported none: `input_tokens` as estimated, a token per 4 bytes of output."""
    return Usage(input=input_tokens, output=tokens.likely(output_bytes), estimated=True)


def spoken_bytes(value: Any, depth: int = 0) -> int:
    """Return the UTF-8 bytes of what a message or delta says: text, reasoning, names and arguments of tool calls."""
    if isinstance(value, str):
        return tokens.text_bytes(value)
    if depth > _DEPTH:
        return 0
    if isinstance(value, dict):
        return sum(spoken_bytes(part, depth + 1) for key, part in value.items() if part and key not in _UNCOUNTED)
    if isinstance(value, list):
        return sum(spoken_bytes(part, depth + 1) for part in value)
    return 0


def _converted(value: Any, form: type[T]) -> T | None:
    """Return `value` as a `form`, None when it is none. Counts may be written 11.0, as hosts without integers do."""
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError:
        pass
    try:
        return msgspec.convert(_integral(value), form)
    except msgspec.ValidationError:
        return None


def _integral(value: Any, depth: int = 0) -> Any:
    """Return `value` with integers for the floats in it that are some."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict) and depth < _DEPTH:
        return {key: _integral(part, depth + 1) for key, part in value.items()}
    return value


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)


def _part(count: int | None, whole: int) -> int | None:
    return count if count is not None and 0 <= count <= whole else None


def _bill(value: Any) -> Decimal | None:
    """Return the bill in USD; with a key of one's own at the host behind, its charge comes on top of the fee."""
    try:
        bill = msgspec.convert(value, _Bill)
    except msgspec.ValidationError:
        return None
    cost = bill.cost
    if bill.is_byok and bill.cost_details is not None:
        cost += bill.cost_details.upstream_inference_cost or 0
    return cost if cost.is_finite() and cost >= 0 else None
