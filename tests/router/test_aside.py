"""Large bodies are worked on in a process of its own: the same results and errors, and nobody is left alone."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.api import chat_completions, completions, embeddings, messages, responses, untouched
from router.api.surface import Context
from router.aside import Aside, Worker, WorkLost, is_large, serve
from router.errors import MalformedRequest
from router.policy.rules import Limits
from router.wire.openai_chat import build_call
from tests.fakes.values import an_upstream

CONTEXT = Context("request-1", "team", None, "session-1")
CHAT = b'{"model":"auto","messages":[{"role":"user","content":"hi \xd0\xb8"},{"role":"assistant","content":"a"}]}'
MESSAGE = b'{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stop_sequences":["x"]}'
RESPONSE = b'{"model":"auto","input":"hi","metadata":{"a":"b"},"tools":[{"type":"function","name":"f"}]}'

TEXTS = b'{"model":"docs","input":["a","b"]}'
PROMPT = b'{"model":"auto","prompt":"Hi"}'


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Return a worker, ended after the test."""
    one = Worker()
    yield one
    one.end()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (untouched._bodiless, (chat_completions.read_chat, CHAT, CONTEXT)),
        (untouched._bodiless, (embeddings.read_texts, TEXTS, CONTEXT)),
        (completions._read, (PROMPT, CONTEXT)),
        (messages._read, (MESSAGE, CONTEXT, False)),
        (messages._read, (MESSAGE, CONTEXT, True)),
        (responses._read, (RESPONSE, CONTEXT)),
        (build_call, (chat_completions.read_chat(CHAT, CONTEXT), an_upstream(), Limits())),
    ],
    ids=["chat", "texts", "prompt", "message", "counted", "response", "call"],
)
def test_what_comes_back_is_what_would_be_done_here(worker: Worker, function, arguments) -> None:
    """Every piece of work that is sent away gives the same there, time after time."""
    assert [worker.do(function, *arguments) for _ in range(2)] == [function(*arguments)] * 2


def test_an_error_comes_back_whole(worker: Worker) -> None:
    """Its kind, its words and the field that it names; the next piece of work is done as if nothing had been."""
    with pytest.raises(MalformedRequest) as here:
        chat_completions.read_chat(CHAT[:-2], CONTEXT)
    with pytest.raises(MalformedRequest) as there:
        worker.do(chat_completions.read_chat, CHAT[:-2], CONTEXT)

    assert vars(there.value) == vars(here.value)
    assert worker.do(len, b"abc") == 3


def test_what_nobody_foresaw_is_named_by_its_kind_alone(worker: Worker) -> None:
    """No text of the work comes back; the process is replaced."""
    with pytest.raises(WorkLost, match=r"^ValueError in the process for large bodies$"):
        worker.do(int, "a secret prompt")

    assert worker.do(len, b"abc") == 3


def test_a_process_that_is_gone_is_replaced(worker: Worker) -> None:
    """Whoever kills it costs one piece of work, or none."""
    first = worker.do(os.getpid)
    with pytest.raises(WorkLost) as lost:
        worker.do(os._exit, 1)

    assert worker.do(os.getpid) not in (first, os.getpid())
    assert (lost.value.status, lost.value.code, lost.value.retry_after) == (503, "overloaded", 1.0)


def test_who_kills_the_process_costs_nobody_an_answer(worker: Worker) -> None:
    """What it was doing is done once more by another."""
    first = worker.do(os.getpid)
    working = threading.Thread(target=lambda: done.append(worker.do(sum, range(20_000_000))))
    done: list[int] = []
    working.start()
    time.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    working.join()

    assert done == [sum(range(20_000_000))]


def test_work_that_takes_too_long_is_ended() -> None:
    """A piece of work cannot keep the others waiting for ever."""
    worker = Worker(seconds=0.2)
    try:
        with pytest.raises(WorkLost):
            worker.do(time.sleep, 60)
    finally:
        worker.end()


def test_where_no_process_can_be_started_the_work_is_done_here() -> None:
    """A machine without room for one more process serves large bodies all the same."""
    worker = Worker(program="/nowhere/python")

    assert worker.do(os.getpid) == os.getpid()


def test_it_has_no_secrets(worker: Worker) -> None:
    """Of the environment, which holds keys, it knows nothing."""
    known = worker.do(dict, {})
    assert known == {}
    assert worker.do(os.getenv, "PATH") is None
    assert worker.do(os.getenv, "HOME") is None


def test_it_ends_with_its_parent_however_that_ends() -> None:
    """A parent that is killed leaves no process behind."""
    program = (
        "import os, signal\nfrom router.aside import Worker\n"
        "print(Worker().do(os.getpid), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
    child = int(parent.stdout)

    until = time.monotonic() + 10
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_work_waits_its_turn_and_what_nobody_waits_for_is_not_begun() -> None:
    """One piece at a time, in order; a cancelled one is skipped; all ends with the object."""
    aside = Aside()
    first = asyncio.create_task(aside.run("a", time.sleep, 0.3))
    await asyncio.sleep(0.01)
    skipped = asyncio.create_task(aside.run("a", os._exit, 1))
    last = asyncio.create_task(aside.run("a", os.getpid))
    await asyncio.sleep(0.01)
    skipped.cancel()
    await first
    pid = await last

    assert _lives(pid)
    del aside, first, skipped, last
    assert not _lives(pid)


async def test_lost_work_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    """One line says what happened, and nothing of the work."""
    with pytest.raises(WorkLost):
        await Aside().run("a", int, "a secret prompt")

    assert [record.getMessage() for record in caplog.records] == [
        "work on a large body is lost: ValueError in the process for large bodies"
    ]


async def test_one_caller_s_crowd_is_not_waited_for() -> None:
    """Behind twenty bodies of one caller, another one's is worked on after one of them."""
    aside = Aside()
    crowd = [asyncio.create_task(aside.run("a", time.sleep, 0.05)) for _ in range(20)]
    await asyncio.sleep(0)
    await aside.run("b", os.getpid)

    assert sum(task.done() for task in crowd) <= 2
    await asyncio.gather(*crowd)


def test_the_end_of_its_input_is_its_end() -> None:
    """It reads until nothing comes, and half a piece of work is none."""
    from io import BytesIO

    from router.aside import _read, _write

    source, sink = BytesIO(), BytesIO()
    _write(source, (len, (b"abc",)))
    source.write(b"\x00\x00")
    source.seek(0)

    serve(source, sink)

    sink.seek(0)
    assert _read(sink) == (True, 3)
    with pytest.raises(EOFError):
        _read(sink)


@pytest.mark.parametrize(
    ("body", "large"),
    [
        (b'"' * 100_000, False),
        (b"a b " * 250_000, False),
        (b"a b " * 600_000, True),
        (b'{"role":"user","content":""},' * 4_600, False),
        (b'{"role":"user","content":""},' * 9_000, True),
        (b'"a":1,' * 40_000, True),
        (b"{}," * 60_000, True),
        (b"[0]," * 60_000, True),
        (b"0," * 250_000, True),
        (b"0, " * 43_000, False),
    ],
)
def test_what_takes_long_to_read_is_large(body: bytes, *, large: bool) -> None:
    """Many short strings take as long as much prose; what is small never does."""
    assert is_large(body) is large
