"""Properties of the translated stream: cuts cannot be seen; text and arguments survive."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.wire.anthropic_answer import Telling
from router.wire.anthropic_stream import MessageStream
from tests.fakes.anthropic_events import blocks, parsed
from tests.fakes.completion import DONE, chunk, event


def told(*pieces: bytes) -> list[dict[str, Any]]:
    """Return the data of the events that these pieces lead to."""
    stream = MessageStream(Telling(message_id="msg_1", model="m", input_tokens=5))
    return parsed(b"".join(map(stream.feed, pieces)))


def call(index: int, arguments: str, **more: Any) -> bytes:
    """Return a chunk of a call; `more` may hold its id and its name."""
    function = {"arguments": arguments, **({"name": more.pop("name")} if "name" in more else {})}
    return event(chunk({"tool_calls": [{"index": index, "function": function, **more}]}))


WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12)
PIECES = st.lists(
    st.one_of(
        WORDS.map(lambda words: chunk({"content": words})),
        WORDS.map(lambda words: chunk({"reasoning_content": words})),
        st.tuples(st.integers(0, 2), WORDS).map(
            lambda pair: chunk(
                {
                    "tool_calls": [
                        {"index": pair[0], "id": f"c{pair[0]}", "function": {"name": "f", "arguments": pair[1]}}
                    ]
                }
            )
        ),
    ),
    max_size=8,
)


@given(pieces=PIECES, data=st.data())
def test_any_cut_gives_the_same_events(pieces: list[dict[str, Any]], data: st.DataObject) -> None:
    """Where the network cuts the stream cannot be seen by the client."""
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    whole = b"".join(event(piece, newline=newline) for piece in pieces) + DONE
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    one_by_one = told(*(event(piece) for piece in pieces), DONE)
    assert told(*parts) == one_by_one
    blocks(one_by_one)


@given(words=st.lists(WORDS, min_size=1, max_size=6), thoughts=st.lists(WORDS, max_size=3), escaped=st.booleans())
def test_text_survives(words: list[str], thoughts: list[str], escaped: bool) -> None:
    """Text and reasoning come through as they were said, escaped or not."""
    said = [{"reasoning": thought} for thought in thoughts] + [{"content": word} for word in words]
    whole = blocks(
        told(*(f"data: {json.dumps(chunk(delta), ensure_ascii=escaped)}\n\n".encode() for delta in said), DONE)
    )

    assert "".join(block["text"] for block in whole if block["type"] == "text") == "".join(words)
    assert "".join(block["thinking"] for block in whole if block["type"] == "thinking") == "".join(thoughts)


@given(
    values=st.lists(st.dictionaries(WORDS, WORDS | st.integers(), max_size=3), min_size=1, max_size=3),
    data=st.data(),
)
def test_arguments_survive(values: list[dict[str, Any]], data: st.DataObject) -> None:
    """Whatever the order in which the pieces of several calls come, each call has its own arguments."""
    pending = []
    for index, value in enumerate(values):
        written = json.dumps(value)
        cut = data.draw(st.integers(0, len(written)))
        pending.append([call(index, written[:cut], id=f"c{index}", name="f"), call(index, written[cut:])])
    pieces = []
    while any(pending):
        pieces.append(data.draw(st.sampled_from([calls for calls in pending if calls])).pop(0))
    whole = blocks(told(*pieces, event(chunk(finish="tool_calls")), DONE))

    assert {block["id"]: block["json"] for block in whole} == {
        f"c{index}": json.dumps(value) for index, value in enumerate(values)
    }
