"""The SQLite file's tables, its version, and how a file is recognised before anything in it is changed."""

import sqlite3

from router.errors import LedgerUnavailable

APPLICATION_ID = 0x54575345
"""Marks the file as a tierwise ledger (PRAGMA application_id), so that another program's database is never altered."""

_REQUEST = """
CREATE TABLE request (
  id INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,               -- x-request-id, the client's own where it sent one: a retry may repeat it
  decision_id TEXT NOT NULL UNIQUE,       -- x-router-decision-id; recording it twice keeps one row
  at TEXT NOT NULL,                       -- when the request came, UTC: 2026-01-31T23:59:59.000000Z
  caller TEXT NOT NULL,
  model_asked TEXT NOT NULL,              -- what the client put into `model`
  route TEXT,
  stream INTEGER NOT NULL,                -- 0 or 1
  status TEXT NOT NULL,                   -- ok, rejected, failed, interrupted, client_closed
  http_status INTEGER NOT NULL,
  error_code TEXT,
  tier TEXT,                              -- easy, medium, hard, needs_info; NULL: not classified
  required_tier TEXT,                     -- the strength that was asked of the upstream
  reason TEXT,                            -- x-router-reason
  p_easy REAL, p_medium REAL, p_hard REAL,
  confidence REAL,
  missing REAL,                           -- P(the prompt lacks information)
  artifact TEXT,                          -- which classifier spoke
  upstream TEXT, provider TEXT, model TEXT,
  input_tokens INTEGER,                   -- NULL in any token column: not reported, which is not 0
  cached_input_tokens INTEGER,            -- part of input_tokens
  cache_write_tokens INTEGER,             -- part of input_tokens
  output_tokens INTEGER,
  reasoning_tokens INTEGER,               -- part of output_tokens
  estimated INTEGER,                      -- 1: the tokens are our own estimate; NULL: no tokens at all
  reported_cost_pico INTEGER,             -- the provider's own bill. *_pico: 1e-12 USD; NULL: unknown, not 0
  cost_pico INTEGER,
  cost_source TEXT NOT NULL,              -- provider, computed, estimated, unknown
  price_as_of TEXT,                       -- date of the price that the cost was computed from
  baseline TEXT,                          -- the upstream that the saving is measured against
  baseline_cost_pico INTEGER,
  latency_ms REAL,
  first_byte_ms REAL,
  overhead_ms REAL,
  attempts TEXT NOT NULL                  -- JSON: a list of objects with the columns of the view `attempt`
)"""

_ATTEMPT = """
CREATE VIEW attempt AS
SELECT request.decision_id, request.request_id, request.at, item.key + 1 AS number,
  json_extract(item.value, '$.upstream') AS upstream,
  json_extract(item.value, '$.provider') AS provider,
  json_extract(item.value, '$.ending') AS ending,
  json_extract(item.value, '$.status') AS status,
  json_extract(item.value, '$.latency_ms') AS latency_ms,
  json_extract(item.value, '$.ambiguous') AS ambiguous
FROM request, json_each(request.attempts) AS item"""

_REQUEST_USD = """
CREATE VIEW request_usd AS              -- the same requests with money as exact decimal text in USD
SELECT decision_id, request_id, at, caller, tier, upstream, provider, model,
  input_tokens, cached_input_tokens, output_tokens,
  status, cost_source, price_as_of, baseline,
  CASE WHEN cost_pico IS NOT NULL THEN iif(cost_pico < 0, '-', '')
    || printf('%d.%012d', abs(cost_pico) / 1000000000000, abs(cost_pico) % 1000000000000) END AS cost_usd,
  CASE WHEN baseline_cost_pico IS NOT NULL THEN iif(baseline_cost_pico < 0, '-', '')
    || printf('%d.%012d', abs(baseline_cost_pico) / 1000000000000, abs(baseline_cost_pico) % 1000000000000)
    END AS baseline_cost_usd,
  CASE WHEN baseline_cost_pico - cost_pico IS NOT NULL THEN iif(baseline_cost_pico < cost_pico, '-', '')
    || printf('%d.%012d', abs(baseline_cost_pico - cost_pico) / 1000000000000,
              abs(baseline_cost_pico - cost_pico) % 1000000000000) END AS saving_usd
FROM request"""

_RESPONSE = """
CREATE TABLE response (                 -- what /v1/responses keeps, where responses.store is on: prompts and answers
  response_id TEXT PRIMARY KEY,
  caller TEXT NOT NULL,
  at TEXT NOT NULL,                     -- UTC, as request.at
  expires TEXT NOT NULL,                -- the same; from then on it is not found, and deleted soon
  previous TEXT,                        -- the response that this one continues
  bytes INTEGER NOT NULL,               -- of items and response
  items BLOB NOT NULL,                  -- JSON: the input items of this turn
  response BLOB NOT NULL                -- JSON: the response object
)"""
_RESPONSE_EXPIRES = "CREATE INDEX response_expires ON response (expires)"

_RATES = "ALTER TABLE request ADD COLUMN rates TEXT"
"""JSON: the USD per 1M tokens that the answer given out was billed at (Price.rates); NULL: at no price."""

_ATTEMPT_WITH_RATES = _ATTEMPT.replace(
    "ambiguous\nFROM",
    """ambiguous,
  json_extract(item.value, '$.paid.cost') AS cost_usd,
  coalesce(json_extract(item.value, '$.paid.rates'),
    iif(json_extract(item.value, '$.upstream') = request.upstream, request.rates, NULL)) AS rates
FROM""",
)
_REQUEST_USD_WITH_RATES = _REQUEST_USD.replace("price_as_of, baseline,", "price_as_of, rates, baseline,")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (_REQUEST, _ATTEMPT, _REQUEST_USD),
    (_RESPONSE, _RESPONSE_EXPIRES),
    (_RATES, "DROP VIEW attempt", _ATTEMPT_WITH_RATES, "DROP VIEW request_usd", _REQUEST_USD_WITH_RATES),
)
"""Step i takes a file from version i to i + 1; a step is never edited after a release, only followed by another."""

VERSION = len(MIGRATIONS)
"""The version that this code reads and writes (PRAGMA user_version)."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the file's schema version, 0 for an empty file; LedgerUnavailable when it is foreign or too new.

    Reads only. sqlite3.DatabaseError passes through when the file is not a sound database.
    """
    application, version, objects = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if application == 0 and version == 0 and objects == 0:
        return 0
    if application != APPLICATION_ID:
        raise LedgerUnavailable(
            "The ledger's file is a database of another program; it was left untouched.",
            fix="Name another file in ledger.path (or TIERWISE_LEDGER).",
        )
    if version > VERSION:
        raise LedgerUnavailable(
            f"The ledger was written by a newer tierwise (schema {version}; this one knows {VERSION}).",
            fix="Upgrade tierwise, or name another file in ledger.path.",
        )
    return int(version)


def upgrade(connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the file to the newest version in one transaction: killed midway, it is still the old one.

    The connection must be in autocommit mode. Another process may be doing the same: who comes second finds it done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for step in migrations[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(migrations):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
