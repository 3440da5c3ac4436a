"""The command that shows a decision and sends nothing."""

import argparse
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.cli.explain import Decider, add_arguments, body_of, render, run
from router.errors import MalformedRequest, NoEligibleUpstream, SettingsInvalid
from router.policy.decide import View, decide
from router.policy.explanation import DryRun
from router.policy.resolve import RouteTarget
from router.policy.rules import Route
from tests.fakes.values import TODAY, a_price, a_request, an_assessment, an_upstream

AUTO = RouteTarget(route=Route(name="auto"), dial="balanced")
SMALL = an_upstream("small[bold]", price=a_price("0.1", "0.3"))
TINY = an_upstream("tiny", window=100)
VIEW = View(catalog=Catalog(upstreams=(SMALL, TINY)), today=TODAY)

Begin = Callable[[Path | None, Mapping[str, str]], Decider]


def decided(body: bytes = b'{"model":"auto"}') -> DryRun:
    """Return a decision between one that may serve and one that may not."""
    request, assessment = a_request(body), an_assessment()
    return DryRun(request=request, target=AUTO, assessment=assessment, decision=decide(request, AUTO, assessment, VIEW))


def recording(seen: list[tuple[Path | None, bytes, Tier | None]]) -> Begin:
    """Return a start whose decider notes what it is given."""

    def start(config: Path | None, _environ: Mapping[str, str]) -> Decider:
        def decide_it(body: bytes, floor: Tier | None) -> DryRun:
            seen.append((config, body, floor))
            return decided(body)

        return decide_it

    return start


def refusing(error: Exception) -> Begin:
    """Return a start whose decider raises."""

    def start(_config: Path | None, _environ: Mapping[str, str]) -> Decider:
        def decide_it(_body: bytes, _floor: Tier | None) -> DryRun:
            raise error

        return decide_it

    return start


def parsed(*words: str) -> argparse.Namespace:
    """Return the arguments as the command line would give them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_a_prompt_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """The prompt goes in as one user message, with the model, the floor and the file that were named."""
    seen: list[tuple[Path | None, bytes, Tier | None]] = []

    code = run(parsed("héllo", "--model", "auto:cheap", "--min-tier", "medium", "--config", "c.yaml"), recording(seen))

    assert code == 0
    config, body, floor = seen[0]
    assert config == Path("c.yaml")
    assert json.loads(body) == {"model": "auto:cheap", "messages": [{"role": "user", "content": "héllo"}]}
    assert floor is Tier.MEDIUM
    printed = capsys.readouterr().out
    assert "Required tier: easy" in printed
    assert "small[bold]" in printed
    assert "Not eligible" in printed


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """A script can read what is printed."""
    assert run(parsed("hi", "--json"), recording([])) == 0

    assert json.loads(capsys.readouterr().out)["candidates"][0]["upstream"] == "small[bold]"


def test_a_refused_request_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason and its fix go to stderr, nothing to stdout, and the exit code is 1."""
    code = run(parsed("hi"), refusing(NoEligibleUpstream("small: too small")))

    printed = capsys.readouterr()
    assert code == 1
    assert printed.out == ""
    assert "tierwise: small: too small" in printed.err
    assert NoEligibleUpstream.fix in printed.err


def test_the_operators_trouble_is_left_to_the_entry_point() -> None:
    """A broken configuration ends every command alike."""
    with pytest.raises(SettingsInvalid):
        run(parsed("hi"), refusing(SettingsInvalid(["broken"])))


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    """Its bytes are what would be received, odd spacing and all."""
    body = b'{ "model" : "tier/hard",\n "messages": [] }'
    path = tmp_path / "request.json"
    path.write_bytes(body)

    assert body_of(None, path, None) == body


@pytest.mark.parametrize(
    ("body", "model", "expected"),
    [
        (b'{"messages":[],"n":1}', None, {"messages": [], "n": 1, "model": "auto"}),
        (b'{"model":"a","messages":[]}', "b", {"model": "b", "messages": []}),
    ],
)
def test_a_file_gets_the_model_that_was_named(
    tmp_path: Path, body: bytes, model: str | None, expected: dict[str, object]
) -> None:
    """A request without a model is decided for `auto`."""
    path = tmp_path / "request.json"
    path.write_bytes(body)

    assert json.loads(body_of(None, path, model)) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe\xfd", b"[" * 100_000], ids=repr)
def test_a_file_that_is_no_request_is_told(tmp_path: Path, body: bytes) -> None:
    """Not a traceback but what is wrong with it."""
    path = tmp_path / "request.json"
    path.write_bytes(body)

    with pytest.raises(MalformedRequest):
        body_of(None, path, None)


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file, and the exit code is 1."""
    path = tmp_path / "nowhere.json"

    assert run(parsed("--request", str(path)), recording([])) == 1
    assert "nowhere.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("hi", "--request", "file.json"), ("hi", "--min-tier", "huge")])
def test_a_prompt_or_a_file_is_needed(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Neither, both or an unknown tier is a usage error."""
    with pytest.raises(SystemExit) as caught:
        parsed(*words)

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_without_rejections_there_is_no_empty_table() -> None:
    """Only what there is to say is said, and square brackets are not markup."""
    shown = decided()
    shown = replace(shown, decision=replace(shown.decision, rejected=()))
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)

    render(shown, console)

    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert "small[bold]" in printed
    assert "0.000046 USD expected" in printed
    assert "Not eligible" not in printed
    assert "Baseline: none is configured" in printed
