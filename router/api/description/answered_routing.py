"""The answers of the routing endpoints, the model list, health and readiness."""

from classifier.assessment import AMBIGUITIES, DOMAINS, Doubt
from classifier.tier import Tier
from router.api.classification import DIFFICULTIES, FOLDED_DOMAINS, HEADS
from router.api.description.schema import (
    COUNT,
    FLAG,
    INTEGER,
    NAME,
    SHARE,
    TEXT,
    Schema,
    a_list,
    an_object,
    named,
    one_of,
    or_null,
)
from router.policy.decision import Cause, Reason

_TIER = one_of(*(tier.label for tier in Tier))
_MAYBE_TIER = one_of(*(tier.label for tier in Tier), None)
_USD = or_null({"type": "string", "description": "USD, a decimal number; null where unknown."})

_CLASS = an_object({"class_id": INTEGER, "label": TEXT, "confidence": or_null(SHARE), "meets_threshold": FLAG})
_PROBABILITIES = an_object({tier.label: SHARE for tier in Tier})
_DOUBT = an_object({"cause": one_of(*(doubt.value for doubt in Doubt)), "probability": SHARE, "threshold": SHARE})
_DETAILS = {
    "tier": _TIER,
    "confidence": SHARE,
    "probabilities": _PROBABILITIES,
    "needs_info": or_null(_DOUBT),
    "missing": SHARE,
    "ambiguity": one_of(*AMBIGUITIES),
    "domain": one_of(*DOMAINS),
    "artifact": NAME,
}

CLASSIFICATION: Schema = an_object({"classifications": an_object({}, dict.fromkeys(HEADS, _CLASS)), **_DETAILS})

DIFFICULTY: Schema = an_object({"difficulty": one_of(*DIFFICULTIES)})

CHOICE: Schema = an_object(
    {
        "model": TEXT,
        "provider": or_null(TEXT),
        "difficulty": one_of(*DIFFICULTIES),
        "upstream": or_null(NAME),
        "expected_cost_usd": _USD,
        "required_tier": _MAYBE_TIER,
        "reason": one_of(*(reason.value for reason in Reason), "no_eligible_upstream"),
        "route": NAME,
        "dial": NAME,
    },
    {**_DETAILS, "domain": one_of(*FOLDED_DOMAINS)},
)

_CANDIDATE = an_object(
    {"upstream": NAME, "provider": NAME, "model": NAME, "tier": _TIER, "expected_cost_usd": _USD, "trial": FLAG}
)
_ASSESSMENT = an_object(
    {
        "tier": _TIER,
        "probabilities": _PROBABILITIES,
        "confidence": SHARE,
        "missing": SHARE,
        "ambiguity": one_of(*AMBIGUITIES),
        "domain": one_of(*DOMAINS),
        "doubt": one_of(*(doubt.value for doubt in Doubt), None),
        "artifact": NAME,
    }
)

EXPLANATION: Schema = an_object(
    {
        "model_asked": NAME,
        "route": or_null(NAME),
        "label": one_of(*DIFFICULTIES, None),
        "required_tier": _MAYBE_TIER,
        "reason": one_of(*(reason.value for reason in Reason)),
        "assessment": or_null(_ASSESSMENT),
        "thresholds": or_null(an_object(dict.fromkeys(("medium", "hard", "confidence", "missing"), SHARE))),
        "candidates": a_list(_CANDIDATE, minItems=1),
        "rejected": a_list(
            an_object({"upstream": NAME, "cause": one_of(*(cause.value for cause in Cause)), "detail": TEXT})
        ),
        "baseline": or_null(_CANDIDATE),
        "explanation": a_list(TEXT),
    }
)

MODEL: Schema = an_object(
    {
        "id": NAME,
        "object": one_of("model"),
        "created": INTEGER,
        "owned_by": NAME,
        "context_length": or_null(COUNT),
        "architecture": an_object({"input_modalities": a_list(TEXT), "output_modalities": a_list(TEXT)}),
    },
    {"dimensions": or_null(COUNT)},
)

MODELS: Schema = an_object({"object": one_of("list"), "data": a_list(named("Model"))})

HEALTH: Schema = an_object({"status": one_of("ok"), "version": NAME})

READINESS: Schema = an_object(
    {"status": one_of("ok", "stopping"), "version": NAME},
    {"configuration_loaded_at": TEXT, "configuration": TEXT, "configuration_refused_at": TEXT},
)
