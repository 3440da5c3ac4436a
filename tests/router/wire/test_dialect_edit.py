"""A body in one provider's words: what is said otherwise, what is lost, and that nothing else changes."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.api.inbound import read
from router.errors import MalformedRequest
from router.wire.dialect import DROPPED, Dialect, Fixed, Rule, near, same
from router.wire.dialect_edit import edited, has_escaped_letters
from router.wire.dialects import DIALECTS, dialect_of
from tests.fakes.strict import refusal

PLAIN: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": 'say "gone": 1'}]}

DIALECT = Dialect(
    title="t",
    drop=frozenset({"gone", "n"}),
    rules={
        "limit": Rule(to="cap"),
        "shy": Rule(to="bold", yields=True),
        "choice": Rule(says={"a": same(b'"A"'), "b": near(b'"B"'), "elsewhere": same(b"1", "other"), "x": DROPPED}),
        "all": Rule(says={True: same(b"1")}, otherwise=near(b"0")),
        "heat": Rule(high=1.5),
        "stop": Rule(items=2, item_bytes=3),
    },
    fixed=(Fixed(name="extra", value=b"[1]", beside=frozenset({"asks"})),),
)
CLOSED = Dialect(title="c", knows=frozenset({"model", "messages", "cap"}), rules={"limit": Rule(to="cap")})


@dataclass(frozen=True)
class Case:
    id: str
    given: dict[str, Any]
    sent: dict[str, Any]
    dropped: tuple[str, ...] = ()
    dialect: Dialect = DIALECT


CASES = [
    Case("untouched", {"y": 1}, {"y": 1}),
    Case("dropped", {"y": 1, "gone": {"a": [1]}}, {"y": 1}, ("gone",)),
    Case("dropped-null", {"gone": None}, {}),
    Case("dropped-default", {"n": 1}, {}),
    Case("renamed", {"limit": 5}, {"cap": 5}),
    Case("renamed-null", {"limit": None}, {"cap": None}),
    Case("renamed-displaces", {"cap": 4, "limit": 5}, {"cap": 5}),
    Case("renamed-yields", {"shy": 5, "bold": 4}, {"bold": 4}),
    Case("renamed-yields-to-none", {"shy": 5}, {"bold": 5}),
    Case("same", {"choice": "a"}, {"choice": "A"}),
    Case("near", {"choice": "b"}, {"choice": "B"}, ("choice",)),
    Case("elsewhere", {"choice": "elsewhere"}, {"other": 1}),
    Case("no-counterpart", {"choice": "x"}, {}, ("choice",)),
    Case("not-named", {"choice": "z"}, {"choice": "z"}),
    Case("object", {"choice": {"b": 1}}, {"choice": {"b": 1}}),
    Case("null-says-nothing", {"choice": None}, {}),
    Case("true", {"all": True}, {"all": 1}),
    Case("otherwise", {"all": [1]}, {"all": 0}, ("all",)),
    Case("otherwise-number", {"all": 7}, {"all": 0}, ("all",)),
    Case("too-much", {"heat": 2}, {"heat": 1.5}, ("heat",)),
    Case("just-right", {"heat": 1.5}, {"heat": 1.5}),
    Case("no-number", {"heat": True}, {"heat": True}),
    Case("too-many", {"stop": ["a", "b", "c"]}, {}, ("stop",)),
    Case("too-long", {"stop": "a\u00e9\u00e9"}, {}, ("stop",)),
    Case("one-too-long", {"stop": ["a", "abcd"]}, {}, ("stop",)),
    Case("fits", {"stop": ["abc", "abc"]}, {"stop": ["abc", "abc"]}),
    Case("added", {"asks": 1}, {"extra": [1], "asks": 1}),
    Case("there-already", {"asks": 1, "extra": 0}, {"asks": 1, "extra": 0}),
    Case("closed", {"y": 1, "z": None, "limit": 5}, {"cap": 5}, ("y",), CLOSED),
    Case("closed-known", {"cap": 5}, {"cap": 5}, (), CLOSED),
]


@pytest.mark.parametrize("size", [0, 9000], ids=["small", "large"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_edits(case, size):
    """What the dialect says of each member is done, and what could not be kept is named, in bodies of any size."""
    plain = {**PLAIN, "messages": [{"role": "user", "content": "x" * size}]}
    body, dropped = edited(json.dumps({**plain, **case.given}).encode(), case.dialect)
    assert json.loads(body) == {**plain, **case.sent}
    assert dropped == case.dropped


def test_names_that_only_stand_in_texts_are_left_alone():
    """A prompt may speak of members, and nested members are not top-level ones."""
    body = json.dumps({**PLAIN, "y": {"gone": 1, "limit": 2}}).encode()
    assert edited(body, DIALECT) == (body, ())


def test_escaped_names_do_not_slip_past():
    r"""A name may be written with \u escapes."""
    body = rb'{"model":"m","\u0067one":1,"l\u0069mit":5}'
    assert has_escaped_letters(body)
    changed, dropped = edited(body, DIALECT)
    assert json.loads(changed) == {"model": "m", "cap": 5}
    assert dropped == ("gone",)


def test_a_member_that_is_there_twice_is_dropped_twice_and_named_once():
    """No copy of a refused member remains."""
    body, dropped = edited(b'{"model":"m","gone":1,"y":2,"gone":3}', DIALECT)
    assert (body, dropped) == (b'{"model":"m","y":2}', ("gone",))


def test_space_and_spelling_of_the_rest_remain():
    """Bytes between and inside the members kept are the client's."""
    body, _ = edited(b' { "gone" : 1 ,\n"model": "m", "limit" : 1.0e0 ,"y" : 2.50 } \n', DIALECT)
    assert body == b' { "model": "m", "cap":1.0e0 ,"y" : 2.50 } \n'


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 200),
    st.floats(0, 3),
    st.sampled_from(["auto", "required", "none", "low", "high", "max", "x" * 40]),
    st.lists(st.sampled_from(["END", "y" * 40]), max_size=7),
    st.just({"type": "function"}),
)
NAMES = st.sampled_from(
    [
        "temperature", "top_p", "n", "stop", "seed", "user", "store", "logprobs", "top_logprobs", "logit_bias",
        "max_tokens", "max_completion_tokens", "tool_choice", "reasoning_effort", "parallel_tool_calls", "thinking",
        "provider", "response_format", "random_seed", "unknown",
    ]
)  # fmt: skip
KINDS = st.sampled_from([(kind, model) for kind in DIALECTS for model in ("m", "kimi-k2.6", "kimi-k2", "morph-v3")])


