"""Events as bytes: numbered, and the same whether written in one go or from a prepared head."""

import json

from hypothesis import given
from hypothesis import strategies as st

from router.wire.responses_events import Events, Silence, encode, piece_head
from tests.fakes.responses import events_of

KIND = "response.output_text.delta"
WHERE = {"item_id": "msg_1", "output_index": 2, "content_index": 1, "logprobs": []}


@given(texts=st.lists(st.text(), min_size=1, max_size=5))
def test_a_piece_is_the_event_that_emit_would_write(texts) -> None:
    """The prepared head saves work and changes nothing; numbers count over both ways."""
    events = Events()
    for text in texts:
        events.piece(piece_head(KIND, WHERE), encode(text))
        events.emit(KIND, {**WHERE, "delta": text})

    read = events_of(events.taken())

    for number, text in enumerate(texts):
        expected = {"type": KIND, **WHERE, "delta": text}
        assert read[2 * number] == expected | {"sequence_number": 2 * number}
        assert read[2 * number + 1] == expected | {"sequence_number": 2 * number + 1}


def test_what_was_taken_is_gone() -> None:
    """Each byte is given out once."""
    events = Events()
    events.emit("x", {})

    assert json.loads(events.taken().split(b"data: ")[1]) == {"type": "x", "sequence_number": 0}
    assert events.taken() == b""
    assert events.number == 1


def test_silence_takes_everything() -> None:
    """An answer that is not streamed has nobody to tell."""
    silence = Silence()

    assert silence.emit("x", {}) is None
    assert silence.piece(b"", b"") is None
