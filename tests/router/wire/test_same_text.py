"""Events that are only compared: relayed and counted as if they had been decoded, and nothing else passes as one."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.wire.call import RELAYED_BYTES
from router.wire.chat_stream import DONE, StreamReader
from router.wire.dialects import dialect_of
from router.wire.same_text import SameText
from tests.fakes.completion import chunk, event, read
from tests.fakes.values import a_request

WORD = event(chunk({"content": "word"}))
STOP = event(chunk(finish="stop"))


def a_reader():
    return StreamReader(a_request(stream=True), dialect_of("openai"), 1 << 20)


@settings(deadline=None, max_examples=150)
@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=8), chop=st.integers(1, 200))
def test_text_that_is_only_compared_counts_as_text_that_is_decoded(texts, chop):
    """Events that differ in their text alone are relayed and counted like events that differ in all."""
    same = [event(chunk({"content": text})) for text in ["x", *texts]]
    apart = [event(chunk({"content": text}, more={"created": n})) for n, text in enumerate(["x", *texts])]
    readers = [a_reader() for _ in range(4)]
    outs = [read(readers[0], *same, STOP), read(readers[1], *apart, STOP), read(readers[2], b"".join([*same, STOP]))]
    stream = b"".join([*same, STOP])
    outs.append(read(readers[3], *(stream[at : at + chop] for at in range(0, len(stream), chop))))
    assert outs[0] == outs[2] == outs[3] == (stream + DONE, None)
    assert outs[1] == (b"".join([*apart, STOP]) + DONE, None)
    assert len({repr(reader.consumed()) for reader in readers}) == 1


@pytest.mark.parametrize("odd", [b'"', b"\\", b"\\x", b"\x00", b"\x1f", b"\xff", b"\xc3", b"a\rb", b"a\nb"])
def test_text_that_is_none_is_found_behind_text_that_is(odd):
    """What is no string of JSON breaks the stream, also where the events before it were of the same shape."""
    broken = WORD.replace(b"word", odd)
    assert odd in broken
    first, later = read(a_reader(), broken, STOP), read(a_reader(), WORD, WORD, broken, STOP)
    assert first[1] is not None
    assert later[1] is not None
    assert later[0] == WORD + WORD


@pytest.mark.parametrize(
    "delta",
    [{"content": "word", "role": "assistant"}, {"reasoning": "word"}, {"content": None}, {"content": ""}, {}],
    ids=str,
)
def test_an_event_that_says_more_teaches_nothing(delta):
    """Only events that hold one text and nothing else are compared with."""
    same, first = SameText(), event(chunk(delta))
    same.learn(first, delta)
    assert same.size(first) is None


def test_a_text_that_could_stand_elsewhere_teaches_nothing():
    """An event in which the text's key is there twice is not compared with."""
    same, first = SameText(), event(chunk({"content": "a"}, more={"x": {"content": "a"}}))
    same.learn(first, {"content": "a"})
    assert same.size(first) is None


def test_an_escaped_text_teaches_nothing_and_counts_nothing():
    """Its length on the wire is not that of what it says."""
    same = SameText()
    same.learn(WORD.replace(b"word", b"a\\nb"), {"content": "a\nb"})
    assert same.size(WORD) is None
    same.learn(WORD, {"content": "word"})
    assert same.size(WORD) == len("word")
    assert same.size(WORD.replace(b"word", b"a\\nb")) is None


@settings(deadline=None)
@given(text=st.text(max_size=12))
def test_the_text_itself_is_what_a_decoder_would_find(text):
    """Where an event is known by comparison, its text is too; where it is not, there is none."""
    same, other = SameText(), event(chunk({"content": text}))
    assert same.text(WORD) is None
    same.learn(WORD, {"content": "word"})
    found = same.text(other)
    assert (found is None) == (same.size(other) is None)
    assert found is None or found.decode() == text
    assert same.text(STOP) is None


