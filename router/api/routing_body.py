"""The bodies of Morph's router, read: what is there must be right, what is unknown does not matter.

Beside Morph's fields each takes `model`: the route whose thresholds, policy and upstreams count, by default `auto`.
"""

from collections.abc import Callable, Collection

import msgspec

from router.api.classification import HEADS
from router.errors import MalformedRequest
from router.wire.decoding import Buffer, T, decoded, require_utf8

DIALS = {"balanced": "balanced", "cost_efficient": "cheap", "capability_heavy": "quality", "domain_skills": None}
"""The dial for each of Morph's policies; None: the route's own, for no upstream has a known skill in a domain."""


class ClassifyBody(msgspec.Struct, gc=False):
    """What /v1/router/classify takes; `classes` None or empty means all."""

    input: str
    classes: list[str] | None = None
    model: str | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that are asked for."""
        return tuple(self.classes or HEADS)


class MultimodelBody(msgspec.Struct, gc=False):
    """What /v1/router/multimodel takes; an empty list allows everything, as None does."""

    input: str
    allowed_models: list[str] | None = None
    allowed_providers: list[str] | None = None
    policy: str | None = None
    default_model: str | None = None
    model: str | None = None

    @property
    def dial(self) -> str | None:
        """The dial that the policy means; None: the route's own."""
        return None if self.policy is None else DIALS[self.policy]


_decode_classify = msgspec.json.Decoder(ClassifyBody).decode
_decode_multimodel = msgspec.json.Decoder(MultimodelBody).decode


def read_classify(body: bytes) -> ClassifyBody:
    """Return what a body asks of classify; MalformedRequest."""
    asked = _read(_decode_classify, body)
    for place, head in enumerate(asked.classes or ()):
        if head not in HEADS:
            raise _unknown(f"classes[{place}]", HEADS)
    return asked


def read_multimodel(body: bytes) -> MultimodelBody:
    """Return what a body asks of multimodel; MalformedRequest."""
    asked = _read(_decode_multimodel, body)
    if asked.policy is not None and asked.policy not in DIALS:
        raise _unknown("policy", DIALS)
    return asked


def _read(decode: Callable[[Buffer], T], body: bytes) -> T:
    """Decode a body; MalformedRequest says what is wrong and how such a body begins."""
    try:
        require_utf8(body)
        return decoded(decode, body)
    except MalformedRequest as error:
        fix = 'Send one JSON object with the text as "input".'
        raise MalformedRequest(error.message, param=error.param, fix=fix) from None


def _unknown(field: str, known: Collection[str]) -> MalformedRequest:
    """Return the refusal of a value that is none of the `known` ones; it is not repeated."""
    return MalformedRequest(
        f"'{field}' is none that is known here", param=field, fix=f"Send one of {', '.join(known)}."
    )
