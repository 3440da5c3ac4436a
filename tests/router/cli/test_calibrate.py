"""The command that chooses cut points on labelled prompts."""

import argparse
import gzip
import io
import json
import subprocess
import sys
from dataclasses import replace
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import pytest
import yaml

from classifier.tier import Tier
from router.cli.calibrate import Bench, add_arguments, calibrate, open_bench, read_rows, run, sample_of
from router.errors import OperatorError
from router.policy.rules import DoubtAction
from tests.fakes.proxy import CONFIG
from tests.fakes.values import TODAY

EASY = ("what is the capital of {}", "say hello to {}", "translate the word {} to French")
MEDIUM = ("write a tested Python function that parses {}", "plan the migration of {} to PostgreSQL")
HARD = ("prove a tight lower bound for {} and derive it rigorously", "find the race in our lock-free {} on ARM")
TOPICS = ("a queue", "rome", "the ledger", "primes", "graphs", "water", "trains", "light", "an index", "banks")


def prompts(count: int) -> list[dict[str, object]]:
    """Return labelled prompts of all tiers, none twice before all were there."""
    kinds = ((EASY, "easy"), (MEDIUM, "medium"), (EASY, "easy"), (HARD, "hard"))
    every = [
        {"prompt": pattern.format(topic), "tier": tier}
        for topic, (patterns, tier) in product(TOPICS, kinds)
        for pattern in patterns
    ]
    return list(islice(cycle(every), count))


