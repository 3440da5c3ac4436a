"""Another configuration again and again under load, and what every client saw meanwhile.

found = await reloads(24, tmp_path, per_second=30, streams=10)
assert found.wrong == []
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes import behaviour
from tests.fakes.caller import Answer, ask
from tests.fakes.process import Process, served
from tests.fakes.proxy import CONFIG
from tests.fakes.until import until
from tests.fakes.upstream import Exchange, FakeUpstream

TAKEN, REFUSED = "configuration loaded", "was refused"
MEGABYTE = 1_000_000
MOST_UNDER_WAY = 100
ALIAS_BOMB = (
    "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\n"
)


@dataclass(slots=True)
class Found:
    """The figures; `wrong` has a line for each request that failed, stream that broke and change that did not come."""

    changes: int = 0
    refused: int = 0
    requests: int = 0
    streams: int = 0
    slowest_change: float = 0.0
    seconds: float = 0.0
    grown_mb: float = 0.0
    files_before: int = 0
    files_after: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.changes} changes taken, {self.refused} refused (the slowest within {self.slowest_change:.2f} s); "
            f"{self.requests:,} requests ({self.requests / max(self.seconds, 1):.0f}/s), {self.streams:,} streams, "
            f"{len(self.wrong)} wrong; "
            f"memory {self.grown_mb:+.1f} MB, open files {self.files_before} -> {self.files_after}"
        )


class Operator:
    """Who changes the configuration: a link that leads to the file of the moment, and a file with the key."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        self.key = folder / "key"
        self.link = folder / "tierwise.yaml"
        self.keys = {"key-0"}
        self._good = CONFIG.format(base_url=base_url).replace(
            "{kind: vllm,", f"{{kind: vllm, api_key: file:{self.key},"
        )
        self._numbers = itertools.count(1)
        self.key.write_text("key-0")
        self._turn(self._good)

    def _turn(self, text: str) -> None:
        """Make the link lead to a new file."""
        number = next(self._numbers)
        file, turned = self.folder / f"v{number}.yaml", self.folder / f"turned-{number}"
        file.write_text(text)
        turned.symlink_to(file)
        turned.replace(self.link)

    def changes(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Yield, for ever, what is done, how it is answered, and what does it."""
        good, write = self._good, self.link.write_text
        without = good.replace("  small:", "  other:").replace("model: small-1", "model: other-1")
        for number in itertools.count(1):
            other = good.replace("deadline: 60s", f"deadline: {61 + number % 50}s")
            yield "a change", TAKEN, lambda text=other: write(text)
            yield "an unknown key", REFUSED, lambda: write(good + "serverr: {}\n")
            yield "half a file", REFUSED, lambda text=other: write(text[: len(text) // 2])
            yield "the other half", TAKEN, lambda text=other: write(text)
            yield "another file behind the link", TAKEN, lambda: self._turn(good)
            yield "a megabyte", TAKEN, lambda: write(good + "#" * (MEGABYTE - len(good.encode()) - 1) + "\n")
            yield "an alias bomb", REFUSED, lambda: write(ALIAS_BOMB)
            yield "an upstream that is gone", TAKEN, lambda: write(without)
            yield "an upstream that is back", TAKEN, lambda: write(good)
            yield "another key", TAKEN, lambda name=f"key-{number}": self._rotate(name)

    def _rotate(self, name: str) -> None:
        self.keys.add(name)
        self.key.write_text(name)


async def _reply(exchange: Exchange) -> None:
    """Answer at once, or stream for a second."""
    if exchange.seen.json.get("stream"):
        await behaviour.stream(10, delay=0.1)(exchange)
    else:
        await behaviour.ok()(exchange)


async def reloads(count: int, folder: Path, *, per_second: float, streams: int, words: tuple[str, ...] = ()) -> Found:
    """Change the configuration `count` times under so many requests a second and so many open streams."""
    found = Found()
    async with FakeUpstream() as upstream:
        upstream.script(_reply)
        operator = Operator(folder, upstream.base_url)
        async with served("", folder, *words) as process:
            over, begun = asyncio.Event(), time.monotonic()
            load = [asyncio.create_task(_requests(process, per_second, over, found))]
            load += [asyncio.create_task(_streams(process, over, found)) for _ in range(streams)]
            await asyncio.sleep(1)
            memory, found.files_before = _memory_mb(process), _open_files(process)
            for what, answer, do in itertools.islice(operator.changes(), count):
                await _change(process, what, answer, do, found)
            await asyncio.sleep(1)  # what was changed last is of use too
            over.set()
            await asyncio.gather(*load)
            found.seconds = time.monotonic() - begun
            await asyncio.sleep(1)
            found.grown_mb, found.files_after = _memory_mb(process) - memory, _open_files(process)
        used = {seen.header("authorization") for seen in upstream.seen}
    found.wrong += [f"a key that nobody set: {key}" for key in used - {f"Bearer {name}" for name in operator.keys}]
    if len(used) < min(len(operator.keys), 1 + count // 10):
        found.wrong.append(f"of {len(operator.keys)} keys only {len(used)} were used")
    return found


async def _change(process: Process, what: str, answer: str, do: Callable[[], object], found: Found) -> None:
    """Do something to the configuration and see what the log says of it."""
    before = _said(process)
    began = time.monotonic()
    do()
    try:
        await until(lambda: _said(process) != before, 20)
    except TimeoutError:
        found.wrong.append(f"{what}: nothing happened")
        return
    taken, refused = _said(process)
    found.slowest_change = max(found.slowest_change, time.monotonic() - began)
    found.changes, found.refused = found.changes + taken - before[0], found.refused + refused - before[1]
    if (taken, refused) != (before[0] + (answer == TAKEN), before[1] + (answer == REFUSED)):
        found.wrong.append(f"{what}: {process.logged[-1]}")


def _said(process: Process) -> tuple[int, int]:
    """Return how often the log says that a configuration was taken, and refused."""
    return sum(TAKEN in line for line in process.logged), sum(REFUSED in line for line in process.logged)


async def _requests(process: Process, per_second: float, over: asyncio.Event, found: Found) -> None:
    """Send whole requests at a steady pace."""
    loop = asyncio.get_running_loop()
    under_way: set[asyncio.Task[None]] = set()
    due = loop.time()

    async def one(number: int) -> None:
        _judge(await ask(process.port, number=number), found)
        found.requests += 1

    for number in itertools.count(1):
        if over.is_set():
            break
        while len(under_way) >= MOST_UNDER_WAY:  # a machine that cannot keep up gets what it can bear
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(one(number))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        due = max(due + 1 / per_second, loop.time() - 1)
        await asyncio.sleep(max(due - loop.time(), 0))
    await asyncio.gather(*under_way)


async def _streams(process: Process, over: asyncio.Event, found: Found) -> None:
    """Keep one stream open, one after the other."""
    while not over.is_set():
        answer = await ask(process.port, stream=True)
        _judge(answer, found)
        found.streams += 1
        if not answer.done:
            found.wrong.append(f"a stream without its end: {answer}")


def _judge(answer: Answer, found: Found) -> None:
    if answer.status != 200 or not answer.complete or answer.error is not None:
        found.wrong.append(f"a failed request: {answer}")


def _memory_mb(process: Process) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _open_files(process: Process) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
