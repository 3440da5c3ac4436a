"""What is kept, as its caller asks for it: bytes, pages, and what is not there."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.api.kept_responses import KeptResponses
from router.aside import Aside
from router.errors import MalformedRequest
from router.ledger.conversation import KeptResponse, NoSuchResponse
from router.ledger.conversations import Bounds, SqliteConversations
from router.ledger.sqlite import SqliteLedger
from tests.fakes.values import NOW


def a_response(number: int, previous: str | None) -> KeptResponse:
    """Return a response with one item of input and one of output."""
    item = {"id": f"msg_in{number}", "type": "message", "role": "user", "content": []}
    said = {"id": f"msg_out{number}", "type": "message", "role": "assistant", "content": []}
    response = json.dumps({"id": f"resp_{number}", "output": [said]}).encode()
    return KeptResponse(
        id=f"resp_{number}",
        caller="me",
        at=NOW,
        previous=previous,
        items=json.dumps([item]).encode(),
        response=response,
    )


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[KeptResponses]:
    """Return what finds two turns of one conversation."""
    await SqliteLedger.open(tmp_path / "ledger.db").close()
    store = SqliteConversations(tmp_path / "ledger.db", Bounds(), lambda: NOW)
    await store.keep(a_response(1, None))
    await store.keep(a_response(2, "resp_1"))
    yield KeptResponses(store, Aside())
    await store.close()


async def names(kept: KeptResponses, response: str, **asked: str) -> list[str]:
    """Return the ids of a page."""
    return [item["id"] for item in json.loads(await kept.input_items(response, "me", asked))["data"]]


async def test_a_response_comes_back_as_it_was_sent(kept: KeptResponses) -> None:
    """Byte for byte, and to its caller alone."""
    assert await kept.response("resp_2", "me") == a_response(2, "resp_1").response
    with pytest.raises(NoSuchResponse):
        await kept.response("resp_2", "you")


async def test_what_led_to_it(kept: KeptResponses) -> None:
    """Earlier turns and its own input; its own alone where an earlier turn was deleted."""
    assert await names(kept, "resp_2") == ["msg_in2", "msg_out1", "msg_in1"]
    assert await names(kept, "resp_2", order="asc", limit="1") == ["msg_in1"]
    assert json.loads(await kept.remove("resp_1", "me")) == {"id": "resp_1", "object": "response", "deleted": True}
    assert await names(kept, "resp_2") == ["msg_in2"]


@pytest.mark.parametrize("limit", ["0", "x", "-1", "1e3", "9" * 5000, "٣"])
async def test_a_limit_that_is_none(kept: KeptResponses, limit: str) -> None:
    """400, whatever stands there."""
    with pytest.raises(MalformedRequest, match="limit"):
        await kept.input_items("resp_2", "me", {"limit": limit})


async def test_where_nothing_is_kept_nothing_is_there() -> None:
    """Every path says how to switch it on."""
    nothing = KeptResponses(None, Aside())
    for asking in (nothing.response("a", "me"), nothing.remove("a", "me"), nothing.input_items("a", "me", {})):
        with pytest.raises(NoSuchResponse) as raised:
            await asking
        assert "responses.store" in raised.value.fix
