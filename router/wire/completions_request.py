"""The body of POST /v1/completions, OpenAI's older API, and the chat completion that asks for the same.

The prompt becomes the only message, of the user. Members that both APIs have keep their bytes. What would make another
answer of it is refused; what else no chat completion knows is named.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from router.errors import MalformedRequest
from router.wire.decoding import decoded, require_utf8
from router.wire.json_body import sole_members

MOST_MEMBERS = 100
"""Top-level members of a body, five times what the API knows."""

_SAME = (
    "frequency_penalty",
    "logit_bias",
    "n",
    "presence_penalty",
    "prompt_cache_key",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "user",
)
"""Members that both APIs have under one name and with one meaning."""

_READ = frozenset({*_SAME, "model", "prompt", "max_tokens", "best_of", "echo", "suffix"})
_PROMPT_FIX = 'Send "prompt" as one text; send several texts as one request each.'

_Count = Annotated[int, Meta(ge=1)]


class _Body(msgspec.Struct, gc=False):
    """The members that are looked at; the others are passed on, or named, as they are."""

    model: Annotated[str, Meta(min_length=1)]
    prompt: str | list[Any] | None = None
    max_tokens: _Count | None = None
    n: _Count | None = None
    best_of: int | None = None
    echo: bool | None = None
    suffix: str | None = None
    stream: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPrompt:
    """The chat completion that stands for a completion, as JSON, and the members that had no place in it."""

    body: bytes
    dropped: tuple[str, ...] = ()


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode


def to_chat_prompt(body: bytes) -> ChatPrompt:
    """Return the chat completion that asks what `body` asks; MalformedRequest names what cannot be asked, and why."""
    require_utf8(body)
    parsed = decoded(_decode_body, body)
    members = _decode_members(body)
    if len(members) > MOST_MEMBERS:
        raise MalformedRequest(f"The body has more than {MOST_MEMBERS} members.", fix="Send fewer.")
    sole_members(body)
    _refuse(parsed)
    chat: dict[str, Any] = {"model": parsed.model, "messages": [{"role": "user", "content": _prompt(parsed.prompt)}]}
    if parsed.max_tokens is not None:
        chat["max_completion_tokens"] = parsed.max_tokens
    chat |= {name: members[name] for name in _SAME if _says(members.get(name))}
    dropped = {name for name in members.keys() - _READ if _says(members[name])}
    if parsed.best_of is not None and parsed.best_of > (parsed.n or 1):
        dropped.add("best_of")
    return ChatPrompt(body=msgspec.json.encode(chat), dropped=tuple(sorted(dropped)))


def _refuse(parsed: _Body) -> None:
    """Refuse what makes another text of the answer (400): a chat model neither repeats nor fills in."""
    if parsed.echo:
        raise MalformedRequest(
            "'echo' is not possible: a chat model does not repeat the prompt.",
            param="echo",
            fix="Leave it out, and put the prompt in front of the answer yourself.",
        )
    if parsed.suffix:
        raise MalformedRequest(
            "'suffix' is not possible: a chat model does not fill in a gap.",
            param="suffix",
            fix="Leave it out, and say in the prompt what is to follow.",
        )


def _prompt(given: str | list[Any] | None) -> str:
    """Return the text of the prompt, alone or in a list of one; MalformedRequest for any other form of it."""
    if isinstance(given, list):
        if any(isinstance(one, int | list) for one in given):
            what = "'prompt' holds token ids, which mean something to one model only."
            raise MalformedRequest(what, param="prompt", fix=_PROMPT_FIX)
        if len(given) > 1:
            what = f"'prompt' has {len(given):,} texts; a chat completion answers one."
            raise MalformedRequest(what, param="prompt", fix=_PROMPT_FIX)
        given = given[0] if given else None
    if not isinstance(given, str) or not given:
        raise MalformedRequest("'prompt': it is required, as a text.", param="prompt", fix=_PROMPT_FIX)
    return given


def _says(value: Raw | None) -> bool:
    """Tell whether a member is there and not null."""
    return value is not None and bytes(value) != b"null"
