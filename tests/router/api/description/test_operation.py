"""One operation, as OpenAPI writes it."""

from dataclasses import replace

import pytest

from router.api.description.operation import Door, Operation, Parameter

PLAIN = Operation(path="/a/{b}", method="post", id="doA", summary="Do A.", gives="Answer", refuses=(400, 401))


def test_a_plain_one() -> None:
    """An answer, the refusals, an id on each; no body."""
    told = PLAIN.document(guarded=True)

    assert (told["operationId"], told["summary"]) == ("doA", "Do A.")
    assert list(told["responses"]) == ["200", "400", "401"]
    assert list(told["responses"]["200"]["content"]) == ["application/json"]
    assert all(answer["headers"]["x-request-id"]["required"] for answer in told["responses"].values())
    assert "requestBody" not in told


def test_with_everything() -> None:
    """A body, events, a receipt, a parameter, another answer that is no refusal, the errors of another API."""
    name = Parameter(name="b", place="path", schema={"type": "string"}, says="Which.")
    limit = Parameter(name="limit", place="query", schema={"type": "integer"}, says="How many.")
    told = replace(
        PLAIN,
        takes="Asked",
        streams=True,
        receipt=True,
        parameters=(name, limit),
        also=((503, "It ends.", "State"),),
        error="OtherError",
        leads_to=("getA",),
    ).document(guarded=True)

    assert told["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Asked"}
    assert list(told["responses"]["200"]["content"]) == ["application/json", "text/event-stream"]
    assert told["responses"]["200"]["headers"].keys() >= {"x-router-tier", "x-router-reason", "x-request-id"}
    assert [(one["name"], one["in"], one["required"]) for one in told["parameters"]] == [
        ("b", "path", True),
        ("limit", "query", False),
    ]
    assert told["responses"]["200"]["links"]["getA"]["parameters"] == {"name": "$response.body#/id"}
    assert told["responses"]["503"]["content"]["application/json"]["schema"]["$ref"].endswith("/State")
    assert told["responses"]["400"]["content"]["application/json"]["schema"]["$ref"].endswith("/OtherError")


@pytest.mark.parametrize(
    ("door", "security"),
    [(Door.OPEN, []), (Door.BEARER, [{"bearer": []}]), (Door.EITHER, [{"bearer": []}, {"x_api_key": []}])],
)
def test_doors(door: Door, security) -> None:
    """How a caller says who it is; nobody needs to where no keys are configured, and nobody is refused for it."""
    operation = replace(PLAIN, door=door)

    assert operation.document(guarded=True)["security"] == security
    free = operation.document(guarded=False)
    assert (free["security"], list(free["responses"])) == ([], ["200", "400"])
