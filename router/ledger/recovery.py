"""What processes that are gone had sent, or could not book, gets its rows at the next start."""

import logging
from pathlib import Path

from router.ledger import sent
from router.ledger.rows import Row, to_row
from router.ledger.writer import Writer

_log = logging.getLogger("tierwise.ledger")


def recover(path: Path, writer: Writer) -> int:
    """Give every request in the journals beside the ledger at `path` its row, unless it has one; return how many.

    A row that the ledger had not taken goes before an intent of the same request. Killed meanwhile, nothing is lost and
    nothing is there twice: a journal is deleted once its rows are committed. LedgerUnavailable as from `write`.
    """
    lost, refused = 0, 0
    for orphan in sent.orphans(path):
        try:
            if orphan.intents or orphan.rows:
                writer.write([*orphan.rows, *_rows_of(orphan)])
        except BaseException:
            orphan.left()
            raise
        orphan.cleared()
        lost += len(orphan.intents)
        refused += len(orphan.rows)
    if lost:
        _log.warning("%d requests were under way when a process died: those without a row are interrupted", lost)
    if refused:
        _log.warning("%d rows that the ledger had not taken are in it now", refused)
    return lost + refused


def _rows_of(orphan: sent.Orphan) -> list[Row]:
    """Return the rows of the intents in a journal; what no row can be made of was damaged, and goes to the log."""
    rows = []
    for intent in orphan.intents:
        try:
            rows.append(to_row(intent.entry()))
        except (ValueError, ArithmeticError):  # the second: a sum of costs that are no numbers
            _log.warning("a call that was under way when a process died cannot be read, and has no row")
    return rows