@settings(deadline=None, max_examples=300)
@given(KINDS, st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_request_becomes_one_in_the_dialect(kind, members):
    """Editing twice is editing once, model and messages stay, what is dropped was there and no name is there twice."""
    dialect = dialect_of(*kind)
    body, dropped = edited(json.dumps({**PLAIN, **members}).encode(), dialect)
    pairs = json.loads(body, object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    sent = json.loads(body)
    assert (sent["model"], sent["messages"]) == (PLAIN["model"], PLAIN["messages"])
    assert set(dropped) <= members.keys()
    assert dialect.knows is None or sent.keys() <= dialect.knows
    assert not sent.keys() & dialect.drop
    assert edited(body, dialect)[0] == body


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["kimi-k2.6", "kimi-k2.7-code", "kimi-k3"]), st.floats(0, 2), st.integers(1, 9))
def test_no_sampling_reaches_a_model_that_fixes_it(model, heat, choices):
    """Whatever a client asks, Kimi K2.5 and later are asked for none of it."""
    body = json.dumps({**PLAIN, "model": model, "temperature": heat, "n": choices, "top_p": heat / 2}).encode()
    changed, dropped = edited(body, dialect_of("moonshot", model))
    assert refusal("moonshot", changed) is None
    assert ("temperature" in dropped) is (heat != 1)
    assert ("n" in dropped) is (choices != 1)


def test_the_nearest_to_a_value_that_is_taken_is_that_value():
    """Where the nearest is what was asked for nothing is lost, whatever else is edited."""
    dialect = Dialect(title="t", drop=frozenset({"gone"}), rules={"choice": Rule(otherwise=near(b'"auto"'))})
    body, dropped = edited(json.dumps({**PLAIN, "gone": 1, "choice": "auto"}).encode(), dialect)
    assert json.loads(body) == {**PLAIN, "choice": "auto"}
    assert dropped == ("gone",)


@pytest.mark.parametrize("name", ["heat", "n", "y"])
def test_values_that_are_too_deep_are_the_clients_fault(name):
    """The parser's limit is met with a refusal, not with a failure of ours."""
    deep = b"[" * 20_000 + b"]" * 20_000
    with pytest.raises(MalformedRequest, match="too deeply"):
        edited(b'{"model":"m","%s":%s}' % (name.encode(), deep), DIALECT)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.title)
def test_no_member_slips_an_edit_by_being_there_twice(dialect):
    """What a table would drop, rename or bound is refused when a body has it twice: one would be overlooked."""
    for name in sorted(dialect.names | {"temperature"}):
        body = f'{{"model":"auto","messages":[{{"role":"user","content":"u"}}],"{name}":null,"{name}":null}}'
        with pytest.raises(MalformedRequest, match="twice"):
            read(body.encode(), request_id="r", caller="c")
