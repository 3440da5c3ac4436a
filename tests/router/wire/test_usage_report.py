"""Usage objects in every host's spelling."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.usage import Usage
from router.wire.usage_report import counts_nothing, estimate, read_input_usage, read_usage, spoken_bytes


@dataclass(frozen=True)
class Case:
    id: str
    value: Any
    expected: Usage | None


def counts(**more):
    return {"prompt_tokens": 100, "completion_tokens": 20, **more}


def plain(**more):
    return Usage(**{"input": 100, "output": 20, **more})


CASES = [
    Case("plain", counts(), plain()),
    Case("zero", {"prompt_tokens": 0, "completion_tokens": 0}, Usage(input=0, output=0)),
    Case("details", counts(prompt_tokens_details={"cached_tokens": 40, "audio_tokens": 0}), plain(cached_input=40)),
    Case("details-null", counts(prompt_tokens_details=None, completion_tokens_details=None), plain()),
    Case("cached-zero", counts(prompt_tokens_details={"cached_tokens": 0}), plain(cached_input=0)),
    Case("written", counts(prompt_tokens_details={"cache_write_tokens": 30}), plain(cache_write=30)),
    Case("deepseek", counts(prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36), plain(cached_input=64)),
    Case("moonshot", counts(cached_tokens=10), plain(cached_input=10)),
    Case("mistral", counts(num_cached_tokens=11), plain(cached_input=11)),
    Case("reasoning", counts(completion_tokens_details={"reasoning_tokens": 15}), plain(reasoning=15)),
    Case(
        "reasoning-beside-output",
        counts(total_tokens=150, completion_tokens_details={"reasoning_tokens": 30}),
        plain(output=50, reasoning=30),
    ),
    Case("cached-beyond-input", counts(cached_tokens=101), plain()),
    Case("written-beyond-the-rest", counts(cached_tokens=90, cache_write_tokens=20), plain(cached_input=90)),
    Case("reasoning-beyond-output", counts(completion_tokens_details={"reasoning_tokens": 21}), plain()),
    Case("negative", {"prompt_tokens": -1, "completion_tokens": 2}, None),
    Case("negative-part", counts(cached_tokens=-1), plain()),
    Case("missing-output", {"prompt_tokens": 3}, None),
    Case("floats", {"prompt_tokens": 100.0, "completion_tokens": 20.0}, plain()),
    Case(
        "floats-inside", counts(total_tokens=120.0, prompt_tokens_details={"cached_tokens": 4.0}), plain(cached_input=4)
    ),
    Case("fraction", {"prompt_tokens": 3.5, "completion_tokens": 2}, None),
    Case("infinite", {"prompt_tokens": float("inf"), "completion_tokens": 2}, None),
    Case("too-many-in-a-float", {"prompt_tokens": 1e300, "completion_tokens": 2.0}, None),
    Case("text", {"prompt_tokens": "3", "completion_tokens": "4"}, None),
    Case("list", [1], None),
    Case("empty", {}, None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_reads(case):
    """The buckets are inclusive; what is not reported is None, what is 0 is 0."""
    assert read_usage(case.value) == case.expected


ODD = st.one_of(st.none(), st.integers(-5, 50), st.floats(), st.text(max_size=2), st.lists(st.integers(), max_size=1))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens"]),
        ODD,
    ),
    ODD,
)
def test_never_fails_an_answer(value, cost):
    """Whatever a host reports, reading it gives legal counts or nothing."""
    usage = read_usage({**value, "cost": cost}, reports_cost=True)
    assert usage is None or usage.input >= 0


@pytest.mark.parametrize(
    ("more", "cost"),
    [
        ({"cost": 0.00014}, Decimal("0.00014")),
        ({"cost": 0}, Decimal(0)),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, Decimal("0.21")),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}}, Decimal("0.01")),
        ({"cost": -1}, None),
        ({"cost": None}, None),
        ({}, None),
    ],
)
def test_reads_the_bill(more, cost):
    """The bill is exact; with a key of one's own the far host's charge is added."""
    assert read_usage(counts(**more), reports_cost=True).reported_cost == cost


def test_reads_input_counts_in_floats():
    """Embeddings are counted as well as answers."""
    assert read_input_usage({"prompt_tokens": 11.0}) == Usage(input=11, output=0)
    assert read_input_usage({"prompt_tokens": 11.5}) is None


@pytest.mark.parametrize(
    ("value", "nothing"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, True),
        ({"prompt_tokens": 0.0, "completion_tokens": None}, True),
        ({}, True),
        ({"prompt_tokens": 1, "completion_tokens": 0}, False),
        ({"prompt_tokens": 0, "completion_tokens": 1}, False),
        (None, False),
        ([0], False),
    ],
)
def test_tells_what_counts_nothing(value, nothing):
    """Zeros and gaps alone count nothing; what is no usage object is left to its reader."""
    assert counts_nothing(value) is nothing


def test_estimates_a_token_for_four_bytes():
    """An estimate says that it is one."""
    assert estimate(12, 9) == Usage(input=12, output=3, estimated=True)


def test_counts_what_is_said():
    """Text, reasoning and tool calls are said; roles, ids and types are not; a hostile depth ends."""
    call = {"id": "call_1", "type": "function", "index": 0, "function": {"name": "abc", "arguments": "{}"}}
    assert spoken_bytes({"role": "assistant", "content": "é", "reasoning": "xx", "tool_calls": [call]}) == 9
    assert spoken_bytes({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "abcd"}]}]}) == 4
    deep = "x"
    for _ in range(900):
        deep = [deep]
    assert spoken_bytes(deep) == 0
    assert spoken_bytes(None) == 0
