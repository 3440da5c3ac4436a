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

SERVER = "uvicorn.error"
"""The logger of the library that listens; what it has to say of this process is a line like ours."""


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
    server = logging.getLogger(SERVER)
    server.handlers[:] = [handler]
    server.setLevel(max(logging.WARNING, logger.level))  # below, it tells what ours has told
    server.propagate = False
    return logger


class Hushed(logging.LoggerAdapter[logging.Logger]):
    """Stands for a logger of which every line is shown at debug level only."""

    level = logging.DEBUG

    def log(self, level: int, msg: object, *args: object, **_: object) -> None:  # noqa: ARG002  # what it says is passed over
        """Log `msg` at debug level."""
        self.logger.debug(msg, *args)
