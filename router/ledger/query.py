"""What the ledger's file says, read only; it may be read while proxies write it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from router.errors import LedgerUnavailable
from router.ledger.connection import connect, translate
from router.ledger.entry import LedgerEntry
from router.ledger.rows import COLUMNS, from_row, to_instant
from router.ledger.schema import VERSION, version_of
from router.ledger.spend import EMBEDDINGS, EXPLICIT, NOT_NAMED, NOT_SENT, SIMULATED, Grouping, Rated, Sums

# No other provider was called: what one of them had answered before would be real money.
_SIMULATED = """(provider IS :simulated AND NOT EXISTS (
      SELECT 1 FROM json_each(attempts) AS attempt WHERE json_extract(attempt.value, '$.provider') <> :simulated
    ))"""

# An attempt that nobody charges for: no connection, no call at all, or a 4xx that turned the request away unread. The
# rest stays unknown, and so do prompts that were too long, which Azure may charge for (so its page on managing costs
# since January 2024: learn.microsoft.com/azure/ai-services/openai/how-to/manage-costs).
_UNCHARGED = """json_extract(attempt.value, '$.ending') = 'unfit' OR (
        NOT coalesce(json_extract(attempt.value, '$.ambiguous'), 0) AND (
          json_extract(attempt.value, '$.ending') = 'unreachable'
          OR (json_extract(attempt.value, '$.ending') IN ('rejected', 'refused', 'rate_limited')
            AND json_extract(attempt.value, '$.status') BETWEEN 400 AND 499)))"""

# Codes of a 400 that comes after a prompt was read or an answer written: Azure charges for what it filters (since May
# 2024: learn.microsoft.com/azure/ai-services/openai/concepts/content-filter), and Groq tells by the other two of a call
# or a form that its model got wrong (with the `failed_generation`).
_REFUSED_LATE = "('content_filter', 'tool_use_failed', 'json_validate_failed')"

# One pass over the rows, and memory for the groups only. Money is summed in two halves (whole millions of pico-USD, and
# the rest), because SQLite's sum() fails beyond 2^63: at 9.2 million USD in one piece.
_SUMS = f"""
WITH priced AS (
  SELECT *, upstream IS NULL AND attempts = '[]' AS unsent,
    cost_pico IS NOT NULL AND baseline_cost_pico IS NOT NULL AS both,
    cost_pico IS NULL AND status = 'failed' AND attempts <> '[]' AND NOT EXISTS (
      SELECT 1 FROM json_each(attempts) AS attempt
      WHERE json_extract(attempt.value, '$.ending') <> 'unreachable' OR json_extract(attempt.value, '$.ambiguous')
    ) AS unreached,
    cost_pico IS NULL AND status IN ('failed', 'rejected') AND attempts <> '[]'
      AND coalesce(error_code, '') NOT IN {_REFUSED_LATE} AND NOT EXISTS (
      SELECT 1 FROM json_each(attempts) AS attempt WHERE ({_UNCHARGED}) IS NOT 1
    ) AS uncharged,
    {_SIMULATED} AS simulated
  FROM request WHERE :since IS NULL OR at >= :since
)
SELECT
  CASE
    WHEN :by = 'caller' THEN caller
    WHEN :by = 'day' THEN substr(at, 1, 10)
    WHEN :by = 'tier' THEN coalesce(tier, CASE
      WHEN unsent THEN :not_sent WHEN route IS NOT NULL AND required_tier IS NULL THEN :embeddings ELSE :explicit END)
    WHEN unsent THEN :not_sent
    WHEN :by = 'model' THEN coalesce(model, :not_named)
    ELSE coalesce(provider, :not_named)
  END AS label,
  count(*),
  sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens),
  count(cost_pico),
  coalesce(sum(cost_pico IS NULL AND NOT unsent AND NOT unreached AND NOT uncharged), 0),
  coalesce(sum(estimated), 0),
  coalesce(sum(cost_pico / 1000000), 0), coalesce(sum(cost_pico % 1000000), 0),
  sum(both),
  coalesce(sum(cost_pico / 1000000) FILTER (WHERE both), 0), coalesce(sum(cost_pico % 1000000) FILTER (WHERE both), 0),
  coalesce(sum(baseline_cost_pico / 1000000) FILTER (WHERE both), 0),
  coalesce(sum(baseline_cost_pico % 1000000) FILTER (WHERE both), 0),
  coalesce(sum(unreached), 0), coalesce(sum(uncharged AND NOT unreached), 0), sum(unsent),
  sum(cost_pico IS NOT NULL AND baseline IS NULL), simulated
FROM priced GROUP BY label, simulated"""  # noqa: S608  # constants

_RATES = f"""
SELECT provider, model, rates, count(*), sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens),
  sum(output_tokens), {_SIMULATED} AS simulated