def a_file(folder: Path, rows: list[dict[str, object]], name: str = "rows.jsonl") -> str:
    """Write JSON Lines and return the path."""
    path = folder / name
    content = "\n".join(json.dumps(row) for row in rows).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return str(path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return the bench of a configuration with one upstream a tier."""
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1"), encoding="utf-8")
    return open_bench(config, {}, TODAY, "auto")


def parsed(*words: str) -> argparse.Namespace:
    """Return the arguments as the command line would give them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def outcome(bench: Bench, *words: str) -> tuple[int, str]:
    """Run with parsed words; return the exit code and what was printed."""
    args, out = parsed(*words), io.StringIO()
    return calibrate(args, read_rows(args.file, io.BytesIO()), bench, out), out.getvalue()


def test_a_bound_is_promised_with_the_yaml_to_paste(bench, tmp_path):
    """The verdict, the snippet, and a table of what it costs and loses."""
    file = a_file(tmp_path, prompts(300))
    code, printed = outcome(bench, file, "--max-quality-loss", "30%", "--confidence", "90%")
    assert code == 0
    assert "Promised with 90 % confidence: on prompts drawn like these 300, the mean loss is at most 30 %." in printed
    snippet = printed[printed.index("routes:") : printed.index("}") + 1]
    found = yaml.safe_load(snippet)["routes"]["auto"]["thresholds"]
    assert found["dial"] == "balanced"
    assert 0 < found["medium"] <= found["hard"] <= 1
    assert "USD" in printed
    assert "…" not in printed


def test_the_snippet_is_a_configuration_that_does_what_was_measured(bench, tmp_path):
    """Pasted into the file, it serves the tiers that the table says."""
    file = a_file(tmp_path, prompts(200))
    code, printed = outcome(bench, file, "--hard-share", "20%", "--json")
    found = json.loads(printed)
    text = CONFIG.format(base_url="http://127.0.0.1:9/v1").replace(
        "routes: {auto: {}}",
        f"routes: {{auto: {{thresholds: {json.dumps(found['thresholds'] | {'dial': found['dial']})}}}}}",
    )
    (tmp_path / "pasted.yaml").write_text(text, encoding="utf-8")
    pasted = open_bench(tmp_path / "pasted.yaml", {}, TODAY, "auto")
    tiers = [pasted.classifier.assess(row.prompt, pasted.thresholds) for row in read_rows(file, io.BytesIO())]
    assert code == 0
    hard = [
        assessment.tier is Tier.HARD or (assessment.doubt == "low_confidence" and assessment.tier is Tier.MEDIUM)
        for assessment in tiers
    ]
    assert np.mean(hard) == pytest.approx(found["shares"]["hard"])
    assert found["shares"]["hard"] <= 0.2


def test_too_few_rows_promise_nothing(bench, tmp_path):
    """It says how many are needed, gives the safest cut points and ends with 1."""
    code, printed = outcome(bench, a_file(tmp_path, prompts(20)), "--max-quality-loss", "2%")
    assert code == 1
    assert "cannot be promised" in printed
    assert "About 149 rows would be needed" in printed
    assert "{dial: balanced, medium: 0, hard: 0}" in printed
    assert "Promised" not in printed


def test_measured_quality_is_the_loss(bench, tmp_path):
    """Where rows say how good each answer is, the loss is what the hard tier would have done better."""
    good, poor = {"easy": 0.9, "medium": 0.9, "hard": 0.9}, {"easy": 0.2, "medium": 0.7, "hard": 0.9}
    rows = [{"prompt": row["prompt"], "quality": poor if row["tier"] == "hard" else good} for row in prompts(300)]
    code, printed = outcome(bench, a_file(tmp_path, rows), "--max-quality-loss", "0.3", "--json")
    found = json.loads(printed)
    assert (code, found["kept"], found["rows"]) == (0, True, 300)
    assert 0 <= found["loss"] <= 0.3
    assert found["saving"] > 0
    assert found["wish"] == "max_quality_loss"


def test_a_budget_is_a_mean_by_the_configured_prices(bench, tmp_path):
    """It is kept where a configured tier is cheap enough, else told with exit code 1."""
    file = a_file(tmp_path, prompts(100))
    all_hard = json.loads(outcome(bench, file, "--presets", "--json")[1])["quality"]["cost_all_hard_usd"]
    code, printed = outcome(bench, file, "--budget", f"{all_hard / 2:.6f}", "--json")
    assert code == 0
    assert json.loads(printed)["cost_usd"] <= all_hard / 2
    code, printed = outcome(bench, file, "--budget", "0.0000001")
    assert code == 1
    assert "Even the cheapest cut points cost" in printed


def test_a_budget_needs_prices(bench, tmp_path):
    """A route whose hard tier has no price is refused with the fix."""
    upstreams = tuple(
        replace(upstream, price=None) if upstream.tier is Tier.HARD else upstream
        for upstream in bench.view.catalog.upstreams
    )
    bench = replace(bench, view=replace(bench.view, catalog=replace(bench.view.catalog, upstreams=upstreams)))
    file = a_file(tmp_path, prompts(20))
    with pytest.raises(OperatorError, match="no price") as caught:
        outcome(bench, file, "--budget", "1")
    assert "--hard-share" in caught.value.fix
    assert json.loads(outcome(bench, file, "--presets", "--json")[1])["cheap"]["saving"] is None


def test_the_presets_are_measured(bench, tmp_path):
    """A line each, and no wish is judged."""
    code, printed = outcome(bench, a_file(tmp_path, prompts(200)), "--presets")
    assert code == 0
    assert [word for word in ("cheap", "balanced", "quality") if f"  {word} " not in printed] == []
    assert "routes:" not in printed


def test_shares_need_no_labels_and_losses_do(bench, tmp_path):
    """Prompts alone do for a share of hard ones; a bound on the loss names the lines that lack a label."""
    bare = [{"prompt": row["prompt"]} for row in prompts(40)]
    file = a_file(tmp_path, bare)
    assert json.loads(outcome(bench, file, "--hard-share", "50%", "--json")[1])["loss"] is None
    with pytest.raises(OperatorError) as caught:
        outcome(bench, file, "--max-quality-loss", "2%")
    assert 'Line 1: it has no "tier"' in caught.value.message
    assert "and 20 more" in caught.value.message


@pytest.mark.parametrize("words", [("--hard-share", "50%"), ("--max-quality-loss", "5%"), ("--presets",)])
def test_labels_of_two_kinds_are_no_file(bench, tmp_path, words):
    """A mean over tiers and qualities together would mean nothing."""
    rows = [*prompts(3), {"prompt": "hi", "quality": {"easy": 1, "medium": 1, "hard": 1}}]
    with pytest.raises(OperatorError, match='Line 4: it has no "tier"'):
        outcome(bench, a_file(tmp_path, rows), *words)


def test_weights_replace_one_for_every_prompt_too_low(bench, tmp_path):
    """A prompt one tier too low may count half."""
    rows = read_rows(a_file(tmp_path, prompts(10)), io.BytesIO())
    whole, half = (sample_of(rows, bench, weights, labelled=True) for weights in ((1.0, 1.0), (0.5, 1.0)))
    assert (whole.graded, half.graded) == (False, True)
    assert {*half.losses.ravel().tolist()} == {0.0, 0.5, 1.0}
    assert (half.losses <= whole.losses).all()


def test_a_doubt_serves_what_the_route_does_with_it(bench, tmp_path):
    """The tier in which a doubtful prompt is served is the route's answer, at every pair of cut points."""
    rows = read_rows(a_file(tmp_path, [{"prompt": "fix this", "tier": "easy"}]), io.BytesIO())
    route = replace(bench.route, on_missing_information=DoubtAction.HARD, on_low_confidence=DoubtAction.HARD)
    thresholds = {dial: replace(found, missing=0.0) for dial, found in route.thresholds.items()}
    doubting = replace(bench, route=replace(route, thresholds=thresholds))
    assert sample_of(rows, doubting, (1.0, 1.0), labelled=True).served.tolist() == [[2, 2, 2]]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_files_may_be_gzipped(tmp_path, name):
    """Both are read alike."""
    assert len(read_rows(a_file(tmp_path, prompts(7), name), io.BytesIO())) == 7


def test_a_dash_is_standard_input():
    """A pipe needs no file."""
    assert read_rows("-", io.BytesIO(b'{"prompt": "hi", "tier": "hard"}\n'))[0].tier is Tier.HARD


def test_unreadable_files_are_told(tmp_path):
    """A missing file, a folder and a broken archive end alike."""
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"x" * 1000)[:-12])
    for name in (tmp_path / "nowhere.jsonl", tmp_path, broken):
        with pytest.raises(OperatorError):
            read_rows(str(name), io.BytesIO())


