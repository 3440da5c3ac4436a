"""The bodies of Morph's router: what is there must be right, what is unknown does not matter."""

import pytest

from router.api.routing_body import DIALS, read_classify, read_multimodel
from router.errors import MalformedRequest
from router.policy.rules import DIALS as ROUTE_DIALS

CANARY = "canary-7f3a"


def test_the_documented_bodies() -> None:
    """Every field that Morph documents is read."""
    asked = read_classify(b'{"input":"Refactor the auth module","classes":["difficulty","domain"]}')
    assert (asked.input, asked.heads) == ("Refactor the auth module", ("difficulty", "domain"))
    wish = read_multimodel(
        b'{"input":"a","allowed_models":["m"],"allowed_providers":["p"],"policy":"cost_efficient","default_model":"d"}'
    )
    assert (wish.allowed_models, wish.allowed_providers, wish.dial, wish.default_model) == (["m"], ["p"], "cheap", "d")


@pytest.mark.parametrize("body", [b'{"input":""}', b'{"input":"","classes":null}', b'{"input":"","classes":[],"x":{}}'])
def test_what_may_be_left_out(body: bytes) -> None:
    """Without classes all heads are meant; unknown fields do not matter."""
    assert read_classify(body).heads == ("difficulty", "ambiguity", "domain")
    assert (read_multimodel(body).dial, read_multimodel(body).default_model) == (None, None)


def test_every_policy_is_a_dial_that_routes_have() -> None:
    """No policy of Morph's points at a dial that does not exist; without a policy the route's own dial counts."""
    assert {dial for dial in DIALS.values() if dial} == set(ROUTE_DIALS)
    assert read_multimodel(b'{"input":"","policy":"domain_skills"}').dial is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"prompt":"a"}', "input"),
        (b'{"input":7}', "input"),
        (b'{"input":null}', "input"),
        (b'{"input":["a"]}', "input"),
        (b'{"input":"a","classes":"difficulty"}', "classes"),
        (b'{"input":"a","classes":["difficulty","' + CANARY.encode() + b'"]}', "classes[1]"),
        (b'{"input":"a","model":1}', "model"),
        (b'{"input":"\xff"}', None),
        (b'{"input":"\\ud800"}', None),
        (b'{"input":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "input"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"input":"a"}', None),
    ],
)
def test_what_classify_refuses(body: bytes, param: str | None) -> None:
    """A 400 names the field and how such a body begins, and repeats nothing of it."""
    with pytest.raises(MalformedRequest) as caught:
        read_classify(body)

    assert caught.value.param == param
    assert '"input"' in caught.value.fix or "difficulty" in caught.value.fix
    assert CANARY not in caught.value.message + caught.value.fix


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"input":"a","policy":"' + CANARY.encode() + b'"}', "policy"),
        (b'{"input":"a","policy":1}', "policy"),
        (b'{"input":"a","allowed_models":"m"}', "allowed_models"),
        (b'{"input":"a","allowed_providers":[1]}', "allowed_providers[0]"),
        (b'{"input":"a","default_model":{}}', "default_model"),
    ],
)
def test_what_multimodel_refuses(body: bytes, param: str) -> None:
    """The same for its fields."""
    with pytest.raises(MalformedRequest) as caught:
        read_multimodel(body)

    assert caught.value.param == param
    assert CANARY not in caught.value.message + caught.value.fix
