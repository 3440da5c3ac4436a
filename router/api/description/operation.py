"""One operation of the API as a value, and as OpenAPI writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from router.api.description.refused import refusals
from router.api.description.schema import TEXT, Schema, named


class Door(StrEnum):
    """How an operation is told who calls, where client keys are configured."""

    OPEN = "open"
    """By nothing: probes have no key."""

    BEARER = "bearer"
    """By Authorization alone."""

    EITHER = "either"
    """By Authorization or x-api-key."""


JSON = "application/json"
STREAM = "text/event-stream"

SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
_SECURITY: Mapping[Door, list[dict[str, list[str]]]] = {
    Door.OPEN: [],
    Door.BEARER: [{"bearer": []}],
    Door.EITHER: [{"bearer": []}, {"x_api_key": []}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an operation takes beside its body; `place` is path, query or header."""

    name: str
    place: str
    schema: Schema
    says: str

    def document(self) -> dict[str, Any]:
        """Return the parameter object."""
        required = self.place == "path"
        return {
            "name": self.name,
            "in": self.place,
            "required": required,
            "description": self.says,
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `takes` and `gives` name schemas of the document (None: no body is read), `also` those of other statuses that are
    no refusals. `streams`: the answer may be server-sent events. `error` names the schema of its refusals. `receipt`:
    the answer says who gave it, in headers. `leads_to` are the ids of operations that take the answer's id as `name`.
    """

    path: str
    method: str
    id: str
    summary: str
    gives: str
    refuses: tuple[int, ...]
    takes: str | None = None
    also: tuple[tuple[int, str, str], ...] = ()
    door: Door = Door.EITHER
    parameters: tuple[Parameter, ...] = ()
    error: str = "Error"
    streams: bool = False
    receipt: bool = False
    leads_to: tuple[str, ...] = ()

    def document(self, *, guarded: bool) -> dict[str, Any]:
        """Return the operation object; `guarded`: client keys are configured, so that `door` counts."""
        content: dict[str, Any] = {JSON: {"schema": named(self.gives)}}
        if self.streams:
            content[STREAM] = {"schema": named("Events")}
        headers = {"x-request-id": _ID, **(_RECEIPT if self.receipt else {})}
        answers: dict[str, Any] = {"200": {"description": "The answer.", "headers": headers, "content": content}}
        if self.leads_to:
            answers["200"]["links"] = {
                name: {"operationId": name, "parameters": {"name": "$response.body#/id"}} for name in self.leads_to
            }
        for status, says, gives in self.also:
            answers[str(status)] = {"description": says, "content": {JSON: {"schema": named(gives)}}}
        refuses = self.refuses if guarded else tuple(status for status in self.refuses if status != 401)
        told: dict[str, Any] = {
            "operationId": self.id,
            "summary": self.summary,
            "security": _SECURITY[self.door] if guarded else [],
            "parameters": [parameter.document() for parameter in self.parameters],
            "responses": answers | refusals(refuses, self.error),
        }
        if self.takes is not None:
            told["requestBody"] = {"required": True, "content": {JSON: {"schema": named(self.takes)}}}
        return told


_ID = {"schema": TEXT, "required": True}
_RECEIPT: Mapping[str, Any] = {
    "x-router-decision-id": _ID,
    "x-router-attempts": _ID,
    "x-router-overhead-ms": _ID,
    "x-router-reason": _ID,
    **{
        f"x-router-{name}": {"schema": TEXT}
        for name in (
            "tier",
            "required-tier",
            "confidence",
            "model",
            "upstream",
            "provider",
            "degraded",
            "verified",
            "cost-usd",
            "dropped-params",
        )
    },
}
