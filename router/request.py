"""What the client asked: frozen, the raw body kept, and only what the decision needs read out of it."""

from dataclasses import dataclass

from classifier.prompt import Prompt
from classifier.tier import Tier
from router.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an upstream must be able to do to serve a request.

    `tool_count` are the tools declared; `parallel_tools` says that a turn of the history has several calls, `audio`
    that there is sound in a message or wanted in the answer. `context_tokens` is the safe (high) estimate of the whole
    input, tool schemas included; `max_output_tokens` what the
    client allows the answer, None when it says nothing.
    """

    tools: bool = False
    tool_count: int = 0
    parallel_tools: bool = False
    images: bool = False
    json_schema: bool = False
    reasoning: bool = False
    audio: bool = False
    context_tokens: int = 0
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """What a request for embeddings asks for: `count` vectors of `dimensions` numbers each (None: the model's own).

    `base64` says that each vector is wanted as base64 of little-endian 32-bit floats, not as a list of numbers.
    `longest` is the likely length of the longest text in tokens. `floats` False: the host is asked for another kind of
    number, so nothing is known of how its vectors look.
    """

    count: int
    longest: int
    dimensions: int | None = None
    base64: bool = False
    floats: bool = True


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One chat completion as a client asked for it, or, where `vectors` is there, one request for embeddings.

    `body` is exactly what was received. `input_tokens` is the likely (not the safe) estimate of the input. `floor`
    is the tier of the header x-router-min-tier. `wants_usage` says that the client asked for the usage chunk of a
    stream. `thinks` says that a message holds reasoning, under any name. `choices` is how many answers were asked
    for (n). `model_at` is where the bytes of the model's JSON string stand in `body` (start, end; quotes included).
    `retried` is how often the client's SDK says that it has sent this before. `large`: work on `body` holds up others
    (aside.is_large).
    """

    id: str
    caller: str
    model_asked: str
    body: bytes
    model_at: tuple[int, int]
    prompt: Prompt
    needs: Needs
    input_tokens: int
    stream: bool = False
    wants_usage: bool = False
    choices: int = 1
    thinks: bool = True
    floor: Tier | None = None
    session: str | None = None
    retried: int = 0
    large: bool = False
    vectors: Vectors | None = None
