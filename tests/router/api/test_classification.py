"""An assessment in Morph's body, and what that leaves out."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.assessment import AMBIGUITIES, DOMAINS, Assessment, Doubt
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.api.classification import (
    DIFFICULTIES,
    FOLDED_DOMAINS,
    HEADS,
    classifications,
    details,
    signals,
)
from tests.fakes.values import an_assessment

CUTS = Thresholds()
EVEN = (0.0,) * len(DOMAINS)
SURE = an_assessment(
    Tier.HARD,
    domain="coding",
    unclear=0.1,
    domain_logits=(0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0),
    probabilities=(0.1, 0.2, 0.7),
)


def test_the_documented_shape() -> None:
    """The three heads have Morph's ids, labels and fields, and no other."""
    found = classifications(SURE, HEADS)

    assert found == {
        "difficulty": {"class_id": 2, "label": "hard", "confidence": 0.7, "meets_threshold": True},
        "ambiguity": {"class_id": 0, "label": "low", "confidence": 0.9, "meets_threshold": True},
        "domain": {"class_id": 2, "label": "coding", "confidence": 0.9993, "meets_threshold": True},
    }


def test_only_the_heads_that_are_asked_for() -> None:
    """Each head is answered alone and in the order asked."""
    assert list(classifications(SURE, ("domain", "difficulty"))) == ["domain", "difficulty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An assessment, one head, and its answer: class_id, label, confidence, meets_threshold."""

    id: str
    said: Assessment
    head: str
    answer: tuple[Any, ...]


CASES = (
    Case(
        id="missing information",
        said=replace(SURE, doubt=Doubt.MISSING_INFORMATION, missing=0.93),
        head="difficulty",
        answer=(3, "needs_info", 0.93, False),
    ),
    Case(
        id="low confidence",
        said=replace(SURE, doubt=Doubt.LOW_CONFIDENCE, probabilities=(0.36, 0.3, 0.34)),
        head="difficulty",
        answer=(3, "needs_info", 0.36, False),
    ),
    Case(
        id="a tier that is not the likeliest",
        said=replace(SURE, probabilities=(0.5, 0.2, 0.3)),
        head="difficulty",
        answer=(2, "hard", 0.3, True),
    ),
    Case(
        id="ambiguity med",
        said=replace(SURE, ambiguity="med", unclear=0.7, missing=0.1),
        head="ambiguity",
        answer=(1, "med", 0.6, True),
    ),
    Case(
        id="ambiguity med, barely",
        said=replace(SURE, ambiguity="med", unclear=0.6, missing=0.3),
        head="ambiguity",
        answer=(1, "med", 0.3, False),
    ),
    Case(
        id="ambiguity high below a half meets the route's threshold",
        said=replace(SURE, ambiguity="high", unclear=0.6, missing=0.4),
        head="ambiguity",
        answer=(2, "high", 0.4, True),
    ),
    Case(
        id="ambiguity of unknown probability",
        said=replace(SURE, unclear=None),
        head="ambiguity",
        answer=(0, "low", None, False),
    ),
    Case(
        id="mathematics is general, with all that is",
        said=replace(SURE, domain="math", domain_logits=EVEN),
        head="domain",
        answer=(0, "general", 0.4286, False),
    ),
    Case(
        id="writing is general",
        said=replace(SURE, domain="writing", domain_logits=(*EVEN[:-1], 9.0)),
        head="domain",
        answer=(0, "general", 0.9995, True),
    ),
    Case(
        id="a domain of unknown probability",
        said=replace(SURE, domain="data", domain_logits=()),
        head="domain",
        answer=(4, "data", None, False),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_head(case: Case) -> None:
    """Labels, ids and probabilities fit together, also where the label is in doubt."""
    assert tuple(classifications(case.said, (case.head,))[case.head].values()) == case.answer


@pytest.mark.parametrize(
    ("doubt", "expected"),
    [
        (None, None),
        (Doubt.MISSING_INFORMATION, {"cause": "missing_information", "probability": 0.91, "threshold": 0.8}),
        (Doubt.LOW_CONFIDENCE, {"cause": "low_confidence", "probability": 0.7, "threshold": 0.4}),
    ],
)
def test_the_cause_of_a_doubt_is_named(doubt: Doubt | None, expected: dict[str, Any] | None) -> None:
    """The cause comes with the probability and the threshold that it is compared with; the tier stays readable."""
    found = details(replace(SURE, doubt=doubt, missing=0.91), CUTS)

    assert found["needs_info"] == expected
    assert found["tier"] == "hard"
    assert found["probabilities"] == {"easy": 0.1, "medium": 0.2, "hard": 0.7}
    assert (found["confidence"], found["domain"], found["artifact"]) == (0.95, "coding", "fake-1")


def test_no_feature_of_the_text_is_told() -> None:
    """Labels and probabilities are all there is."""
    assert set(details(SURE, CUTS)) == {
        "tier",
        "confidence",
        "probabilities",
        "needs_info",
        "missing",
        "ambiguity",
        "domain",
        "artifact",
    }


def test_the_signals_of_a_choice_are_those_of_the_heads() -> None:
    """Both endpoints say the same of a text."""
    heads = classifications(SURE, HEADS)

    assert signals(SURE) == {
        **{head: heads[head]["label"] for head in HEADS},
        "confidence": heads["difficulty"]["confidence"],
    }


SHARES = st.floats(0, 1)


@given(
    tier=st.sampled_from(Tier),
    missing=SHARES,
    more=SHARES,
    logits=st.tuples(*[st.floats(-50, 50)] * len(DOMAINS)),
    doubt=st.none() | st.sampled_from(Doubt),
)
def test_every_answer_is_in_range(
    tier: Tier, missing: float, more: float, logits: tuple[float, ...], doubt: Doubt | None
) -> None:
    """Whatever the classifier says: ids fit labels, probabilities lie in 0..1, a doubt shows in either field."""
    said = an_assessment(
        tier,
        missing=missing,
        unclear=max(missing, more),
        ambiguity=AMBIGUITIES[int(more * 2)],
        domain=DOMAINS[logits.index(max(logits))],
        domain_logits=logits,
        doubt=doubt,
    )
    found = classifications(said, HEADS)

    for head, labels in zip(HEADS, (DIFFICULTIES, AMBIGUITIES, FOLDED_DOMAINS), strict=True):
        assert labels[found[head]["class_id"]] == found[head]["label"]
        assert 0 <= found[head]["confidence"] <= 1
    difficulty = found["difficulty"]
    assert (difficulty["label"] == "needs_info") == (not difficulty["meets_threshold"]) == (doubt is not None)
