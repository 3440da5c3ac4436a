"""Top-level edits of a JSON body: what a strict parser then reads is what was meant, and no other byte moved."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import MalformedRequest
from router.wire.json_body import (
    NOWHERE,
    drop_fields,
    drop_in_items,
    locate_model,
    members,
    messages_span,
    refuse_twice,
    set_field,
    splice,
)

RELAXED = settings(deadline=None, max_examples=60)
"""No deadline: the machine may be busy."""

KEYS = st.one_of(
    st.sampled_from(["model", "messages", "stream", "stream_options", "Model", "tools", "a\nb", 'a"b', "\u2028", "é"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    KEYS,
    st.sampled_from(['"model":"x"', '\\"model\\": "x"', "}{][", "\\", 'x"model"']),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
SPACE = st.sampled_from(["", " ", "\n", "\t", "\r\n  "])


@st.composite
def texts(draw, value):
    """Return a JSON text of `value` with odd whitespace and escapes where the grammar allows them."""
    if isinstance(value, str):
        return draw(quoted(value))
    if isinstance(value, list):
        inner = ",".join([draw(SPACE) + draw(texts(item)) + draw(SPACE) for item in value])
        return f"[{inner or draw(SPACE)}]"
    if isinstance(value, dict):
        parts = [
            f"{draw(SPACE)}{draw(quoted(key))}{draw(SPACE)}:{draw(SPACE)}{draw(texts(item))}{draw(SPACE)}"
            for key, item in value.items()
        ]
        return "{" + (",".join(parts) or draw(SPACE)) + "}"
    return json.dumps(value)


@st.composite
def quoted(draw, text):
    """Return a JSON string of `text`: plain, ASCII only, or with every character escaped."""
    form = draw(st.sampled_from(["plain", "ascii", "escaped"]))
    if form == "escaped":
        units = text.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'
    return json.dumps(text, ensure_ascii=form == "ascii")


@st.composite
def bodies(draw, *needed):
    """Return (value, body): a JSON object with the needed members among arbitrary ones, written somehow."""
    value = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    folded = {key.casefold(): key for key in value}
    value = {key: value[key] for key in folded.values() if key.casefold() not in needed}
    for key in needed:
        value[key] = draw(VALUES)
    keys = draw(st.permutations(list(value)))
    value = {key: value[key] for key in keys}
    return value, (draw(SPACE) + draw(texts(value)) + draw(SPACE)).encode()


def strict(body):
    """Parse with another parser than the code's; refuse duplicate keys anywhere."""

    def unique(pairs):
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    return json.loads(body, object_pairs_hook=unique)


@RELAXED
@given(data=st.data(), model=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8))
def test_setting_the_model_changes_nothing_else(data, model):
    """A strict parser of the spliced body sees exactly the new model, and every other member as it was."""
    value, body = data.draw(bodies("model"))
    value["model"] = "auto"
    body = set_field(body, "model", b'"auto"')
    raw = json.dumps(model).encode()
    span = locate_model(body)
    spliced = splice(body, [(span, raw)])
    assert body[span[0] : span[1]] == b'"auto"'
    assert list(strict(spliced).items()) == list({**value, "model": model}.items())
    assert spliced[: span[0]] == body[: span[0]]
    assert spliced[span[0] + len(raw) :] == body[span[1] :]


@RELAXED
@given(data=st.data(), messages=st.lists(VALUES, min_size=1, max_size=3))
def test_skipping_the_messages_finds_the_same_model(data, messages):
    """Where the messages stand, however often their bytes occur, the model found is the top-level one."""
    value, _ = data.draw(bodies("model"))
    value.update(model="auto", messages=messages, copy=messages)
    body = json.dumps(value).encode()
    span = messages_span(body, json.dumps(messages).encode())
    assert locate_model(body, span) == locate_model(body, NOWHERE)
    start, end = locate_model(body, span)
    assert strict(body[:start] + b'"m"' + body[end:]) == {**value, "model": "m"}


