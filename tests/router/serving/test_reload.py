"""The newest good configuration is served: taken whole, when it is complete, or not at all."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from router.api.readiness import Readiness
from router.errors import SettingsInvalid
from router.plan import Plan, prepare
from router.serving.reload import LOOK_SECONDS, MOST_PROBLEMS, Reloader, fixed, mark
from tests.fakes.proxy import CONFIG
from tests.fakes.until import until

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


@dataclass
class Served:
    """A proxy that takes every plan."""

    plan: Plan
    readiness: Readiness = field(default_factory=Readiness)
    plans: list[Plan] = field(default_factory=list)

    async def change(self, plan: Plan) -> None:
        self.plans.append(plan)
        self.plan = plan


class Lines(logging.Handler):
    """What was logged, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def refusals() -> Iterator[list[str]]:
    """What the log says of configurations."""
    handler, logger = Lines(), logging.getLogger("tierwise.serving")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


def write(path: Path, text: str) -> None:
    """Write a file."""
    path.write_text(text)


def remove(path: Path) -> None:
    """Delete a file."""
    path.unlink()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file with a good configuration."""
    path = tmp_path / "c.yaml"
    path.write_text(MINIMAL)
    return path


def a_plan(config: Path, present: Plan | None = None) -> Plan:
    """Return the plan of a file."""
    return prepare(config=config, environ={}, simulate="never", listen=None, ledger=None, present=present)


def reloader(config: Path) -> tuple[Served, Reloader]:
    """Return a proxy that serves the file, and what keeps it at its newest content."""
    served = Served(a_plan(config))
    return served, Reloader(served, lambda present: a_plan(config, present), lambda _: (config,))


async def test_a_change_is_taken_once_it_stays_as_it_is(config: Path) -> None:
    """While somebody still writes, even half a file that would be a good one is not taken."""
    served, watching = reloader(config)
    running = asyncio.create_task(watching.run())
    halves = [MINIMAL[: MINIMAL.index("  large")] + "routes: {auto: {}}\n", MINIMAL + "\n"]
    for number in range(6):
        write(config, halves[number % 2] + "#" * number)
        await asyncio.sleep(LOOK_SECONDS / 2.5)
    write(config, MINIMAL.replace("deadline: 5s", "deadline: 6s"))
    await until(lambda: served.plan.assembled.limits.deadline == 6.0)
    running.cancel()

    assert all(len(plan.upstreams) == 3 for plan in served.plans)


async def test_a_link_that_is_turned_is_a_change(config: Path, tmp_path: Path) -> None:
    """As configurations are mounted: the file's name stays, what it leads to is another file."""
    link = tmp_path / "link.yaml"
    link.symlink_to(config)
    served, watching = reloader(link)
    running = asyncio.create_task(watching.run())
    other = tmp_path / "other.yaml"
    other.write_text(MINIMAL.replace("deadline: 5s", "deadline: 7s"))
    turned = tmp_path / "turned"
    turned.symlink_to(other)
    turned.replace(link)
    await until(lambda: served.plan.assembled.limits.deadline == 7.0)
    running.cancel()


async def test_a_refused_configuration_is_told_once_and_the_last_good_one_stays(
    config: Path, refusals: list[str]
) -> None:
    """One line names what is wrong, the probe is told, and mending the file mends that."""
    served, watching = reloader(config)
    running = asyncio.create_task(watching.run())
    before = served.plan
    write(config, MINIMAL + "serverr: {}\n")
    await until(lambda: served.readiness.refused_at)
    await asyncio.sleep(3 * LOOK_SECONDS)

    [told] = refusals
    assert served.plan is before
    assert "serverr" in told
    assert "\n" not in told

    write(config, MINIMAL)
    await until(lambda: served.readiness.refused_at is None)
    running.cancel()
    assert len(served.plans) == 1


async def test_a_file_that_is_gone_is_refused(config: Path) -> None:
    """And comes back with its next content."""
    served, watching = reloader(config)
    remove(config)

    assert not await watching.reload()
    assert mark(config) is None
    write(config, MINIMAL)
    assert await watching.reload()
    assert served.readiness.refused_at is None


async def test_of_many_problems_the_first_are_told(config: Path, refusals: list[str]) -> None:
    """A log line has an end."""
    served = Served(a_plan(config))

    def refuse(_: Plan) -> Plan:
        raise SettingsInvalid([f"problem {number}." for number in range(500)])

    assert not await Reloader(served, refuse, lambda _: ()).reload()

    [told] = refusals
    assert f"problem {MOST_PROBLEMS - 1}." in told
    assert f"problem {MOST_PROBLEMS}." not in told
    assert "490 more" in told


def test_what_only_another_process_can_follow_is_named(config: Path) -> None:
    """Where it listens, and where and how it keeps its accounts."""
    before = a_plan(config)
    write(config, MINIMAL + "ledger: {durability: power}\n")
    after = replace(a_plan(config, before), port=before.port + 1, ledger_path=Path("elsewhere.db"))

    assert fixed(before, before) == []
    assert [line.split(" ")[0] for line in fixed(before, after)] == [
        "server.listen",
        "ledger.path",
        "ledger.durability",
    ]
