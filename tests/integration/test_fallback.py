"""What a client sees when upstreams fail: another answer before the first byte, an honest end after it."""

import json

import httpx2
import openai
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import Behaviour, FakeUpstream

HELLO = [{"role": "user", "content": "What is the capital of France?"}]

BEFORE_THE_FIRST_BYTE: dict[str, tuple[Behaviour, str]] = {
    "401": (behaviour.status(401), "refused"),
    "402": (behaviour.status(402), "refused"),
    "403": (behaviour.status(403), "refused"),
    "404": (behaviour.status(404), "refused"),
    "408": (behaviour.status(408), "timeout"),
    "413": (behaviour.status(413, b"<html>Request Entity Too Large</html>"), "unfit"),
    "429": (behaviour.status(429, headers={"retry-after": "7"}), "rate_limited"),
    "500": (behaviour.status(500), "broken"),
    "502": (behaviour.status(502, b"<html>bad gateway</html>"), "broken"),
    "503": (behaviour.status(503), "broken"),
    "reset": (behaviour.reset_before_headers(), "unreachable"),
    "hang": (behaviour.hang_before_headers(), "timeout"),
    "html": (behaviour.html_200(), "broken"),
    "empty": (behaviour.empty_200(), "broken"),
    "malformed": (behaviour.malformed_json(), "broken"),
    "error in a 200": (behaviour.error_in_200(), "broken"),
    "redirect": (behaviour.redirect(), "broken"),
    "short body": (behaviour.short_body(), "broken"),
    "error in a choice": (
        behaviour.answer(b'{"choices":[{"message":{"content":""},"finish_reason":null,"error":{"code":502}}]}'),
        "broken",
    ),
    "nothing said": (behaviour.answer(b'{"choices":[{"message":{},"finish_reason":null}]}'), "broken"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_BYTE)
async def test_before_the_first_byte_the_next_one_answers(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, fault: str, stream: bool
) -> None:
    """Every failure of the cheapest upstream is made good by the next ranked one, and both attempts are in the row."""
    failing, ending = BEFORE_THE_FIRST_BYTE[fault]
    upstream.script(failing, model="small-1")
    upstream.script(behaviour.stream(["Pa", "ris"]) if stream else behaviour.ok("Paris"), model="middle-1")

    raw = await sdk.chat.completions.with_raw_response.create(model="tier/easy", messages=HELLO, stream=stream)
    answer = raw.parse()
    text = (
        "".join([chunk.choices[0].delta.content or "" async for chunk in answer])
        if stream
        else answer.choices[0].message.content
    )

    assert text == "Paris"
    assert (raw.headers["x-router-upstream"], raw.headers["x-router-reason"]) == ("middle", "fallback")
    assert raw.headers["x-router-attempts"] == "2"
    [row] = proxy.rows()
    assert [attempt["upstream"] for attempt in row["attempts"]] == ["small", "middle"]
    assert row["attempts"][0]["ending"] in ({ending, "unreachable"} if fault == "short body" else {ending})
    assert row["status"] == "ok"


STREAM_FAULTS_BEFORE: dict[str, Behaviour] = {
    "no event": behaviour.events(),
    "only a comment": behaviour.events(b": ping\n\n"),
    "not JSON": behaviour.malformed_sse(),
    "an error first": behaviour.error_in_stream(chunks=-1),
    "a whole answer as text": behaviour.wrong_content_type("text/html"),
}


@pytest.mark.parametrize("fault", STREAM_FAULTS_BEFORE)
async def test_a_stream_that_is_none_is_never_begun(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, fault: str
) -> None:
    """Headers are held until the first real event, so that these still fall back."""
    failing = STREAM_FAULTS_BEFORE[fault]
    if fault == "an error first":
        failing = behaviour.events(b'data: {"error": {"message": "overloaded", "code": 502}}\n\n')
    upstream.script(failing, model="small-1")
    upstream.script(behaviour.stream(["ok"]), model="middle-1")

    stream = await sdk.chat.completions.create(model="tier/easy", messages=HELLO, stream=True)

    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "ok"


AFTER_THE_FIRST_BYTE: dict[str, Behaviour] = {
    "reset": behaviour.reset_mid_stream(),
    "cut": behaviour.sse_cut(),
    "no finish": behaviour.stream_without_finish(),
    "silence": behaviour.hang_mid_stream(),
    "error event": behaviour.error_in_stream(),
}


@pytest.mark.parametrize("fault", AFTER_THE_FIRST_BYTE)
async def test_after_the_first_byte_the_stream_ends_with_an_error_and_no_done(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy, fault: str
) -> None:
    """What arrived is kept, then comes an error event; nobody else is asked, and the row says interrupted."""
    upstream.script(AFTER_THE_FIRST_BYTE[fault], model="small-1")

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO, "stream": True})
    events = [line[6:] for line in response.text.split("\n") if line.startswith("data: ")]

    assert response.status_code == 200
    assert "word0" in response.text
    assert "[DONE]" not in response.text
    assert set(json.loads(events[-1])["error"]) == {"message", "type", "param", "code"}
    assert len(upstream.seen) == 1
    [row] = proxy.rows()
    assert (row["status"], row["estimated"]) == ("interrupted", 1)
    assert row["output_tokens"] > 0