@RELAXED
@given(data=st.data(), again=VALUES)
def test_no_body_passes_with_a_member_twice(data, again):
    """Wherever it is put, written however, what is there again is found."""
    value, body = data.draw(bodies("model"))
    body = set_field(body, "model", b'"auto"')
    name = json.dumps(data.draw(st.sampled_from(list(value))), ensure_ascii=data.draw(st.booleans()))
    twice = body.rstrip()[:-1] + f",{name}:{json.dumps(again)}}}".encode()
    with pytest.raises(MalformedRequest):
        locate_model(twice)


@RELAXED
@given(data=st.data())
def test_members_are_the_top_level_ones_in_order(data):
    """The spans of the members hold the keys and values that a parser reads."""
    value, body = data.draw(bodies())
    found = members(body)
    assert [member.key for member in found] == list(value)
    for member in found:
        assert json.loads(body[member.value : member.end]) == value[member.key]
        assert strict(b"{" + body[member.start : member.end] + b"}") == {member.key: value[member.key]}


def test_members_that_are_there_twice_are_both_found():
    """The value that a parser keeps is not taken for the one that it drops, however alike they begin."""
    body = b'{"a":12,"a":1,"b":[1,[2]],"b":"[","a":{}, "b":true}'
    assert [body[member.start : member.end] for member in members(body)] == [
        b'"a":12',
        b'"a":1',
        b'"b":[1,[2]]',
        b'"b":"["',
        b'"a":{}',
        b'"b":true',
    ]
    assert [(member.value, member.end) for member in members(b'{"a":12,"a":1}')] == [(5, 7), (12, 13)]


@RELAXED
@given(data=st.data())
def test_what_is_dropped_is_what_was_named(data):
    """A strict parser reads the same members but for those dropped."""
    value, body = data.draw(bodies())
    names = list(value)
    drop = set(data.draw(st.lists(st.sampled_from(names), max_size=2))) if names else set()
    edited = strict(drop_fields(body, drop))
    expected = {key: item for key, item in value.items() if key not in drop}
    assert list(edited.items()) == list(expected.items())


@RELAXED
@given(data=st.data(), key=KEYS, new=VALUES)
def test_setting_a_field_sets_that_field(data, key, new):
    """A field is replaced in place or added, the others stay."""
    value, body = data.draw(bodies())
    assert strict(set_field(body, key, json.dumps(new).encode())) == {**value, key: new}


@dataclass(frozen=True)
class Twice:
    id: str
    body: str
    param: str | None


TWICE = [
    Twice("model", '{"model":"a","messages":[],"model":"b"}', "model"),
    Twice("escaped", '{"model":"a","\\u006dodel":"b"}', "model"),
    Twice("escaped-last-letter", '{"mode\\u006c":"a","model":"b"}', "model"),
    Twice("capital-escape", '{"model":"a","\\u004dodel":"b"}', "model"),
    Twice("other-case", '{"model":"a","MODEL":"b"}', "model"),
    Twice("messages", '{"model":"a","messages":[1],"messages":[2]}', "messages"),
    Twice("stream", '{"model":"a","stream":true,"stream":false}', "stream"),
    Twice("options", '{"model":"a","stream_options":{},"Stream_Options":{}}', "stream_options"),
    Twice("sampling", '{"temperature":1,"model":"a","temperature":"x"}', "temperature"),
    Twice("sampling-spaced", '{"temperature": 1, "model": "a", "temperature": "x"}', "temperature"),
    Twice("of-one-length", '{"model": "a", "n":1,"n":2}', "n"),
    Twice("escaped-sampling", '{"model":"a","n":1,"\\u006e":2}', "n"),
    Twice("unknown", '{"a":1,"model":"auto","a":[2,{"a":3}]}', "a"),
    Twice("unknown-case", '{"x_Y":1,"model":"auto","X_y":1}', "x_y"),
    Twice("no-word", '{"a b":1,"model":"auto","a b":1}', None),
    Twice("long-s", '{"model":"a","stream":true,"ſtream":false}', "stream"),
    Twice("escaped-long-s", '{"model":"a","stream":true,"\\u017ftream":false}', "stream"),
]


