"""Log lines are JSON, and an exception's own text stays out of them."""

import io
import json
import logging
import os

from router.telemetry.log import configure


def test_one_json_object_a_line_and_no_text_of_exceptions() -> None:
    """The place of an error is told, its words are not: they may quote a prompt or a key."""
    stream = io.StringIO()
    logger = configure("info", stream)
    try:
        int("sk-secret in a prompt")
    except ValueError:
        logger.exception("unexpected %s", "ValueError")
    logger.debug("not shown")

    [line] = stream.getvalue().splitlines()
    fields = json.loads(line)
    assert fields["pid"] == os.getpid()
    assert (fields["level"], fields["message"]) == ("error", "unexpected ValueError")
    assert "test_log.py" in fields["raised_at"][0]
    assert "secret" not in line


def test_configuring_twice_logs_once() -> None:
    """A second call replaces the first."""
    first, second = io.StringIO(), io.StringIO()
    configure("info", first)
    configure("warning", second).warning("x")

    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1
    logging.getLogger("tierwise").handlers.clear()
