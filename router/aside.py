"""Work on large bodies, beside the event loop: while one is read or rewritten, everybody else is served.

Bodies are read at 10 to 140 ns a byte, so that 10 MB would keep everybody waiting for up to a second; and a thread is
no remedy, because a decoder holds the interpreter's lock for as long as it runs. So a process of its own does it. It is
started with the first large body and ends with its parent, however that ends. It has no keys and opens nothing.
"""

import asyncio
import contextlib
import io
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO, Any, TypeVar

import numpy as np

from classifier.prompt import Prompt, Turn
from router.errors import Overloaded, RouterError
from router.turns import Turns

_log = logging.getLogger("tierwise.aside")

SMALL_BYTES = 128 * 1024
"""Bodies below this size are never worked on aside: the slowest took 18 ms to read, an ordinary one 1 ms."""

LARGE_BYTES = 2 * 1024 * 1024
MARK_BYTES, COMMA_BYTES = 28, 8
"""What is worked on aside: bodies whose bytes come to LARGE_BYTES, each quote, `{` and `[` counted as so many more, and
each comma.

Reading prose takes 3 to 8 ns a byte, an agent's history 7, ten thousand empty messages or doubled names 70: some 220 ns
a mark. So an ordinary body of 1 MB is read at once, which is quicker than handing it over, and a hostile one of 240 KB
is not."""


def is_large(body: bytes) -> bool:
    """Whether reading `body` would hold the loop for longer than others should wait (some 20 ms)."""
    size = len(body)
    if size < SMALL_BYTES or size >= LARGE_BYTES:
        return size >= SMALL_BYTES
    codes = np.frombuffer(body, np.uint8)  # counts four times as quickly as bytes.count
    marks = codes & _BIT == _BRACKET
    marks |= codes == _QUOTE
    commas = int(np.count_nonzero(codes == _COMMA))
    return size + MARK_BYTES * int(np.count_nonzero(marks)) + COMMA_BYTES * commas >= LARGE_BYTES


_QUOTE, _COMMA, _BRACKET = map(ord, '",[')
_BIT = 0xFF ^ ord("[") ^ ord("{")
"""All bits but the one by which the two brackets differ."""


WORK_SECONDS = 30.0
"""How long one piece of work may take before its process is ended."""

_NICENESS = 5
_PIPE_BYTES = 1 << 20
_LENGTH_BYTES = 8

T = TypeVar("T")


class WorkLost(Overloaded):
    """The process ended before its work was done, or met what nobody foresaw. Another one is there in a second."""

    def __init__(self, message: str) -> None:
        """Keep what is wrong, which names nothing of the work."""
        super().__init__(message, retry_after=1.0)


class _Gone(Exception):
    """The process was ended from outside: another one can do the work."""