FROM request WHERE rates IS NOT NULL AND (:since IS NULL OR at >= :since)
GROUP BY provider, model, rates, simulated ORDER BY provider, model, min(id)"""  # noqa: S608  # constants

_FIND = f"SELECT {COLUMNS} FROM request WHERE decision_id = ?"  # noqa: S608  # constants
_ALL = f"SELECT {COLUMNS} FROM request WHERE :since IS NULL OR at >= :since ORDER BY id"  # noqa: S608  # constants


def sums(path: Path, by: Grouping, since: datetime | None = None) -> tuple[Sums, ...]:
    """Return the sums of each group of rows that came at `since` or later, simulated rows apart from the others.

    LedgerUnavailable when it cannot be read.
    """
    names = {
        "by": str(by),
        "explicit": EXPLICIT,
        "embeddings": EMBEDDINGS,
        "not_sent": NOT_SENT,
        "not_named": NOT_NAMED,
        "simulated": SIMULATED,
    }
    with _reading(path) as connection:
        return tuple(_group(row) for row in connection.execute(_SUMS, {"since": _bound(since), **names}))


def rates(path: Path, since: datetime | None = None) -> tuple[Rated, ...]:
    """Return what answers were billed at, by provider, model and rates in order of use; LedgerUnavailable as above."""
    with _reading(path) as connection:
        return tuple(
            Rated(
                provider=row[0] or NOT_NAMED,
                model=row[1] or NOT_NAMED,
                rates=row[2],
                requests=row[3],
                input=_known(row[4]),
                cached_input=_known(row[5]),
                cache_write=_known(row[6]),
                output=_known(row[7]),
                simulated=bool(row[8]),
            )
            for row in connection.execute(_RATES, {"since": _bound(since), "simulated": SIMULATED})
        )


def entries(path: Path, since: datetime | None = None) -> Iterator[LedgerEntry]:
    """Yield the entries that came at `since` or later, in the order of recording; LedgerUnavailable as above."""
    with _reading(path) as connection:
        for row in connection.execute(_ALL, {"since": _bound(since)}):
            yield from_row(row)


def find(path: Path, decision_id: str) -> LedgerEntry | None:
    """Return the entry of one request, None when there is none; LedgerUnavailable as above."""
    with _reading(path) as connection:
        row = connection.execute(_FIND, (decision_id,)).fetchone()
    return None if row is None else from_row(row)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the ledger for reading, and say what is wrong with it in an operator's words."""
    if not path.is_file():
        raise LedgerUnavailable(
            f"There is no ledger at '{path}'.",
            fix="Start `tierwise serve`, which makes it, or name another file with --ledger.",
        )
    try:
        with contextlib.closing(connect(path, "ro")) as connection:
            version = version_of(connection)
            if version != VERSION:
                raise LedgerUnavailable(
                    f"The ledger '{path}' is empty or of an older version ({version}; this tierwise reads {VERSION}).",
                    fix="Start `tierwise serve` once: it brings the file up to date.",
                )
            yield connection
    except sqlite3.Error as error:
        raise translate(error, f"The ledger '{path}' cannot be read") from error


def _bound(since: datetime | None) -> str | None:
    """Return the lower bound as the ledger writes times."""
    return None if since is None else to_instant(since)


def _group(row: tuple[str | int | None, ...]) -> Sums:
    """Return the sums of one line of _SUMS."""
    label, requests, *tokens, priced, unpriced, estimated = row[:10]
    cost, compared_cost, baseline_cost = (_usd(row[at], row[at + 1]) for at in (10, 13, 15))
    return Sums(
        group=str(label),
        requests=_whole(requests),
        input=_known(tokens[0]),
        cached_input=_known(tokens[1]),
        cache_write=_known(tokens[2]),
        output=_known(tokens[3]),
        reasoning=_known(tokens[4]),
        priced=_whole(priced),
        unpriced=_whole(unpriced),
        estimated=_whole(estimated),
        cost=cost,
        compared=_whole(row[12]),
        compared_cost=compared_cost,
        baseline_cost=baseline_cost,
        unreached=_whole(row[17]),
        refused=_whole(row[18]),
        unsent=_whole(row[19]),
        without_baseline=_whole(row[20]),
        simulated=bool(row[21]),
    )


def _usd(millions: str | int | None, rest: str | int | None) -> Decimal:
    """Return the two halves of a sum of pico-USD as USD, exactly."""
    return Decimal(_whole(millions) * 1_000_000 + _whole(rest)).scaleb(-12)


def _known(count: str | int | None) -> int | None:
    """Return a count that may be unknown."""
    return None if count is None else _whole(count)


def _whole(count: str | int | None) -> int:
    """Return a count that SQLite gives as an integer."""
    return int(count or 0)
