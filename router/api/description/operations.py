"""Every operation that is served, in the order in which they are described."""

from router.api.chat_completions import PATH as CHAT_PATH
from router.api.completions import PATH as COMPLETIONS_PATH
from router.api.description.operation import Door, Operation, Parameter
from router.api.description.schema import TEXT, one_of
from router.api.embeddings import PATH as EMBEDDINGS_PATH
from router.api.messages import COUNT_PATH
from router.api.messages import PATH as MESSAGES_PATH
from router.api.responses import PATH as RESPONSES_PATH
from router.wire.responses_kept import MOST_LISTED

DESCRIPTION_PATH = "/openapi.json"

_GATE = (400, 413, 415, 500)
_CALLED = (*_GATE, 401, 404, 408, 422, 429, 502, 503, 504)
_DECIDED = (*_GATE, 401, 404, 408, 422, 503)
_SIZED = (*_GATE, 401, 404, 408, 503)
_READ = (*_GATE, 401)

_FLOOR = Parameter(
    name="x-router-min-tier",
    place="header",
    schema=one_of("easy", "medium", "hard"),
    says="The least tier that serves this request; it only ever raises.",
)
_SESSION = Parameter(
    name="x-session-id",
    place="header",
    schema=TEXT,
    says="The conversation that this request belongs to, as the ledger shall know it.",
)
_REQUEST_ID = Parameter(
    name="x-request-id",
    place="header",
    schema=TEXT,
    says="The request's id; one that is not fit to be echoed is replaced.",
)
_ASKING = (_FLOOR, _SESSION, _REQUEST_ID)
_MODEL = Parameter(name="name", place="path", schema=TEXT, says="Any name that a request may ask for.")
_KEPT = Parameter(name="name", place="path", schema=TEXT, says="The id of a response that was kept.")

_SURFACES = (
    Operation(
        path=CHAT_PATH,
        method="post",
        id="createChatCompletion",
        summary="A chat completion, by the cheapest upstream that meets the prompt's tier.",
        takes="ChatCompletionRequest",
        gives="ChatCompletion",
        refuses=_CALLED,
        door=Door.BEARER,
        parameters=_ASKING,
        streams=True,
        receipt=True,
    ),
    Operation(
        path=RESPONSES_PATH,
        method="post",
        id="createResponse",
        summary="OpenAI's Responses API over chat completions.",
        takes="ResponseRequest",
        gives="Response",
        leads_to=("getResponse", "deleteResponse", "listInputItems"),
        refuses=_CALLED,
        door=Door.BEARER,
        parameters=_ASKING,
        streams=True,
        receipt=True,
    ),
    Operation(
        path=MESSAGES_PATH,
        method="post",
        id="createMessage",
        summary="Anthropic's Messages API over chat completions.",
        takes="MessageRequest",
        gives="Message",
        refuses=_CALLED,
        parameters=_ASKING,
        error="MessagesError",
        streams=True,
        receipt=True,
    ),
    Operation(
        path=COUNT_PATH,
        method="post",
        id="countTokens",
        summary="An estimate of the input tokens of a message; no upstream is asked.",
        takes="CountTokensRequest",
        gives="CountedTokens",
        refuses=_SIZED,
        parameters=_ASKING,
        error="MessagesError",
    ),
    Operation(
        path=COMPLETIONS_PATH,
        method="post",
        id="createCompletion",
        summary="OpenAI's older completions over chat completions.",
        takes="CompletionRequest",
        gives="Completion",
        refuses=_CALLED,
        door=Door.BEARER,
        parameters=_ASKING,
        streams=True,
        receipt=True,
    ),
    Operation(
        path=EMBEDDINGS_PATH,
        method="post",
        id="createEmbeddings",
        summary="Texts to vectors, by the cheapest upstream that serves the model.",
        takes="EmbeddingsRequest",
        gives="Embeddings",
        refuses=_CALLED,
        door=Door.BEARER,
        parameters=_ASKING,
        receipt=True,
    ),
)