@pytest.mark.parametrize("case", TWICE, ids=lambda case: case.id)
def test_refuses_what_parsers_read_differently(case):
    """A member that is there twice is refused, however it is spelled and whatever stands around it."""
    with pytest.raises(MalformedRequest) as caught:
        locate_model(case.body.encode())
    assert caught.value.param == case.param


@dataclass(frozen=True)
class Once:
    id: str
    body: str


ONCE = [
    Once("nested-key", '{"tools":[{"model":"x"}],"model":"auto","metadata":{"model":"y"}}'),
    Once("as-text", '{"user":"model","model":"auto"}'),
    Once("escaped-key", '{"a":{"model":"x"},"\\u006d\\u006fdel":"auto"}'),
    Once("quoted-in-text", '{"user":"say \\"model\\":\\"x\\"","model":"auto"}'),
    Once("ends-in-model", '{"x\\"model":"x","model":"auto"}'),
    Once("nested-stream", '{"a":{"stream":1,"messages":2},"model" : \n"auto","stream":true}'),
    Once("nested-duplicates", '{"a":{"b":1,"b":2},"model":"auto","b":[{"model":"x","n":1}],"n":1}'),
    Once("no-lower-case", '{"1":1,"model":"auto","X":[2]}'),
]


@pytest.mark.parametrize("case", ONCE, ids=lambda case: case.id)
def test_finds_the_top_level_model(case):
    """Keys of the same name in tool schemas, and its name in texts, are not the model."""
    body = case.body.encode()
    start, end = locate_model(body)
    assert body[start:end] == b'"auto"'
    assert json.loads(body[:start] + b'"m"' + body[end:]) == {**json.loads(body), "model": "m"}


def test_an_edit_touches_no_other_byte():
    """Whitespace, number forms and order survive; a dropped member takes the gap behind it along."""
    body = b'{ "user": "u",\n  "n" : 1.0e2 , "logit_bias":{"1":2},\t"x":[ 1 ]}'
    assert drop_fields(body, ("logit_bias", "user")) == b'{ "n" : 1.0e2,\t"x":[ 1 ]}'
    assert drop_fields(body, ("user", "n", "logit_bias", "x")) == b"{ }"
    assert drop_fields(b"{ }", ("x",)) == b"{ }"


def test_drops_members_of_the_objects_in_a_list():
    """Of that list alone, at its own level, and no other byte is touched."""
    body = b'{"a": [{"x":1}], "l" : [ {"x": [{"x":2}], "y":{"x":3}} ,{"y":"\\ud83d"},{"x":1}], "x":4}'
    assert drop_in_items(body, "l", ("x",)) == b'{"a": [{"x":1}], "l" : [ {"y":{"x":3}} ,{"y":"\\ud83d"},{}], "x":4}'
    assert drop_in_items(body, "m", ("x",)) == body
    assert drop_in_items(b'{"l": [ ]}', "l", ("x",)) == b'{"l": [ ]}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"b"}',
        b'{"model":"a","x":{"model":1},"model":"b"}',
        b'{"model":"a","mod\\u0065l":"b"}',
        b'{"model":"a","Model":"c","model":"b"}',
    ],
)
def test_a_member_that_is_there_twice_is_refused(body):
    """Also when one of the two is written with escapes."""
    with pytest.raises(MalformedRequest, match="'model' is there twice") as caught:
        refuse_twice(body)

    assert caught.value.param == "model"


@pytest.mark.parametrize(
    "body",
    [b'{"model":"a"}', b'{"x":{"model":1,"b":"\\u0065"},"model":"b"}', b'["model","model"]', b'{"model" "model"'],
)
def test_a_member_that_is_there_once_passes(body):
    """Names further down are others, and what is no object is somebody else's to refuse."""
    refuse_twice(body)
