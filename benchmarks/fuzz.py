"""Mutated bytes for everything that reads what others wrote: nothing but its own errors may come out, and quickly.

    python -m benchmarks.fuzz                      # each target for a minute
    python -m benchmarks.fuzz --seconds 3600 sse   # one target for an hour

Seeds are mutated at random (flipped, cut, doubled, spliced, filled with odd numbers and words), without looking at what
code they reach; `benchmarks.guided` has a fuzzer that does look mutate them, where that is installed.
"""

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.operator_files import EDITS, SMALL, OperatorFiles, small_artifact
from classifier.assess import load_default
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from router.access.keys import ClientKeys
from router.api.inbound import read
from router.errors import MalformedRequest, RouterError, UnknownCaller
from router.upstreams.credentials import Secret
from router.wire.anthropic_request import to_chat
from router.wire.completions_request import to_chat_prompt
from router.wire.decoding import require_utf8
from router.wire.embeddings_request import read_embeddings
from router.wire.event_stream import EventCutter, EventTooLarge, event_fields
from router.wire.responses_request import Past, translated
from router.wire.upstream_error import problem_in_answer, read_problem

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MOST_SAID = 1_000
SLOW_SECONDS = 0.5
WORDS = (
    *(b"\x00", b"\xff", b"\r\n", b"\r", b"\n\n", b"data: ", b"[DONE]", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xf0\x9f"),
    *(b'"', b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b":", b",", b"-1", b"1e999", b"NaN", b"null", b"9" * 400),
    *(b"&a", b"*a", b"!!python/object", b"<<: ", b"  ", b"\t", b"# ", b"${HOME}", b"file:/", b"Bearer "),
)


def sse(data: bytes) -> None:
    """Cut an event stream: the same events wherever the network cuts it."""

    def cut(pieces: Sequence[bytes]) -> list[bytes]:
        cutter, events = EventCutter(4_096), []
        for piece in pieces:
            cutter.push(piece)
            while (event := cutter.pop()) is not None:
                events.append(event)
                event_fields(event)
        return [*events, cutter.rest()]

    try:
        whole = cut([data])
    except EventTooLarge:
        return
    assert cut([data[at : at + 1] for at in range(len(data))]) == whole


def body(data: bytes) -> None:
    """Read a chat completion."""
    with contextlib.suppress(RouterError):
        read(data, request_id="r", caller="c")


def surfaces(data: bytes) -> None:
    """Read a body as each of the other surfaces does; what one of them made of it, every upstream could be sent."""
    chats = []
    with contextlib.suppress(MalformedRequest):
        require_utf8(data)
        chats.append(to_chat(data).body)
    with contextlib.suppress(MalformedRequest):
        chats.append(translated(data, Past()).body)
    with contextlib.suppress(MalformedRequest):
        chats.append(to_chat_prompt(data).body)
    with contextlib.suppress(MalformedRequest):
        read_embeddings(data)
    for chat in chats:
        body(chat)


def error(data: bytes) -> None:
    """Read what an upstream says when it fails: a status of it, a line of a header, the rest a body."""
    status, _, rest = data.partition(b"\n")
    header, _, said = rest.partition(b"\n")
    number = int(status) if status.isdigit() and len(status) == 3 else 500
    headers = {"retry-after": header.decode("latin-1"), "x-amzn-errortype": header.decode("latin-1")}
    problem = read_problem(number, headers, said, NOW)
    assert 400 <= problem.error().status < 600
    assert len(problem.message) <= MOST_SAID
    with contextlib.suppress(ValueError, RecursionError):
        assert 400 <= problem_in_answer(json.loads(said)).error().status < 600


class Targets:
    """What keeps a model or keys between two executions."""

    def __init__(self) -> None:
        """Load them."""
        self._classifier = load_default()
        self._keys = ClientKeys({"a": Secret("client-key-0123456789")})

    def features(self, data: bytes) -> None:
        """Size a prompt of any text."""
        turns = [("user", part.decode("utf-8", "replace")) for part in data.split(b"\n\n")[:20]]
        assessment = self._classifier.assess(Prompt.of(turns), Thresholds())
        assert 0.0 <= assessment.confidence <= 1.0

    def keys(self, data: bytes) -> None:
        """Read an Authorization header."""
        with contextlib.suppress(UnknownCaller):
            assert self._keys.authenticate(data) != "a" or data.strip().lower().startswith(b"bearer")


MESSAGE = (
    b'{"model":"auto","max_tokens":9,"system":[{"type":"text","text":"a"}],"messages":[{"role":"user","content":"a"},'
    b'{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},'
    b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"b"}]}],'
    b'"tools":[{"name":"f","input_schema":{}}]}'
)
RESPONSE = (
    b'{"model":"auto","input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},'
    b'{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},'
    b'{"type":"function_call_output","call_id":"c","output":"b"}],"text":{"format":{"type":"json_object"}}}'
)
OTHERS = (
    MESSAGE,
    RESPONSE,
    b'{"model":"auto","prompt":["a"],"max_tokens":9,"n":1,"logprobs":2}',
    b'{"model":"auto","input":["a","b"],"encoding_format":"base64","dimensions":8}',
)
ERRORS = (
    b'429\n7\n{"error":{"message":"Please try again in 2.5s","type":"tokens","code":"rate_limit_exceeded"}}',
    b"503\nSat, 21 Nov 2026 12:00:00 GMT\n<html>busy</html>",
    b'400\nValidationException\n{"object":"error","message":{"detail":[{"msg":"too long","input":"x"}]}}',
    b'200\n\n[{"error":{"status":"RESOURCE_EXHAUSTED","code":429,"message":"quota"}}]',
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is called, and what is mutated for it."""

    call: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def targets(folder: Path) -> dict[str, Target]:
    """Return every target by its name."""
    kept, manifest, content = Targets(), *small_artifact(folder)
    files = OperatorFiles(folder, manifest, content)
    event = (
        b'data: {"choices":[{"delta":{"content":"\xf0\x9f\xa6\x8a \xe2\x80\xa8"}}]}\r\n\r\nevent: x\ndata: [DONE]\n\n'
    )
    request = b'{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"max_tokens":5}'
    prompts = (b"Prove that there are infinitely many primes.\n\nfix it", "наука 你好 <rules>a</rules>".encode())
    return {
        "sse": Target(sse, (event, b":\n\n" + event, b"\xef\xbb\xbf" + event)),
        "body": Target(body, (request,)),
        "surfaces": Target(surfaces, OTHERS),
        "error": Target(error, ERRORS),
        "config": Target(files.config, (SMALL, *EDITS)),
        "manifest": Target(files.manifest, (manifest, *EDITS)),
        "arrays": Target(files.arrays, (content,)),
        "features": Target(kept.features, prompts),
        "keys": Target(kept.keys, (b"Bearer client-key-0123456789", b"bearer x", b"Basic YTpi")),
    }


def mutated(seed: bytes, draw: random.Random) -> bytes:
    """Return `seed` with one to eight changes."""
    data = bytearray(seed)
    for _ in range(draw.randint(1, 8)):
        at = draw.randint(0, len(data))
        length = min(draw.choice((1, 1, 2, 8, 64)), len(data) - at)
        change = draw.randint(0, 4)
        if change == 0 and length:
            data[at : at + length] = draw.randbytes(length)
        elif change == 1:
            del data[at : at + length]
        elif change == 2:
            data[at:at] = draw.choice(WORDS)
        elif change == 3:
            data[at:at] = data[at : at + length] * draw.choice((1, 2, 50))
        else:
            data[at : at + length] = draw.choice(WORDS)
    return bytes(data)


@dataclass(frozen=True, slots=True)
class Count:
    """How often a target was called, and how long the slowest call took (seconds)."""

    calls: int
    slowest: float


def fuzz(target: Target, *, seconds: float, most: int = sys.maxsize, seed: int = 7) -> Count:
    """Call `target` for so long or so often; what it raises passes, with the bytes in a note."""
    draw, until, slowest, calls = random.Random(seed), time.monotonic() + seconds, 0.0, 0
    while calls < most and time.monotonic() < until:
        data = mutated(draw.choice(target.seeds), draw)
        begun = time.process_time()
        try:
            target.call(data)
        except BaseException as error:
            error.add_note(f"after {calls} calls, by {data[:2_000]!r}")
            raise
        slowest = max(slowest, time.process_time() - begun)
        calls += 1
    return Count(calls, slowest)


def main() -> int:
    """Fuzz the targets that are named, or all, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    chosen = parser.parse_args()
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        known = targets(Path(folder))
        for name in chosen.target or known:
            count = fuzz(known[name], seconds=chosen.seconds, seed=chosen.seed)
            slow += count.slowest > SLOW_SECONDS
            print(f"{name:10} {count.calls:12,} calls, the slowest {count.slowest * 1000:.1f} ms", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