_KEPT_RESPONSES = (
    Operation(
        path=f"{RESPONSES_PATH}/{{name}}",
        method="get",
        id="getResponse",
        summary="A response that was kept.",
        gives="Response",
        refuses=(*_READ, 404, 503),
        parameters=(_KEPT,),
    ),
    Operation(
        path=f"{RESPONSES_PATH}/{{name}}",
        method="delete",
        id="deleteResponse",
        summary="Forget a response that was kept.",
        gives="DeletedResponse",
        refuses=(*_READ, 404, 503),
        parameters=(_KEPT,),
    ),
    Operation(
        path=f"{RESPONSES_PATH}/{{name}}/input_items",
        method="get",
        id="listInputItems",
        summary="What led to a response that was kept.",
        gives="InputItems",
        refuses=(*_READ, 404, 503),
        parameters=(
            _KEPT,
            Parameter(
                name="limit",
                place="query",
                schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
                says="How many items at most.",
            ),
            Parameter(name="order", place="query", schema=one_of("asc", "desc"), says="The oldest or newest first."),
            Parameter(name="after", place="query", schema=TEXT, says="The id of the item before the first."),
        ),
    ),
)

_ROUTING = (
    Operation(
        path="/v1/router/classify",
        method="post",
        id="classify",
        summary="Difficulty, ambiguity and domain of a text.",
        takes="ClassifyRequest",
        gives="Classification",
        refuses=_SIZED,
    ),
    Operation(
        path="/v1/router/raw",
        method="post",
        id="classifyRaw",
        summary="The difficulty of a text alone.",
        takes="ClassifyRequest",
        gives="Difficulty",
        refuses=_SIZED,
    ),
    Operation(
        path="/v1/router/multimodel",
        method="post",
        id="chooseModel",
        summary="The model to call for a text; nobody is called.",
        takes="MultimodelRequest",
        gives="ModelChoice",
        refuses=_DECIDED,
    ),
    Operation(
        path="/v1/router/explain",
        method="post",
        id="explain",
        summary="What would be decided for a chat completion, and why; nobody is called.",
        takes="ChatCompletionRequest",
        gives="Explanation",
        refuses=_DECIDED,
        parameters=(_FLOOR,),
    ),
)

_MODELS = (
    Operation(
        path="/v1/models",
        method="get",
        id="listModels",
        summary="Every name that a request may ask for.",
        gives="Models",
        refuses=_READ,
    ),
    Operation(
        path="/v1/models/{name}",
        method="get",
        id="getModel",
        summary="One name; it may hold slashes.",
        gives="Model",
        refuses=(*_READ, 404),
        parameters=(_MODEL,),
    ),
    Operation(
        path=DESCRIPTION_PATH,
        method="get",
        id="describe",
        summary="This description.",
        gives="Description",
        refuses=_READ,
    ),
)

_PROBES = tuple(
    Operation(
        path=path,
        method="get",
        id=f"health{number or ''}",
        summary="Whether this process serves.",
        gives="Health",
        refuses=_GATE,
        door=Door.OPEN,
    )
    for number, path in enumerate(("/health", "/healthz", "/health/liveliness"))
) + tuple(
    Operation(
        path=path,
        method="get",
        id=f"readiness{number or ''}",
        summary="Whether this process wants new requests.",
        gives="Readiness",
        also=((503, "It ends.", "Readiness"),),
        refuses=_GATE,
        door=Door.OPEN,
    )
    for number, path in enumerate(("/readyz", "/health/readiness"))
)

OPERATIONS: tuple[Operation, ...] = (*_SURFACES, *_KEPT_RESPONSES, *_ROUTING, *_MODELS, *_PROBES)

ALSO_HEAD = frozenset(operation.path for operation in (*_MODELS, *_PROBES))
"""Paths whose GET may be a HEAD as well."""
