"""POST /v1/router/classify, raw, multimodel and explain: what would be decided, and nothing is sent.

The first three take and give the bodies of Morph's router, so that its clients need another base URL and no more. None
of the four is counted anywhere: no row in the ledger, no measurement, nothing in the shared state.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest

from classifier.assessment import Assessment
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.api.classification import classifications, details
from router.api.gate import BODY_SECONDS, Head, read_body
from router.api.inbound import read
from router.api.multimodel import DRY_RUN, Chooser, prompt_of, route_target
from router.api.routing_body import ClassifyBody, read_classify, read_multimodel
from router.api.surface import floor_of
from router.aside import is_large
from router.consider import rehearse
from router.errors import ClassifierFailed, RequestTimeout
from router.policy.explanation import document, explain
from router.ports import Ports
from router.sizing import REST_SECONDS


class Routing:
    """Answers what `ports` would decide, as JSON values; every method raises RouterError."""

    def __init__(self, ports: Ports) -> None:
        """Keep the ports, of which nothing is sent to, recorded in or taught."""
        self._ports = ports
        self.aside = ports.aside
        self._chooser = Chooser(ports)

    def classify(self, body: bytes) -> dict[str, Any]:
        """Return Morph's classifications of a text, and what they leave out; ClassifierFailed when there are none."""
        asked = read_classify(body)
        assessment, thresholds = self._assessed(asked)
        return {"classifications": classifications(assessment, asked.heads), **details(assessment, thresholds)}

    def raw(self, body: bytes) -> dict[str, Any]:
        """Return the difficulty alone, as Morph's older clients want it; ClassifierFailed when there is none."""
        return {"difficulty": self._assessed(read_classify(body))[0].label}

    def multimodel(self, body: bytes) -> dict[str, Any]:
        """Return the model to call for a text, and why."""
        return self._chooser.choose(read_multimodel(body), body)

    def explain(self, body: bytes, floor: Tier | None) -> dict[str, Any]:
        """Return the whole decision for a chat completion of at least a tier, and the same in sentences."""
        request = read(body, request_id=DRY_RUN, caller=DRY_RUN, floor=floor)
        run = rehearse(request, self._ports)
        return {**document(run), "explanation": explain(run)}

    def _assessed(self, asked: ClassifyBody) -> tuple[Assessment, Thresholds]:
        """Return what the classifier says of a text, and the cut points that it was given."""
        target = route_target(asked.model, None, self._ports)
        assessment = self._ports.size(prompt_of(asked.input), target.thresholds)
        if assessment is None:
            raise ClassifierFailed("The classifier gave no answer", retry_after=REST_SECONDS)
        return assessment, target.thresholds


def paths(routing: Routing, body_limit: int, body_seconds: float = BODY_SECONDS) -> APIRouter:
    """Return the paths of `routing`, for bodies of at most `body_limit` bytes that come within `body_seconds`."""
    routes = APIRouter(prefix="/router")

    async def body_of(request: HttpRequest) -> bytes:
        try:
            async with asyncio.timeout(body_seconds):
                return await read_body(request.receive, body_limit)
        except TimeoutError:
            raise RequestTimeout(f"the body did not arrive within {body_seconds:g} s") from None

    async def answer(request: HttpRequest, of: Callable[[bytes], dict[str, Any]]) -> Response:
        body = await body_of(request)
        if is_large(body):
            return json_response(await routing.aside.in_thread(request.state.caller, partial(of, body)))
        return json_response(of(body))

    @routes.post("/classify")
    async def classify(request: HttpRequest) -> Response:
        """Size a text, in the bodies of Morph's classifier."""
        return await answer(request, routing.classify)

    @routes.post("/raw")
    async def raw(request: HttpRequest) -> Response:
        """Size a text, in the bodies of Morph's older classifier."""
        return await answer(request, routing.raw)

    @routes.post("/multimodel")
    async def multimodel(request: HttpRequest) -> Response:
        """Choose a model for a text, in the bodies of Morph's router."""
        return await answer(request, routing.multimodel)

    @routes.post("/explain")
    async def explain_it(request: HttpRequest) -> Response:
        """Explain what would be decided for a chat completion."""
        floor = floor_of(Head(dict(request.scope["headers"])))
        return await answer(request, partial(routing.explain, floor=floor))

    return routes


def json_response(values: dict[str, Any]) -> Response:
    """Return JSON values as a response."""
    return Response(msgspec.json.encode(values), media_type="application/json")
