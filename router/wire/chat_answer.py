"""What a chat completion and a chunk of one have in common: the members that are read, and how they are judged."""

import re
from typing import Any

import msgspec

from router.errors import RouterError
from router.wire.surrogates import lenient
from router.wire.upstream_error import problem_in_answer


class Choice(msgspec.Struct, gc=False):
    """One choice of a whole answer (`message`) or of a chunk (`delta`). Moonshot puts a stream's usage in here."""

    index: int | None = 0
    delta: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    finish_reason: str | None = None
    usage: Any = None


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

_FINISH = re.compile(rb'("finish_reason"[ \t\n\r]*+:[ \t\n\r]*+)"([a-z_]+)"')


def reported_error(answer: Answer, data: bytes) -> RouterError | None:
    """Return what an error object among the members means, None when there is none. `data` is the JSON behind it."""
    if not answer.error and answer.object != "error":
        return None
    return problem_in_answer(_decode_anything(data)).error()


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