def framed(content: bytes) -> bytes:
    """Return a chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(content), content)


@settings(deadline=None, max_examples=150)
@given(
    texts=st.lists(st.text(max_size=40), min_size=1, max_size=8),
    full=st.sets(st.integers(0, 8)),
    together=st.lists(st.integers(1, 4), min_size=11, max_size=11),
)
def test_chunks_that_stay_in_their_frames_are_told_and_counted_like_the_others(texts, full, together):
    """Whatever the relay takes, and whenever it has no room, the client reads the same and the tokens are the same."""
    events = [event(chunk({"content": text})) for text in ["x", "x", *texts]] + [STOP]
    reader, other, told, asked = a_reader(), a_reader(), [], [0]

    def push(data: bytes) -> bool:
        asked[0] += 1
        if asked[0] in full:
            return False
        while data:
            size, _, rest = data.partition(b"\r\n")
            content, data = rest[: int(size, 16)], rest[int(size, 16) + 2 :]
            assert rest[int(size, 16) :].startswith(b"\r\n")
            told.append(content)
        return True

    relay = reader.relaying(push)
    coming = iter(events)
    for number in together:
        some = [*itertools.islice(coming, number)]
        length = relay(b"".join(map(framed, some)))
        assert length in (0, sum(map(len, some)))
        if not length:
            told += map(reader.feed, some)
    told.append(reader.finish())
    assert (b"".join(told), None) == read(other, *events)
    assert reader.consumed() == other.consumed()


@pytest.mark.parametrize(
    "odd",
    [
        framed(WORD.replace(b"word", b'a", "b": "c')),
        framed(WORD.replace(b"word", b"a\\n")),
        framed(WORD.replace(b"word", b"a\nb")),
        framed(WORD.replace(b"word", b"\xff")),
        framed(STOP),
        framed(WORD) + framed(STOP),
        framed(WORD) + framed(WORD)[:-1],
        framed(WORD) + framed(WORD) + b"\r\n",
        framed(WORD) + b"0" + framed(WORD),
        framed(WORD) + b"+" + framed(WORD),
        framed(WORD) + framed(WORD).replace(b"word", b"words"),
        framed(WORD) + framed(WORD).replace(b"word", b"w\nrd"),
        framed(WORD) + framed(WORD).replace(b"word", b"wo"),
        framed(WORD)[:-1],
        b"0" + framed(WORD),
        framed(WORD).replace(b"\r\n", b";a=b\r\n", 1),
        framed(WORD)[:2].upper() + b" " + framed(WORD)[2:],
        b"1" + framed(WORD),
        framed(WORD).replace(b"word", b"words"),
        WORD,
        b"",
        b"\0",
    ],
    ids=repr,
)
def test_what_is_not_one_chunk_of_text_stays_behind(odd):
    """Other chunks behind, half of one, a size written otherwise or wrong, another event: nothing is done with it."""
    reader, told = a_reader(), []
    relay = reader.relaying(lambda data: told.append(data) is None)
    assert relay(framed(WORD)) == 0  # nothing is known yet
    read(reader, WORD, WORD, WORD)
    before = reader.consumed()
    assert relay(odd) == 0
    assert (told, reader.consumed()) == ([], before)
    assert relay(framed(WORD)) == len(WORD)
    assert told == [framed(WORD)]


def test_a_key_in_escapes_teaches_nothing():
    """Where the key is written otherwise, what looks like it is another one: its text would be counted instead."""
    same = SameText()
    odd = b'data: {"content":"yyyy","choices":[{"index":0,"delta":{"c\\u006fntent":"yyyy"}}]}\n\n'
    same.learn(odd, {"content": "yyyy"})
    assert same.size(odd) is None


def test_several_chunks_of_text_go_on_together():
    """What a busy loop finds together leaves together; not where it is more than others should wait for."""
    reader, told = a_reader(), []
    relay = reader.relaying(lambda data: told.append(data) is None)
    read(reader, WORD, WORD, WORD)
    several = framed(WORD) + framed(WORD.replace(b"word", b"w\xc3\xb6rt")) + framed(WORD.replace(b"word", b""))
    assert relay(several) == sum(map(len, (WORD, WORD.replace(b"word", b"w\xc3\xb6rt"), WORD))) - 4
    assert told == [several]
    most = RELAYED_BYTES // len(framed(WORD))
    assert relay(framed(WORD) * most) == len(WORD) * most
    assert relay(framed(WORD) * (most + 1)) == 0
    assert relay(framed(WORD.replace(b"word", b"w" * RELAYED_BYTES))) == 0


def test_nothing_overtakes_the_half_of_an_event():
    """A chunk that would be relayed waits behind what is not whole yet."""
    reader, told = a_reader(), []
    relay = reader.relaying(lambda data: told.append(data) is None)
    for one in (WORD, WORD, WORD[:20]):
        reader.feed(one)
    assert relay(framed(WORD)) == 0
    reader.feed(WORD[20:])
    assert relay(framed(WORD)) == len(WORD)


def test_with_a_small_limit_nothing_is_relayed():
    """An event is held against the limit for one event wherever that could matter."""
    assert StreamReader(a_request(stream=True), dialect_of("openai"), 1_000).relaying(lambda _data: True) is None
