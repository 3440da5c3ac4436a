"""The command that shows a decision and sends nothing."""

import argparse
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from classifier.explain import Account, Explanation, Kind, Move
from classifier.prompt import Prompt
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.cli.explain import Decider, Reasons, add_arguments, body_of, open_reasons, render, render_reasons, run
from router.errors import ArtifactRejected, MalformedRequest, NoEligibleUpstream, SettingsInvalid
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


def an_account(logit: float) -> Account:
    """Return a logit moved up by a word with a control character and by a trait, and down by a pair."""
    moves = (
        Move(kind=Kind.WORD, what="pro\x1b[31mve[b]", logit=1.5, share=0.6),
        Move(kind=Kind.PAIR, what="say hi", logit=-0.5, share=0.2),
        Move(kind=Kind.EARLIER, what="lemma", logit=0.3, share=0.12),
        Move(kind=Kind.TRAIT, what="short text", logit=0.2, share=0.08),
    )
    return Account(logit=logit, bias=logit - 1.5, moves=moves)


REASONS = Explanation(
    accounts={
        "medium": an_account(1.0),
        "hard": an_account(2.0),
        "missing": an_account(3.0),
        "unclear": an_account(4.0),
    }
)


def told(_config: Path | None, _environ: Mapping[str, str]) -> Reasons:
    """Return what explains every prompt alike."""
    return lambda _prompt: REASONS


def parsed(*words: str) -> argparse.Namespace:
    """Return the arguments as the command line would give them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_a_prompt_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """The prompt goes in as one user message, with the model, the floor and the file that were named."""
    seen: list[tuple[Path | None, bytes, Tier | None]] = []

    code = run(
        parsed("héllo", "--model", "auto:cheap", "--min-tier", "medium", "--config", "c.yaml"), recording(seen), told
    )

    assert code == 0
    config, body, floor = seen[0]
    assert config == Path("c.yaml")
    assert json.loads(body) == {"model": "auto:cheap", "messages": [{"role": "user", "content": "héllo"}]}
    assert floor is Tier.MEDIUM
    printed = capsys.readouterr().out
    assert "Required tier: easy" in printed
    assert "small[bold]" in printed
    assert "Not eligible" in printed
    assert "Score of medium or hard: +1.00" in printed
    assert "Score of missing information: +3.00" in printed


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """A script can read what is printed."""
    assert run(parsed("hi", "--json", "--features", "1"), recording([]), told) == 0

    printed = capsys.readouterr()
    assert "the shipped file, is used" in printed.err
    found = json.loads(printed.out)
    assert found["candidates"][0]["upstream"] == "small[bold]"
    assert tuple(found["features"]) == ("medium", "hard", "missing", "unclear")
    assert [move["what"] for move in found["features"]["hard"]["down"]] == ["say hi"]
    assert len(found["features"]["hard"]["up"]) == 1


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


def shown(tier: Tier, most: int) -> str:
    """Return what is printed of REASONS."""
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)
    render_reasons(REASONS, tier, most, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("tier", "score"), [(Tier.EASY, "medium or hard"), (Tier.MEDIUM, "medium or hard"), (Tier.HARD, "hard")]
)
def test_the_score_that_the_tier_hangs_on_is_told(tier: Tier, score: str) -> None:
    """What it takes to be hard is told of a hard prompt, what it takes to be more than easy of any other."""
    printed = shown(tier, 6)

    assert printed.startswith(f"Score of {score}: ")
    assert "Score of missing information: +3.00 (+1.50 before a word was read" in printed


def test_moves_are_told_with_their_way_share_and_kind() -> None:
    """Words are quoted, traits are not, and nothing of a prompt steers the terminal."""
    printed = shown(Tier.HARD, 6)

    for words in ("+1.50", "60%", "'pro?[31mve[b]'", "-0.50", "'say hi'", "'lemma', around the request", "short text"):
        assert words in printed
    assert "\x1b" not in printed


def test_no_more_moves_than_asked_for_are_told() -> None:
    """The strongest of each way."""
    printed = shown(Tier.HARD, 1)

    assert "lemma" not in printed
    assert "say hi" in printed


def test_nothing_is_taken_apart_where_nobody_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """With --features 0 the artifact is not even opened."""

    def unwanted(_config: Path | None, _environ: Mapping[str, str]) -> Reasons:
        raise AssertionError("nobody asked")

    assert run(parsed("hi", "--features", "0"), recording([]), unwanted) == 0
    assert "Score of" not in capsys.readouterr().out


@pytest.mark.parametrize("number", ["-1", "many", "1.5", "99999", ""])
def test_the_number_of_features_is_one(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is a usage error."""
    with pytest.raises(SystemExit) as caught:
        parsed("hi", f"--features={number}")

    assert caught.value.code == 2
    assert "--features" in capsys.readouterr().err


def test_the_shipped_artifact_is_taken_apart() -> None:
    """The reasons of a real prompt name its words."""
    found = open_reasons(None, {})(Prompt.of((("user", "Prove the lemma rigorously."),)))

    assert "prove" in {move.what for move in found.accounts["hard"].up(6)}


def test_an_artifact_that_is_none_is_the_operators_trouble(tmp_path: Path) -> None:
    """A folder without one ends the command like any broken configuration."""
    config = tmp_path / "c.yaml"
    config.write_text(f"""
upstreams: {{one: {{provider: house, model: m, tier: easy, window: 1000, price: null}}}}
providers: {{house: {{kind: vllm, base_url: "http://127.0.0.1:9/v1"}}}}
routes: {{auto: {{}}}}
classifier: {{artifact: "{tmp_path}"}}
""")

    with pytest.raises(ArtifactRejected):
        open_reasons(config, {})
