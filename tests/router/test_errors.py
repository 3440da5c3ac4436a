"""The error tree: every error says whose fault it is and what to do."""

import pytest

from router.errors import ClientError, OperatorError, RouterError, SettingsInvalid, UpstreamError, UpstreamRejected


def every_error(base: type[RouterError] = RouterError) -> list[type[RouterError]]:
    """Return all subclasses."""
    return [base, *(found for child in base.__subclasses__() for found in every_error(child))]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_status_code_and_fix(kind: type[RouterError]) -> None:
    """Each error has a status that fits whose fault it is, a code and a fix."""
    assert kind.fix
    assert kind.code
    if issubclass(kind, ClientError):
        assert 400 <= kind.status < 500
    if issubclass(kind, OperatorError):
        assert kind.status >= 500
    if issubclass(kind, UpstreamError):
        assert kind.status in {429, 502, 503, 504}


def test_a_fix_and_a_field_of_its_own() -> None:
    """An error can name a more exact fix, the field at fault and when to come back."""
    error = RouterError("no", fix="do so", param="model", retry_after=2.5)

    assert (error.message, error.fix, error.param, error.retry_after) == ("no", "do so", "model", 2.5)


def test_settings_problems_stay_apart_and_read_as_lines() -> None:
    """All problems of a file are kept and shown, a line each."""
    error = SettingsInvalid(["a: bad", "b: worse"])

    assert error.problems == ("a: bad", "b: worse")
    assert error.message == "a: bad\nb: worse"


def test_a_rejection_carries_the_far_ends_status() -> None:
    """The status and code of the upstream are the client's."""
    error = UpstreamRejected("too long", upstream_status=413, code="context_length_exceeded")

    assert (error.status, error.code) == (413, "context_length_exceeded")
    assert UpstreamRejected("x").status == 400
