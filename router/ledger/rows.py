"""A ledger entry as one row of SQLite, and back, exactly: money in whole pico-USD (1e-12), unknown as NULL."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import msgspec

from router.errors import LedgerUnavailable
from router.ledger.bill import in_pico
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry
from router.usage import Usage

Row = tuple[str | int | float | None, ...]
"""The values of COLUMNS, in that order."""

COLUMNS = (
    "request_id, decision_id, at, caller, model_asked, route, stream, status, http_status, error_code,"
    " tier, required_tier, reason, p_easy, p_medium, p_hard, confidence, missing, artifact,"
    " upstream, provider, model, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,"
    " reasoning_tokens, estimated, reported_cost_pico, cost_pico, cost_source, price_as_of, baseline,"
    " baseline_cost_pico, latency_ms, first_byte_ms, overhead_ms, attempts, rates"
)
DECISION_ID = 1
"""Where in a row the id stands by which it is known."""

WIDTH = COLUMNS.count(",") + 1

LARGEST_INSERTION = 64
"""Rows of the largest statement: 2,496 parameters of the 32,766 that SQLite allows."""

_STATUS, _STREAM = 7, 6
_SHORT = 40
_UNPLAIN = re.compile(r"[^ -~]|[\"\\]")
_LARGEST = 2**63 - 1
_NO_USAGE = (None,) * 7
_NO_PROBABILITIES = (None,) * 3


def _insertion(count: int) -> str:
    """Return the statement for `count` rows. Not INSERT OR IGNORE, which swallows a broken NOT NULL as well."""
    rows = ", ".join(["(" + ", ".join("?" * WIDTH) + ")"] * count)
    return f"INSERT INTO request ({COLUMNS}) VALUES {rows} ON CONFLICT (decision_id) DO NOTHING"  # noqa: S608  # constants


INSERTIONS = {1 << bit: _insertion(1 << bit) for bit in range(LARGEST_INSERTION.bit_length())}
"""The statement that inserts 1, 2, 4 ... 64 rows (WIDTH parameters each) and skips decision ids that are known."""


def to_pico(usd: Decimal | None) -> int | None:
    """Return USD as whole pico-USD, rounded as a bill is; None for None and for what no row can hold."""
    whole = None if usd is None else in_pico(usd)
    return None if whole is None else int(whole.scaleb(12))


def from_pico(pico: int | None) -> Decimal | None:
    """Return pico-USD as USD, exactly."""
    return None if pico is None else Decimal(pico).scaleb(-12)


def to_instant(at: datetime) -> str:
    """Return an aware time as UTC text of fixed width, which sorts as time does; ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("a ledger entry needs a time with its zone")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def to_row(entry: LedgerEntry) -> Row:
    """Return the row of `entry`. Whatever an entry holds can be stored: no row spoils the batch that it is part of."""
    cost = to_pico(entry.cost)
    attempts = msgspec.json.encode(entry.attempts).decode() if entry.attempts else "[]"
    head = (
        _text(entry.request_id),
        entry.decision_id,
        to_instant(entry.at),
        _text(entry.caller),
        _text(entry.model_asked),
        entry.route,
        int(entry.stream),
        str(entry.status),
        entry.http_status,
        entry.error_code,
        entry.tier,
        entry.required_tier,
        None if entry.reason is None else str(entry.reason),
    )
    judged = (entry.confidence, entry.missing, entry.artifact, entry.upstream, entry.provider)
    tail = (
        cost,
        str(entry.cost_source if cost is not None else CostSource.UNKNOWN),
        entry.price_as_of.isoformat() if entry.price_as_of is not None else None,
        entry.baseline,
        to_pico(entry.baseline_cost),
        entry.latency_ms,
        entry.first_byte_ms,
        entry.overhead_ms,
        attempts,
        entry.rates,
    )
    model = None if entry.model is None else _text(entry.model)
    return (*head, *(entry.probabilities or _NO_PROBABILITIES), *judged, model, *_tokens(entry.usage), *tail)


