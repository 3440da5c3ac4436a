"""The process that judges: frames of checks on standard input, one byte of verdict each on standard output.

Run by path, it needs nothing of the router. A schema may take any time and, in a library, any stack: whoever started
this process ends it then.

A frame is its length in four bytes (big-endian) and a JSON array of [schema, text] pairs. References are never fetched;
patterns are matched by automata, in time linear in the text, and a pattern that has none (look-around, back references)
cannot be judged.
"""

import contextlib
import resource
import signal
import sys
from typing import BinaryIO

import jsonschema_rs
import msgspec

READY = b"r"
FITS = b"1"
MISFIT = b"0"
UNKNOWN = b"?"
"""The schema is none, refers to another document, or is nested too deeply."""

CPU_SECONDS = 5.0
"""After which a frame ends this process, by the system's own hand: whoever started it may be dead."""

MEMORY_BYTES = 1 << 30
PATTERN_BYTES = 1 << 20
"""The memory that one pattern's automaton may take."""

_HEAD = 4
_decode = msgspec.json.Decoder(list[tuple[dict[str, object] | bool, str]]).decode


def verdict(frame: bytes) -> bytes:
    """Return whether every text of a frame fits its schema: FITS, MISFIT, or UNKNOWN where one cannot be judged."""
    found = FITS
    for schema, text in _decode(frame):
        try:
            validator = jsonschema_rs.validator_for(
                schema,
                offline=True,
                validate_formats=False,
                pattern_options=jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES),
            )
            if not validator.is_valid(msgspec.json.decode(text)):
                return MISFIT
        except (ValueError, RecursionError, jsonschema_rs.ReferencingError):
            found = UNKNOWN
    return found


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Judge frame after frame until the source ends."""
    sink.write(READY)
    sink.flush()
    while len(head := source.read(_HEAD)) == _HEAD:
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            said = verdict(source.read(int.from_bytes(head, "big")))
        except (msgspec.DecodeError, RecursionError, MemoryError):
            said = UNKNOWN
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        sink.write(said)
        sink.flush()


if __name__ == "__main__":
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, sys.stdout.buffer)