def _put_down(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """End a process whose work takes too long."""
    late.set()
    process.kill()


class Worker:
    """The process, started when it is needed and again when it is gone. One thread uses it at a time."""

    __slots__ = ("_process", "_program", "_seconds")

    def __init__(self, seconds: float = WORK_SECONDS, program: str = sys.executable) -> None:
        """Start nothing; a piece of work may take `seconds`; `program` is the interpreter."""
        self._process: subprocess.Popen[bytes] | None = None
        self._seconds = seconds
        self._program = program

    def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return what `function`, of a module, makes of `arguments`, or its RouterError; WorkLost for all else.

        Where no process can be started, it is done here.
        """
        try:
            return self._done(function, arguments)
        except _Gone:
            return self._done(function, arguments, again=True)
        except OSError:
            return function(*arguments)

    def _done(self, function: Callable[..., T], arguments: tuple[Any, ...], *, again: bool = False) -> T:
        """Do the same once; _Gone where the process had ended before that, which is no fault of the work's."""
        process = self._running()
        late = threading.Event()
        timer = threading.Timer(self._seconds, _put_down, (process, late))
        timer.start()
        try:
            good, result = _asked(process, (function, arguments))
        except (OSError, EOFError):
            self.end()
            if again or late.is_set():
                raise WorkLost("the process for large bodies ended before its work was done") from None
            raise _Gone from None
        finally:
            timer.cancel()
        if isinstance(result, WorkLost):
            self.end()
        if not good:
            raise result
        return result  # type: ignore[no-any-return]  # it is what the function returned

    def end(self) -> None:
        """End the process. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:  # it ends when its input does; whatever it does now is not wanted any more
            process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        """Return the process; OSError if it cannot be started."""
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(  # noqa: S603  # this program, with no word of a client's
                [self._program, "-c", "from router.aside import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pipesize=_PIPE_BYTES,
            )
        return self._process


class Aside:
    """One process, for one large body at a time; what comes meanwhile waits, and callers are served by turns."""

    __slots__ = ("__weakref__", "_lane", "_turns", "_worker")

    def __init__(self) -> None:
        """Start nothing; what was started ends with this object."""
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="tierwise-aside")
        self._turns = Turns()
        self._worker = Worker()
        weakref.finalize(self, _close, self._lane, self._worker)

    async def run(self, caller: str, function: Callable[..., T], *arguments: Any) -> T:
        """Return what `function` makes of `arguments`, or raise its RouterError: in the process for large bodies.

        Function, arguments and result must be picklable. What nobody waits for any more is not begun.
        """
        return await self.in_thread(caller, partial(self._worker.do, function, *arguments))

    async def in_thread(self, caller: str, work: Callable[[], T]) -> T:
        """Return what `work` returns: in a thread of this process, which is for what cannot leave it."""
        async with self._turns.turn(caller):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._lane, work)
            except WorkLost as lost:
                _log.error("work on a large body is lost: %s", lost)
                raise


def _close(lane: ThreadPoolExecutor, worker: Worker) -> None:
    """End what was started, once what is being done is done."""
    lane.shutdown(cancel_futures=True)
    worker.end()


def _asked(process: subprocess.Popen[bytes], work: Any) -> tuple[bool, Any]:
    """Return the process's answer to `work`; OSError or EOFError if it is gone."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    _write(process.stdin, work)
    good, result = _read(process.stdout)
    return good, result


class _Packer(pickle.Pickler):
    """Takes the turns of a prompt apart: several times quicker than one by one, and there may be thousands."""

    def reducer_override(self, value: Any) -> Any:
        """Return how `value` is put together again; NotImplemented where that is known."""
        if type(value) is not Prompt:
            return NotImplemented
        roles, texts = [turn.role for turn in value.turns], [turn.text for turn in value.turns]
        return _prompt, (roles, texts, value.tools, value.images, value.json_output)


def _prompt(roles: list[str], texts: list[str], tools: int, images: int, json_output: bool) -> Prompt:
    """Put a prompt together again."""
    return Prompt(turns=tuple(map(Turn, roles, texts)), tools=tools, images=images, json_output=json_output)


def _write(sink: IO[bytes], value: Any) -> None:
    """Write one value."""
    data = io.BytesIO()
    _Packer(data, pickle.HIGHEST_PROTOCOL).dump(value)
    sink.write(data.tell().to_bytes(_LENGTH_BYTES, "big"))
    sink.write(data.getbuffer())
    sink.flush()


def _read(source: IO[bytes]) -> Any:
    """Read one value; EOFError at the end. What comes was written by this program: a client's bytes are only in it."""
    head = source.read(_LENGTH_BYTES)
    data = source.read(int.from_bytes(head, "big"))
    if not data:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  # as said above


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Do what comes from `source` and answer on `sink`, until `source` ends."""
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            function, arguments = _read(source)
            try:
                answer = (True, function(*arguments))
            except RouterError as error:
                answer = (False, error)
            except BaseException as error:
                _write(sink, (False, WorkLost(f"{type(error).__name__} in the process for large bodies")))
                raise
            _write(sink, answer)


def main() -> None:
    """Be the process for large bodies."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # meant for the parent, whose end is the end of our input
    os.nice(_NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
