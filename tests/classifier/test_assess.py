import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.artifact import ArtifactInvalid, load, save
from classifier.assess import DEFAULT_FOLDER, PRESETS, Classifier, Scorer, load_classifier, load_default
from classifier.assessment import AMBIGUITIES, DOMAINS, Doubt
from classifier.features import fingerprint
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from classifier.weights import LEAST_GAP

CLASSIFIER = load_default()
BALANCED = CLASSIFIER.presets["balanced"]


def assess(text: str, thresholds: Thresholds = BALANCED):
    return CLASSIFIER.assess(Prompt.of((("user", text),)), thresholds)


@pytest.mark.parametrize(
    "text",
    ["hi", "what is the capital of France?", "translate 'good morning' to German", "¿cuánto es 12 + 30?"],
)
def test_small_requests_are_easy(text: str):
    """Requests of one obvious step are easy."""
    assert assess(text).tier is Tier.EASY


def test_difficulty_orders_one_topic():
    """A harder request on one topic has a higher expected tier."""
    texts = (
        "what is a mutex",
        "write a thread-safe bounded queue in Python with tests",
        (
            "Our lock-free queue loses items under load on ARM only; find the memory-ordering bug, prove the fix "
            "linearizable and keep the throughput"
        ),
    )
    scores = [medium + 2 * hard for _, medium, hard in (assess(text).probabilities for text in texts)]
    assert scores == sorted(scores)


@pytest.mark.parametrize("text", ["fix this", "Summarise the following:", "übersetze den angehängten Brief"])
def test_a_missing_referent_is_missing_information(text: str):
    """What points at something that is not there is flagged, with its cause."""
    assessment = assess(text, Thresholds(missing=0.5))
    assert assessment.doubt is Doubt.MISSING_INFORMATION
    assert assessment.ambiguity == "high"


def test_a_referent_that_is_there_is_not_missing():
    """The same request with its object is less likely to miss something."""
    body = "\n\nThe meeting on Tuesday was moved to Friday at 9 because the auditors arrive on Wednesday."
    assert assess("Summarise the following:" + body).missing < assess("Summarise the following:").missing / 2


def test_presets_are_ordered_by_caution():
    """A costlier preset never needs more probability for a higher tier."""
    cheap, balanced, quality = (CLASSIFIER.presets[name] for name in PRESETS)
    assert cheap.medium >= balanced.medium >= quality.medium
    assert cheap.hard >= balanced.hard >= quality.hard


def test_confidence_is_the_probability_that_the_tier_suffices():
    """Confidence sums the probabilities up to the chosen tier."""
    assessment = assess("write a SQL query with a window function", Thresholds(medium=0.0, hard=1.0))
    assert assessment.tier is Tier.MEDIUM
    assert assessment.confidence == pytest.approx(sum(assessment.probabilities[:2]))
    assert assess("x", Thresholds(hard=0.0)).confidence == pytest.approx(1.0)


@settings(deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_any_text_is_assessed(text: str):
    """Any text gives probabilities that sum to 1 and labels of the closed lists."""
    assessment = assess(text)
    assert all(0.0 <= share <= 1.0 for share in (*assessment.probabilities, assessment.confidence, assessment.missing))
    assert math.isclose(sum(assessment.probabilities), 1.0, abs_tol=1e-9)
    assert assessment.ambiguity in AMBIGUITIES
    assert assessment.domain in DOMAINS
    assert assessment.artifact == CLASSIFIER.artifact_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00" * 5000,
        "\ud800\udfff",
        "😀" * 3000,
        "�PNG\r\n\x1a\n" * 900,
        "a" * 5_000_000,
        "漢" * 1_000_000,
    ],
    ids=["empty", "blank", "nulls", "surrogates", "emoji", "binary", "5 MB", "1M ideographs"],
)
def test_odd_input_is_assessed(text: str):
    """Empty, binary-looking and huge input is assessed like any other."""
    assert sum(assess(text).probabilities) == pytest.approx(1.0)


def test_no_turns_are_assessed():
    """A prompt without a message is assessed, too."""
    assert CLASSIFIER.assess(Prompt.of(()), BALANCED).tier in tuple(Tier)


def test_time_is_flat_from_eight_thousand_tokens_up():
    """5 MB take at most thrice the time of 8k tokens."""

    def best(size: int) -> float:
        prompt = Prompt.of((("user", ("Compare these 3 functions, please: which one is faster? " * 100_000)[:size]),))
        times = []
        for _ in range(40):
            start = time.perf_counter()
            CLASSIFIER.assess(prompt, BALANCED)
            times.append(time.perf_counter() - start)
        return min(times)

    assert best(5_000_000) <= 3 * best(32_000)


def test_serving_imports_no_training_library():
    """Importing the serving part and loading the artifact brings neither scikit-learn nor scipy nor the training."""
    script = (
        "import sys; from classifier.assess import load_default; load_default(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('sklearn', 'scipy', 'tqdm', 'router') "
        "or name.startswith(('classifier.training', 'classifier.evaluation', 'classifier.model'))])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_default_artifact_is_small():
    """The shipped artifact stays below 1 MB."""
    assert sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir() if path.suffix != ".md") <= 1_000_000


