"""One configuration: opened whole or not at all, and closed once."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.api.readiness import Readiness
from router.app import Ids
from router.generation import TRANSPORTS, Generation, Process
from router.ledger.watch import WatchedLedger
from router.plan import Plan, prepare
from router.shared_state.memory import MemoryState
from tests.fakes.ledger import MemoryLedger
from tests.fakes.proxy import CONFIG, running

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


KEYS = {name: f"client-key-{name}-0123456789abcdef" for name in ("A", "B")}


def a_plan(folder: Path, text: str = MINIMAL) -> Plan:
    """Return the plan of a configuration; it may name the client keys A and B."""
    path = folder / "c.yaml"
    path.write_text(text)
    return prepare(config=path, environ=KEYS, simulate="never", listen="127.0.0.1:0", ledger=folder / "l.db")


def a_process(plan: Plan) -> Process:
    """Return what outlives configurations."""
    return Process(
        ledger=WatchedLedger(MemoryLedger(), lambda: 0.0),
        ledger_path=plan.ledger_path,
        state=MemoryState(plan.assembled.limits),
        new_id=Ids().draw,
        readiness=Readiness(),
        settled=bool,
    )


async def test_the_count_of_who_is_let_in_goes_on_unless_its_limits_change(tmp_path: Path) -> None:
    """A reload in the middle of a rush does not let in as many again."""
    plan = a_plan(tmp_path)
    process = a_process(plan)
    first = await Generation.open(plan, process)
    same = await Generation.open(a_plan(tmp_path), process, first)
    wider = await Generation.open(a_plan(tmp_path, MINIMAL + "server: {max_concurrent: 9}\n"), process, same)
    for generation in (first, same, wider):
        await generation.close()

    assert same.admission is first.admission
    assert wider.admission is not first.admission


@pytest.mark.parametrize(
    ("server", "places"),
    [
        ("auth: {keys: {a: os.environ/A}}", 8),
        ("auth: {keys: {a: os.environ/A, b: os.environ/B}}", 4),
        ("max_concurrent_per_key: 8, auth: {keys: {a: os.environ/A, b: os.environ/B}}", 8),
        ("max_concurrent_per_key: 1, auth: {keys: {a: os.environ/A}}", 1),
    ],
)
async def test_one_caller_of_several_cannot_take_all_places(tmp_path: Path, server: str, places: int) -> None:
    """Half of them where there are others and nothing is said; what is said holds."""
    plan = a_plan(tmp_path, MINIMAL + f"server: {{max_concurrent: 8, {server}}}\n")
    generation = await Generation.open(plan, a_process(plan))
    taken = [generation.admission.enter("a") for _ in range(9)]
    await generation.close()

    assert sum(taken) == places


async def test_what_fails_to_open_closes_what_it_had_opened(tmp_path: Path) -> None:
    """The transport of a plan that cannot be served is closed again."""
    plan = a_plan(tmp_path)
    broken = Generation(replace(plan, classifier=None))

    with pytest.raises(AttributeError):
        await Generation.open(broken.plan, a_process(plan))
    await broken.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_transport_serves(tmp_path: Path, transport: str) -> None:
    """Both transports can be chosen by name; an upstream that is away is a 503 through either."""
    import httpx2

    config = MINIMAL.replace("delivery: {", f"delivery: {{transport: {transport}, ")
    async with running(config, tmp_path) as proxy, httpx2.AsyncClient() as client:
        answer = await client.post(
            f"{proxy.base_url}/chat/completions",
            json={"model": "auto", "messages": [{"role": "user", "content": "hi"}]},
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_unavailable")
