"""The OpenAPI description of the whole API: of the paths that FastAPI does not know as of those that it does."""

from typing import Any

from router import __version__
from router.api.description import answered, answered_routing, asked, asked_messages, asked_responses, asked_routing
from router.api.description.operation import SCHEMES
from router.api.description.operations import ALSO_HEAD, OPERATIONS
from router.api.description.refused import ERROR, MESSAGES_ERROR
from router.api.description.schema import Schema

OPENAPI = "3.1.0"

SCHEMAS: dict[str, Schema] = {
    "ChatCompletionRequest": asked.CHAT,
    "ChatCompletion": answered.CHAT_COMPLETION,
    "ResponseRequest": asked_responses.RESPONSE,
    "Response": answered.RESPONSE,
    "DeletedResponse": answered.DELETED_RESPONSE,
    "InputItems": answered.INPUT_ITEMS,
    "MessageRequest": asked_messages.MESSAGE,
    "Message": answered.MESSAGE,
    "CountTokensRequest": asked_messages.COUNTING,
    "CountedTokens": answered.COUNTED,
    "CompletionRequest": asked.COMPLETIONS,
    "Completion": answered.COMPLETION,
    "EmbeddingsRequest": asked.EMBEDDINGS,
    "Embeddings": answered.EMBEDDINGS,
    "ClassifyRequest": asked_routing.CLASSIFY,
    "Classification": answered_routing.CLASSIFICATION,
    "Difficulty": answered_routing.DIFFICULTY,
    "MultimodelRequest": asked_routing.MULTIMODEL,
    "ModelChoice": answered_routing.CHOICE,
    "Explanation": answered_routing.EXPLANATION,
    "Models": answered_routing.MODELS,
    "Model": answered_routing.MODEL,
    "Health": answered_routing.HEALTH,
    "Readiness": answered_routing.READINESS,
    "Description": answered.DESCRIPTION,
    "Events": answered.EVENTS,
    "Error": ERROR,
    "MessagesError": MESSAGES_ERROR,
}

_SAYS = (
    "An OpenAI-compatible proxy that sizes each prompt with a small local model and forwards it to the cheapest "
    "configured upstream that meets the tier. A member of a body that is not described here goes to the upstream as it "
    "came, or is named in the response header x-router-dropped-params."
)


def describe(*, guarded: bool) -> dict[str, Any]:
    """Return the description as JSON values; `guarded`: client keys are configured."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        told = operation.document(guarded=guarded)
        paths.setdefault(operation.path, {})[operation.method] = told
        if operation.path in ALSO_HEAD:
            paths[operation.path]["head"] = {**told, "operationId": f"{operation.id}Head"}
    components: dict[str, Any] = {"schemas": SCHEMAS}
    if guarded:
        components["securitySchemes"] = dict(SCHEMES)
    return {
        "openapi": OPENAPI,
        "info": {"title": "tierwise", "version": __version__, "description": _SAYS},
        "paths": paths,
        "components": components,
    }
