"""Log lines are JSON, and an exception's own text stays out of them."""

import io
import json
import logging
import os

from router.telemetry.log import SERVER, Hushed, configure


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


def test_the_listening_library_logs_as_we_do() -> None:
    """Its warnings are JSON as well, each once; what it has to say of a start is not shown."""
    stream = io.StringIO()
    configure("info", stream)
    server = logging.getLogger(SERVER)
    server.info("Started server process [1]")
    server.warning("something of the process")

    [line] = stream.getvalue().splitlines()
    assert (json.loads(line)["logger"], json.loads(line)["level"]) == ("uvicorn.error", "warning")
    server.handlers.clear()
    logging.getLogger("tierwise").handlers.clear()


def test_what_is_hushed_is_shown_at_debug_level_only() -> None:
    """A warning and an error are debug lines of ours."""
    shown = []
    for level in ("info", "debug"):
        stream = io.StringIO()
        hushed = Hushed(configure(level, stream))
        hushed.warning("bad %s", "HTTP")
        hushed.error("worse")
        shown.append(
            [(fields["level"], fields["message"]) for fields in map(json.loads, stream.getvalue().splitlines())]
        )
    logging.getLogger("tierwise").handlers.clear()
    logging.getLogger(SERVER).handlers.clear()

    assert shown == [[], [("debug", "bad HTTP"), ("debug", "worse")]]