def from_row(row: Sequence[Any]) -> LedgerEntry:
    """Return the entry of one row selected as COLUMNS."""
    return LedgerEntry(
        request_id=row[0],
        decision_id=row[1],
        at=datetime.fromisoformat(row[2]),
        caller=row[3],
        model_asked=row[4],
        route=row[5],
        stream=bool(row[6]),
        status=EntryStatus(row[7]),
        http_status=row[8],
        error_code=row[9],
        tier=row[10],
        required_tier=row[11],
        reason=row[12],
        probabilities=None if row[13] is None else (row[13], row[14], row[15]),
        confidence=row[16],
        missing=row[17],
        artifact=row[18],
        upstream=row[19],
        provider=row[20],
        model=row[21],
        usage=_usage(row[22:29]),
        cost=from_pico(row[29]),
        cost_source=CostSource(row[30]),
        price_as_of=None if row[31] is None else date.fromisoformat(row[31]),
        baseline=row[32],
        baseline_cost=from_pico(row[33]),
        latency_ms=row[34],
        first_byte_ms=row[35],
        overhead_ms=row[36],
        attempts=msgspec.json.decode(row[37], type=tuple[Attempt, ...]),
        rates=row[38],
    )


def flatten(rows: Iterable[Row]) -> list[str | int | float | None]:
    """Return the parameters of an insertion of these rows."""
    return list(chain.from_iterable(rows))


def held_back(row: Row) -> Row:
    """Return `row` as it is true where the ledger did not take it: the end of an answer is held back for its row."""
    if row[_STATUS] != EntryStatus.OK:
        return row
    ending = (EntryStatus.INTERRUPTED.value, 200) if row[_STREAM] else (EntryStatus.FAILED.value, 503)
    return (*row[:_STATUS], *ending, LedgerUnavailable.code, *row[_STATUS + 3 :])


def pack(row: Row, room: int) -> bytes:
    """Return `row` in at most `room` bytes, for which 1,000 are enough; where it is longer, cut by `_short`."""
    data = msgspec.json.encode(row)
    return data if len(data) <= room else msgspec.json.encode(_short(row))


def _short(row: Row) -> Row:
    """Return `row` with its texts cut, without attempts and rates: what was used and what it cost is all there."""
    cut = tuple(_plain(value) if isinstance(value, str) else value for value in row[: WIDTH - 2])
    return (*cut[:DECISION_ID], row[DECISION_ID], *cut[DECISION_ID + 1 :], "[]", None)


def _plain(text: str) -> str:
    return _UNPLAIN.sub("?", text[:_SHORT])


def unpack(data: bytes) -> Row | None:
    """Return the row of what `pack` made; None for what another version made, whose rows have other columns."""
    row = msgspec.json.decode(data)
    return tuple(row) if isinstance(row, list) and len(row) == WIDTH else None


def _tokens(usage: Usage | None) -> Row:
    """Return the seven columns of a usage; counts that no row can hold count as not reported."""
    if usage is None:
        return _NO_USAGE
    bill = to_pico(usage.reported_cost)
    if max(usage.input, usage.output) > _LARGEST:  # the other counts are parts of these two
        return (None, None, None, None, None, int(usage.estimated), bill)
    counts = (usage.input, usage.cached_input, usage.cache_write, usage.output, usage.reasoning)
    return (*counts, int(usage.estimated), bill)


def _usage(columns: Sequence[Any]) -> Usage | None:
    """Return the usage of its seven columns, None where the counts were not reported."""
    if columns[0] is None or columns[3] is None:
        return None
    return Usage(
        input=columns[0],
        cached_input=columns[1],
        cache_write=columns[2],
        output=columns[3],
        reasoning=columns[4],
        estimated=bool(columns[5]),
        reported_cost=from_pico(columns[6]),
    )


def _text(value: str) -> str:
    """Return text from outside as SQLite can hold it: a lone surrogate, which UTF-8 lacks, becomes a question mark."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
