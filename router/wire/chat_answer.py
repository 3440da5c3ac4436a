"""What a chat completion and a chunk of one have in common: the members that are read, and how they are judged."""

import re
from typing import Any

import msgspec

from router.errors import RouterError
from router.wire.error_words import is_failure
from router.wire.surrogates import lenient
from router.wire.upstream_error import MESSAGE_KEYS, problem_in_answer, status_in


class Choice(msgspec.Struct, gc=False):
    """One choice of a whole answer (`message`) or of a chunk (`delta`).

    Moonshot puts a stream's usage in here, OpenRouter what the host behind it failed of.
    """

    index: int | None = 0
    delta: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    finish_reason: str | None = None
    usage: Any = None
    error: Any = None


class Answer(msgspec.Struct, gc=False):
    """A whole answer or a chunk; `choices` None says that there is no such member."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    object: Any = None


decode_answer = lenient(msgspec.json.Decoder(Answer).decode)
"""Return the Answer in some bytes; MALFORMED when they hold none."""

_decode_anything = lenient(msgspec.json.decode)

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_NAME_KEYS = ("type", "code", "__type", "status")
_ERROR_NAME = re.compile("error|exception|_exceeded|exhausted|unavailable|overloaded", re.IGNORECASE)
_ONLY_WORDS = {*MESSAGE_KEYS, "request_id", "requestId", "timestamp"}

_FINISH = re.compile(rb'("finish_reason"[ \t\n\r]*+:[ \t\n\r]*+)"([a-z_]+)"')


def reported_error(answer: Answer, data: bytes) -> RouterError | None:
    """Return what an error object means, None when there is none. `data` is the JSON behind `answer`.

    It stands among the members, in a choice, or is all that there is.
    """
    if answer.error or answer.object == "error":
        return problem_in_answer(_decode_anything(data)).error()
    for choice in answer.choices or ():
        if choice.error:
            return problem_in_answer({"error": choice.error}).error()
    if answer.choices is None and answer.usage is None:
        told = _decode_anything(data)
        return problem_in_answer(told).error() if _tells_failure(told) else None
    return None


def _tells_failure(told: dict[str, Any]) -> bool:
    """Tell whether what is neither a chunk nor usage reports an error without calling it one.

    Hosts also send pings, citations and progress of their own: words count where a status or a name of an error stands
    beside them, or where there is nothing else and they say that something went wrong.
    """
    if told.get("errors"):
        return True
    words = [told[key] for key in MESSAGE_KEYS if told.get(key)]
    if not words:
        return False
    names = [told.get(key) for key in _NAME_KEYS]
    if status_in(told) is not None or any(isinstance(name, str) and _ERROR_NAME.search(name) for name in names):
        return True
    if not told.keys() <= _ONLY_WORDS:
        return False
    structured = isinstance(told.get("detail"), (dict, list))  # what frameworks answer with where they refuse or fail
    return structured or any(isinstance(said, str) and is_failure(said.lower()) for said in words)


def usage_of(answer: Answer) -> Any:
    """Return the usage object, wherever it stands; None when there is none."""
    if answer.usage is not None:
        return answer.usage
    return next((choice.usage for choice in answer.choices or () if choice.usage is not None), None)


def with_finish(data: bytes, aliases: dict[str, str]) -> bytes:
    """Return `data` with its finish_reasons in OpenAI's words."""

    def say(match: re.Match[bytes]) -> bytes:
        alias = aliases.get(match[2].decode())
        return match[0] if alias is None else match[1] + b'"' + alias.encode() + b'"'

    return _FINISH.sub(say, data)
