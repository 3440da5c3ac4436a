"""The response object, its counts and its error, as the SDK's own types have them."""

import json
from dataclasses import dataclass

import pytest
from openai.types.responses import ResponseError, ResponseUsage

from router.usage import Usage
from router.wire.openai_responses import Frame, cut_off_of, response_error, usage_object
from router.wire.responses_request import translated
from tests.fakes.responses import response_of

FRAME = Frame(stem="d1", created_at=7, model="small-1", echo=translated(b'{"model":"auto","input":"hi"}').echo)


@pytest.mark.parametrize("status", ["in_progress", "completed", "failed"])
def test_a_response_is_one_in_every_state(status) -> None:
    """The response object is valid whatever its state; its id is the decision's."""
    response = response_of(json.dumps(FRAME.response(status)).encode())

    assert (response["id"], response["status"], response["created_at"]) == ("resp_d1", status, 7)
    assert response["model"] == "small-1"
    assert "usage" not in response
    assert response["incomplete_details"] is None


def test_an_incomplete_response_says_why() -> None:
    """The reason stands in incomplete_details."""
    response = FRAME.response("incomplete", cut_off="max_output_tokens")

    assert response["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", None),
        ("tool_calls", None),
        (None, None),
        ("length", "max_output_tokens"),
        ("content_filter", "content_filter"),
    ],
)
def test_what_cuts_an_answer_off(finish, expected) -> None:
    """Two finish_reasons mean that the answer is not whole."""
    assert cut_off_of(finish) == expected


def test_counts_keep_their_parts() -> None:
    """Cached input and reasoning are parts of their wholes."""
    counted = usage_object(Usage(input=10, output=5, cached_input=4, cache_write=1, reasoning=2))

    assert counted == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }
    ResponseUsage.model_validate(counted)


def test_unknown_parts_are_counted_as_nothing() -> None:
    """The API requires every part."""
    assert ResponseUsage.model_validate(usage_object(Usage(input=1, output=1))).input_tokens_details.cached_tokens == 0


@dataclass(frozen=True)
class Case:
    id: str
    error: object
    code: str
    message: str


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "ours",
            {"type": "api_error", "code": "upstream_broken", "message": "It broke."},
            "server_error",
            "It broke.",
        ),
        Case("limited", {"type": "rate_limit_error", "message": "Wait."}, "rate_limit_exceeded", "Wait."),
        Case("bare", {}, "server_error", "The answer broke off."),
        Case("odd", "boom", "server_error", "The answer broke off."),
    ],
    ids=lambda case: case.id,
)
def test_an_error_in_the_words_of_the_api(case) -> None:
    """The codes are those that the SDK knows."""
    error = response_error(case.error)

    assert error == {"code": case.code, "message": case.message}
    ResponseError.model_validate(error)