def changed(tmp_path: Path, facts: dict[str, object] | None = None, **arrays: np.ndarray | None) -> Path:
    """Save the default artifact again with other arrays or facts, under a valid id."""
    artifact = load(DEFAULT_FOLDER, fingerprint=fingerprint())
    kept = {name: array for name, array in {**artifact.arrays, **arrays}.items() if array is not None}
    manifest = json.loads((DEFAULT_FOLDER / "manifest.json").read_text())
    rest = {name: manifest[name] for name in ("fingerprint", "presets", "seed", "examples")}
    save(tmp_path, kept, {**rest, **(facts or {})})
    return tmp_path


def test_a_copy_is_accepted(tmp_path: Path):
    """The helper below changes nothing by itself: its copy loads and says the same."""
    copy = load_classifier(changed(tmp_path))
    prompt = Prompt.of((("user", "prove it"),))
    assert copy.assess(prompt, BALANCED).probabilities == CLASSIFIER.assess(prompt, BALANCED).probabilities


@pytest.mark.parametrize(
    "arrays",
    [
        {"bias": None},
        {"bias": np.zeros(3, dtype=np.float32)},
        {"table": np.zeros((0, 1), dtype=np.float16)},
        {"table": None},
        {"known": np.full(1, 7, dtype=np.uint8)},
        {"hidden": np.zeros((1, 1), dtype=np.float32)},
    ],
    ids=str,
)
def test_arrays_of_another_shape_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray | None]):
    """A valid file whose arrays do not fit this code is refused."""
    with pytest.raises(ArtifactInvalid, match=r"shape|fit"):
        load_classifier(changed(tmp_path, **arrays))


@pytest.mark.parametrize(
    "presets",
    [
        None,
        {},
        {"cheap": {}, "balanced": {}},
        {name: {"hard": 2.0} for name in PRESETS},
        {name: {"x": 1} for name in PRESETS},
    ],
    ids=str,
)
def test_presets_that_do_not_fit_are_refused(tmp_path: Path, presets: object):
    """A manifest without legal presets is refused."""
    with pytest.raises(ArtifactInvalid, match="presets"):
        load_classifier(changed(tmp_path, {"presets": presets}))


def test_an_index_outside_of_the_table_is_refused():
    """An index that points past the table is refused at loading, not met in a request."""
    artifact = load(DEFAULT_FOLDER, fingerprint=fingerprint())
    with pytest.raises(ArtifactInvalid, match="index"):
        Scorer({**artifact.arrays, "table": artifact.arrays["table"][:5]})


def test_the_classifier_names_its_artifact():
    """The id of the classifier is that of its manifest."""
    manifest = json.loads((DEFAULT_FOLDER / "manifest.json").read_text())
    assert manifest["id"] == CLASSIFIER.artifact_id
    assert isinstance(CLASSIFIER, Classifier)


def test_medium_never_vanishes_between_easy_and_hard():
    """However the heads disagree, P(medium) is what lies between two logits that are LEAST_GAP apart, or more."""
    least = math.tanh(LEAST_GAP / 4)
    for text in ("hi", "Prove it.", "Prove that 2 is prime.", "Show that a field has no zero divisors.", "x" * 90):
        easy, medium, hard = assess(text).probabilities
        assert math.log((1 - easy) / easy) - math.log(hard / (1 - hard)) >= LEAST_GAP - 1e-9
        assert medium <= least or medium > 0.1


def test_own_harness_tags_change_what_is_read():
    """An operator's tags are left unread by the classifier that was loaded with them."""
    text = "<my-notes>" + "Prove that the lemma holds for all compact manifolds. " * 20 + "</my-notes>\nsay hi"
    prompt = Prompt.of((("user", text),))
    told = load_default(("my-notes",)).assess(prompt, BALANCED)
    assert told.probabilities == pytest.approx(assess("say hi").probabilities)
    assert CLASSIFIER.assess(prompt, BALANCED).probabilities != pytest.approx(told.probabilities)


DEMO = Path(__file__).parents[2] / "demo" / "prompts.jsonl"
OF_NO_CONSEQUENCE = (
    "You are a helpful and friendly assistant.",
    "You are Ada, an assistant made by Example Ltd. Be accurate.",
    "Answer truthfully and keep a neutral tone.",
    "You are an AI language model. The current year is 2026.",
    "Please give clear and well structured answers.",
    "You are a reliable assistant for everyday and expert questions alike.",
)
"""None of them is in annotated/instructions.txt, which is trained on."""


def test_instructions_that_say_nothing_of_what_is_asked_change_little():
    """Most clients send some: hard prompts stay hard behind them, and seven of eight tiers are what they were."""
    messages = [json.loads(line)["request"].get("messages", ()) for line in DEMO.read_text("utf-8").splitlines()]
    alone = [one for one in messages if len(one) == 1]
    tiers = [CLASSIFIER.assess(Prompt.from_messages(one), BALANCED).tier for one in alone]
    kept, kept_hard = 0, 0
    for instructions in OF_NO_CONSEQUENCE:
        system = {"role": "system", "content": instructions}
        behind = [CLASSIFIER.assess(Prompt.from_messages([system, *one]), BALANCED).tier for one in alone]
        kept += sum(map(Tier.__eq__, tiers, behind))
        kept_hard += sum(before is after is Tier.HARD for before, after in zip(tiers, behind, strict=True))
    assert tiers.count(Tier.HARD) >= 10
    assert kept_hard >= 0.85 * tiers.count(Tier.HARD) * len(OF_NO_CONSEQUENCE)
    assert kept >= 0.875 * len(alone) * len(OF_NO_CONSEQUENCE)
