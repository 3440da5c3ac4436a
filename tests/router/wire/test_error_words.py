"""The turns of phrase of many hosts, told apart."""

import pytest

from router.wire import error_words as words
from router.wire.error_words import is_gone, is_no_host, is_operators, is_overflow, is_quota, wait_in

OVERFLOWS = [
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    "Requested input length 9000 exceeds maximum input length 8192",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Please reduce the length of the messages or completion.",
    "Input is too long for requested model.",
    "the request exceeds the available context size",
]
NOT_OVERFLOWS = [
    "Too many tokens, please wait before trying again.",
    "Rate limit reached: too many tokens per minute",
    "max_tokens must be at least 1",
    "Invalid tool name",
]


@pytest.mark.parametrize("text", OVERFLOWS)
def test_knows_a_prompt_that_is_too_long(text):
    """Length is at fault."""
    assert is_overflow(text.lower())


@pytest.mark.parametrize("text", NOT_OVERFLOWS)
def test_does_not_take_throttling_for_length(text):
    """Words about tokens are not always about length."""
    assert not is_overflow(text.lower())


def test_knows_missing_money():
    """An empty account is not a rate limit."""
    assert is_quota("you exceeded your current quota, please check your plan and billing details")
    assert is_quota("insufficient balance")
    assert not is_quota("rate limit reached for requests")


def test_knows_the_operators_faults():
    """Key and model name are the operator's; a model's abilities are the request's."""
    assert is_operators("model not exist")
    assert is_operators("the model `x` does not exist or you do not have access to it")
    assert is_operators("the provided model identifier is invalid.")
    assert is_operators("api key not valid. please pass a valid api key.")
    assert not is_operators("this model does not support image input")
    assert not is_operators("tool_choice: function not found in tools")


def test_knows_a_model_that_is_gone():
    """A missing model is not a missing key or file."""
    assert is_gone("the model `kimi-k2` has been deprecated")
    assert is_gone("unknown model 'x'")
    assert is_gone("model kimi-k2.5 not found")
    assert not is_gone("the model cannot do that. tool not found")
    assert not is_gone("invalid api key")
    assert not is_gone("the file was not found")


def test_knows_that_no_host_fits():
    """Words about hosts behind a host are not about its models."""
    assert is_no_host("no endpoints found that can handle the requested parameters.")
    assert is_no_host("no allowed providers are available for the selected model.")
    assert not is_no_host("the model does not exist")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 20s.", 20.0),
        ("Retry after 1.5 seconds", 1.5),
        ("try again in 250ms", 0.25),
        ("wait 2 minutes", 120.0),
        ("wait a little", None),
        ("", None),
    ],
)
def test_reads_a_wait_from_a_sentence(text, seconds):
    """A number with a unit is a wait."""
    assert wait_in(text) == seconds


@pytest.mark.parametrize(
    ("status", "codes", "text", "wanted"),
    [
        (401, {"invalid_api_key"}, "incorrect api key provided", words.KEY),
        (401, {""}, "", words.KEY),
        (403, {""}, "the security token included in the request is invalid.", words.KEY),
        (403, {""}, "invalid api key format: must start with pre-defined prefix", words.KEY),
        (400, {"INVALID_ARGUMENT"}, "api key not valid.", words.KEY),
        (403, {"AccessDeniedException"}, "you don't have access to the model with the specified id.", words.RIGHT),
        (403, {""}, "", words.RIGHT),
        (402, {"invalid_request_error"}, "insufficient balance", words.BALANCE),
        (402, {""}, "", words.BALANCE),
        (403, {""}, "your account is suspended", words.BALANCE),
        (412, {""}, "account is not active", words.BALANCE),
        (429, {"exceeded_current_quota_error"}, "", words.BALANCE),
        (401, {"insufficient_quota"}, "", words.BALANCE),
        (404, {""}, "", words.MODEL),
        (410, {""}, "", words.MODEL),
        (400, {"model_not_found"}, "", words.MODEL),
        (403, {"model_not_available"}, "", words.MODEL),
        (400, {""}, "model not exist", words.MODEL),
        (405, {""}, "", words.MODEL),
    ],
)
def test_says_what_a_refusal_wants(status, codes, text, wanted):
    """A key, a right, money or another model: codes count before words, and words before the status."""
    assert words.lack(status, codes, text) == wanted


@pytest.mark.parametrize(
    ("status", "text", "own"),
    [
        (402, "this request requires more credits, or fewer max_tokens. you can only afford 500", True),
        (402, "insufficient credits", False),
        (403, "your request was flagged by our content policy", True),
        (403, "the api key has no access to this model", False),
        (404, "image https://a.example/b.png not found", True),
        (404, "tool 'search' not found", True),
        (404, "model 'image-7' not found", False),
        (404, "", False),
        (401, "content policy", False),
    ],
)
def test_what_one_request_asks_for_is_told_from_what_its_sender_lacks(status: int, text: str, *, own: bool) -> None:
    """Nobody else's requests would be refused for it."""
    assert words.is_of_request(status, text) is own


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("internal error", True),
        ("service unavailable", True),
        ("request timed out", True),
        ("upstream time-out", True),
        ("too many requests", True),
        ("thinking", False),
        ("still here", False),
        ("", False),
    ],
)
def test_a_message_alone_says_whether_something_went_wrong(text: str, *, failure: bool) -> None:
    """What stands by itself between two chunks is judged by its words."""
    assert words.is_failure(text) is failure