def test_an_unknown_route_is_told_with_the_nearest():
    """It names what there is."""
    with pytest.raises(OperatorError, match="Did you mean 'auto'") as caught:
        open_bench(None, {}, TODAY, "auot")
    assert "auto" in caught.value.fix


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--max-quality-loss", "2"),
        ("--max-quality-loss", "two"),
        ("--max-quality-loss", "nan"),
        ("--hard-share", "0%"),
        ("--budget", "-1"),
        ("--budget", "inf"),
        ("--max-quality-loss", "2%", "--hard-share", "30%"),
        ("--presets", "--tier-loss", "1,0.5"),
        ("--presets", "--tier-loss", "1"),
    ],
)
def test_what_is_no_wish_is_a_usage_error(words, capsys):
    """It says what was expected."""
    with pytest.raises(SystemExit) as caught:
        parsed("file.jsonl", *words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_bad_rows_end_the_process_with_2_and_no_traceback(tmp_path):
    """Through the real entry point: the line, the fix, nothing of the prompt, nothing on stdout."""
    path = tmp_path / "bad.jsonl"
    path.write_text('{"prompt": "private words", "tier": "easy"}\n{"prompt": "private words", "tier": "tiny"}\n')
    done = subprocess.run(
        [sys.executable, "-m", "router", "calibrate", str(path), "--max-quality-loss", "2%"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Line 2: its tier has another name" in done.stderr
    assert "Traceback" not in done.stderr
    assert "private" not in done.stderr


def test_the_shipped_file_is_named_beside_the_answer(tmp_path, capsys):
    """It goes to stderr; stdout is one JSON object."""
    assert run(parsed(a_file(tmp_path, prompts(40)), "--presets", "--json")) == 0
    printed = capsys.readouterr()
    assert "the shipped file, is used." in printed.err
    assert "balanced" in json.loads(printed.out)
