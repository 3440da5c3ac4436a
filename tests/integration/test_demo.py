"""The main job, whole: the demo through the real SDK and the real proxy, and what would make the demo fail."""

import importlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 24


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the demo's modules, which import one another as a script's neighbours."""
    monkeypatch.syspath_prepend(ROOT / "demo")
    return SimpleNamespace(
        **{name: importlib.import_module(name) for name in ("prompts", "sdk", "checks", "run", "local")}
    )


def test_the_demo_succeeds(tmp_path: Path) -> None:
    """A user's run of the demo ends with code 0: all answered, each with its row, all figures equal, money saved."""
    command = [sys.executable, "demo/run.py", "--json", "--limit", str(LIMIT), "--ledger", str(tmp_path / "demo.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert shown["requests"] == LIMIT
    assert shown["faults"] == []
    assert set(shown["modes"]) == {
        "sync",
        "async",
        "sync stream",
        "sync stream+usage",
        "async stream",
        "async stream+usage",
    }
    assert len(shown["tiers"]) >= 3
    assert len(shown["upstreams"]) >= 2
    assert Decimal(0) < Decimal(shown["cost_usd"]) < Decimal(shown["baseline_usd"])


def test_the_prompts_are_of_many_kinds(demo: SimpleNamespace) -> None:
    """The prompts cover what clients send: languages, turns, tools, images, formats, system prompts, missing parts."""
    rows = demo.prompts.load()
    expected = Counter(row.expected for row in rows)
    asked = [row.request for row in rows]

    assert len(rows) >= 110
    assert len({row.id for row in rows}) == len(rows)
    assert len({json.dumps(request["messages"]) for request in asked}) == len(rows)
    assert len({row.language for row in rows}) >= 10
    assert {row.kind for row in rows} == {"chat", "coding", "math", "writing", "data", "design", "summary"}
    assert set(expected) == {"easy", "medium", "hard", "needs_info"}
    assert expected["needs_info"] >= 8
    assert abs(sum(row.stream for row in rows) - len(rows) / 2) <= 1
    assert sum(1 for request in asked if "tools" in request) >= 10
    assert sum(1 for request in asked if "response_format" in request) >= 6
    assert sum(1 for request in asked if "image_url" in json.dumps(request)) >= 5
    assert sum(1 for request in asked if request["messages"][0]["role"] == "system") >= 8
    assert sum(1 for request in asked if [m["role"] for m in request["messages"]].count("user") > 1) >= 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing made wrong in a run that is otherwise right, and the fault that must be named."""

    id: str
    answer: dict[str, Any] | None = None
    row: dict[str, Any] | None = None
    total: str = "0.0000011"
    expected: str


CASES = (
    Case(id="sdk error", answer={"error": "APIStatusError: 502"}, expected="APIStatusError: 502"),
    Case(id="tier", answer={"tier": "hard"}, expected="headers say hard by small, the ledger easy by small"),
    Case(id="unknown tier", answer={"tier": "simple"}, expected="x-router-tier is 'simple'"),
    Case(id="upstream", answer={"upstream": "large"}, expected="headers say easy by large, the ledger easy by small"),
    Case(id="empty", answer={"text": ""}, expected="the answer is empty"),
    Case(id="cut short", answer={"finish": None}, expected="the answer has no finish_reason"),
    Case(id="no cost", answer={"cost": None}, expected="x-router-cost-usd is missing"),
    Case(id="header cost", answer={"cost": Decimal("0.0000012")}, expected="x-router-cost-usd is 0.0000012"),
    Case(id="tokens", answer={"tokens": (10, 2)}, expected="the client saw (10, 2) tokens, the ledger (10, 1)"),
    Case(id="no row", answer={"request_id": "other"}, expected="no ledger row for request other"),
    Case(id="status", row={"status": "interrupted"}, expected="the ledger says interrupted"),
    Case(id="wrong price", row={"output_tokens": 2}, expected="tokens times price 0.0000012"),
    Case(id="sum", total="0.0000010", expected="the cost table says 0.0000010 USD"),
)


def _sound(demo: SimpleNamespace) -> tuple[Any, Any, Callable[..., tuple[str, ...]]]:
    """Return an answer and a row that agree, and a function that names the faults of such a pair."""
    prompt = demo.prompts.load()[0]
    answer = demo.sdk.Answer(
        row=prompt,
        mode=demo.sdk.Mode(asynchronous=False, stream=False, usage=False),
        request_id="one",
        tier="easy",
        upstream="small",
        cost=Decimal("0.0000011"),
        text="[simulated] hello",
        finish="stop",
        tokens=(10, 1),
    )
    row = demo.checks.LedgerRow(
        request_id="one",
        tier="easy",
        upstream="small",
        status="ok",
        input_tokens=10,
        cached_tokens=None,
        output_tokens=1,
        cost=Decimal("0.0000011"),
        cost_source="computed",
    )
    rates = {"small": demo.checks.Rate(input=Decimal("0.1"), output=Decimal("0.1"))}
    return answer, row, lambda answer, row, total: demo.checks.faults([answer], {"one": row}, rates, Decimal(total))


def test_a_sound_run_has_no_faults(demo: SimpleNamespace) -> None:
    """Where header, row, price and sum agree, nothing is said."""
    answer, row, faults = _sound(demo)

    assert faults(answer, row, "0.0000011") == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_whatever_is_wrong_is_named(demo: SimpleNamespace, case: Case) -> None:
    """Each single disagreement between client, ledger, price and cost table is a fault of its own."""
    answer, row, faults = _sound(demo)

    found = faults(replace(answer, **(case.answer or {})), replace(row, **(case.row or {})), case.total)

    assert any(case.expected in fault for fault in found), found


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCase:
    """How an answer came, what its row says, and whether the demo with a real model calls that wrong."""

    id: str
    stream: bool
    source: str
    wrong: bool


SOURCE_CASES = (
    SourceCase(id="estimated stream", stream=True, source="estimated", wrong=False),
    SourceCase(id="computed stream", stream=True, source="computed", wrong=True),
    SourceCase(id="computed whole", stream=False, source="computed", wrong=False),
    SourceCase(id="estimated whole", stream=False, source="estimated", wrong=True),
)


@pytest.mark.parametrize("case", SOURCE_CASES, ids=lambda case: case.id)
def test_a_stream_without_usage_is_estimated(demo: SimpleNamespace, case: SourceCase) -> None:
    """Against a server whose streams carry no usage, rows of streams must say estimated and all others computed."""
    answer, row, _ = _sound(demo)
    mode = demo.sdk.Mode(asynchronous=False, stream=case.stream, usage=True)
    run = SimpleNamespace(answers=(replace(answer, mode=mode),), rows={"one": replace(row, cost_source=case.source)})

    assert bool(list(demo.local.wrong_sources(run))) is case.wrong


def test_usage_that_was_asked_for_is_missed(demo: SimpleNamespace) -> None:
    """A reply without the usage that its client asked for is a fault; a stream that did not ask is none."""
    answer, _, _ = _sound(demo)
    asked = replace(answer, tokens=None, mode=demo.sdk.Mode(asynchronous=False, stream=True, usage=True))
    unasked = replace(asked, mode=demo.sdk.Mode(asynchronous=False, stream=True, usage=False))

    assert list(demo.run.missing_usage(SimpleNamespace(answers=(asked,)))) != []
    assert list(demo.run.missing_usage(SimpleNamespace(answers=(unasked, answer)))) == []
