"""Log lines: one JSON object each, on stderr.

A traceback is told by its places; an exception's own text is left out, because it may quote what a client sent.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

ROOT = "tierwise"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: at, pid, level, logger, message, and the places of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "pid": record.process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[2] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            fields["raised_at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
        return json.dumps(fields, ensure_ascii=False)


def configure(level: str, stream: TextIO | None = None) -> logging.Logger:
    """Send the log of tierwise from `level` (debug, info, warning, error) upwards to `stream` (stderr); return it."""
    logger = logging.getLogger(ROOT)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    return logger