async def test_the_sdk_raises_on_a_broken_stream(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """A stream cut short is never a silent success."""
    upstream.script(behaviour.sse_cut())
    stream = await sdk.chat.completions.create(model="tier/easy", messages=HELLO, stream=True)

    with pytest.raises(openai.APIError):
        async for _ in stream:
            pass


async def test_a_missing_done_after_a_finish_is_completed(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The answer was complete: the client gets its [DONE]."""
    upstream.script(behaviour.missing_done())

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO, "stream": True})

    assert response.text.rstrip().endswith("data: [DONE]")


@pytest.mark.parametrize("code", [400, 422])
async def test_the_clients_own_mistake_is_passed_through_and_not_tried_elsewhere(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy, code: int
) -> None:
    """The upstream's verdict on the request is the client's answer."""
    upstream.script(
        behaviour.status(
            code,
            {
                "error": {
                    "message": "temperature must be at most 2",
                    "type": "invalid_request_error",
                    "param": "temperature",
                    "code": "invalid_value",
                }
            },
        )
    )

    response = await http.post("/v1/chat/completions", json={"model": "auto", "messages": HELLO, "temperature": 9})

    assert response.status_code == code
    assert response.json()["error"]["param"] == "temperature"
    assert "temperature must be at most 2" in response.json()["error"]["message"]
    assert len(upstream.seen) == 1
    assert [row["status"] for row in proxy.rows()] == ["rejected"]


async def test_a_context_overflow_goes_to_a_larger_window(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Only an upstream with more room is worth another call."""
    too_long = {"error": {"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded"}}
    upstream.script(behaviour.status(400, too_long))
    upstream.script(behaviour.ok("Fits."), model="large-1")

    answer = await sdk.chat.completions.create(model="tier/easy", messages=HELLO)

    assert answer.choices[0].message.content == "Fits."
    assert [seen.model for seen in upstream.seen] == ["small-1", "large-1"]


ALL_DOWN = {
    "429 by all": (behaviour.status(429, headers={"retry-after": "11"}), 429, "rate_limit_exceeded"),
    "500 by all": (behaviour.status(500), 502, "upstream_broken"),
    "401 by all": (behaviour.status(401), 502, "upstream_refused"),
    "reset by all": (behaviour.reset_before_headers(), 503, "upstream_unavailable"),
}


@pytest.mark.parametrize("case", ALL_DOWN)
async def test_when_nobody_is_left(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy, case: str
) -> None:
    """429 only when all said 429; the operator's trouble is a 5xx; all in OpenAI's shape, with the attempts told."""
    failing, status, code = ALL_DOWN[case]
    upstream.script(failing)

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO})

    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert "127.0.0.1" not in error["message"]
    assert response.headers["x-router-attempts"] == "3"
    if status == 429:
        assert 1 <= int(response.headers["retry-after"]) <= 11
    [row] = proxy.rows()
    assert (row["status"], len(row["attempts"]), row["cost_pico"]) == ("failed", 3, None)


async def test_an_upstream_that_asks_for_patience_is_quoted(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The smallest Retry-After of all reaches the client, whatever the status."""
    upstream.script(behaviour.status(503, headers={"retry-after": "9"}))

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO})

    assert response.status_code in {502, 503}
    assert 1 <= int(response.headers["retry-after"]) <= 9


async def test_words_that_a_client_can_cause_do_not_rest_an_upstream(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream
) -> None:
    """A 400 that quotes the client's own text may send this request elsewhere, but nobody else's."""
    upstream.script(
        behaviour.status(400, {"error": {"message": "bad tool_choice 'the model x does not exist'"}}), model="small-1"
    )
    upstream.script(behaviour.ok(), model="middle-1")
    await sdk.chat.completions.create(model="tier/easy", messages=HELLO)
    upstream.script(behaviour.ok("Still here."), model="small-1")

    answer = await sdk.chat.completions.create(model="tier/easy", messages=HELLO)

    assert answer.choices[0].message.content == "Still here."


async def test_an_upstreams_words_hold_no_address(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The host that was called is taken out of what it says."""
    said = {"error": {"message": f"temperature is wrong at 127.0.0.1:{upstream.port}", "type": "invalid_request_error"}}
    upstream.script(behaviour.status(400, said))

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO})

    assert response.status_code == 400
    assert "temperature is wrong" in response.json()["error"]["message"]
    assert str(upstream.port) not in response.text


async def test_a_stream_of_two_choices_cut_after_one_is_not_complete(
    http: httpx2.AsyncClient, upstream: FakeUpstream
) -> None:
    """With n = 2 and one finish the answer is half of what was asked for."""
    upstream.script(behaviour.missing_done())

    response = await http.post(
        "/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO, "stream": True, "n": 2}
    )

    assert "[DONE]" not in response.text
    assert "upstream_stream_interrupted" in response.text


async def test_a_dead_upstream_rests_and_is_not_asked_first_again(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream
) -> None:
    """After its 429 the upstream is left alone as long as it asked."""
    upstream.script(behaviour.status(429, headers={"retry-after": "60"}), model="small-1")
    upstream.script(behaviour.ok(), model="middle-1")

    for _ in range(3):
        await sdk.chat.completions.create(model="tier/easy", messages=HELLO)

    assert [seen.model for seen in upstream.seen] == ["small-1", "middle-1", "middle-1", "middle-1"]
