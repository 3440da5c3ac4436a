"""Errors inside a 200 or a stream: the status that they name, or stand for."""

import pytest

import router.wire.upstream_error as kinds
from router.wire.upstream_error import problem_in_answer, status_in


@pytest.mark.parametrize(
    ("value", "kind", "status"),
    [
        ({"error": {"message": "m", "code": 429}}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m", "code": 400}}, kinds.REJECTED, 400),
        ({"error": {"message": "m", "code": "server_error"}}, kinds.BROKEN, 502),
        ({"error": {"message": "m", "code": 7}}, kinds.BROKEN, 502),
        ({"error": "m"}, kinds.BROKEN, 502),
        ({"error": {"message": "m", "code": "429"}}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m", "code": True}}, kinds.BROKEN, 502),
        ({"error": {"message": "m", "type": "rate_limit_error"}}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m", "type": "engine_overloaded_error"}}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m", "type": "invalid_request_error"}}, kinds.BROKEN, 502),
        ({"error": {"message": "m", "code": "context_length_exceeded"}}, kinds.OVERFLOW, 400),
        ({"error": {"message": "m", "code": "insufficient_quota"}}, kinds.REFUSED, 429),
        ({"error": {"message": "m", "status": "RESOURCE_EXHAUSTED"}}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m", "type": "not_found_error"}}, kinds.REFUSED, 404),
        ({"object": "error", "message": "m", "code": 404}, kinds.REFUSED, 404),
        ({"error": "m", "code": 429}, kinds.RATE_LIMITED, 429),
        ({"error": {"message": "m"}, "status": 429}, kinds.RATE_LIMITED, 429),
    ],
)
def test_reads_an_error_inside_a_200(value, kind, status):
    """The number inside counts as the status; without one the upstream is broken."""
    problem = problem_in_answer(value)
    assert (problem.kind, problem.status) == (kind, status)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "503"}, 503),
        ({"code": "busy", "status": 503}, 503),
        ({"code": 7, "status_code": 500}, 500),
        ({"statusCode": 400}, 400),
        ({"status": 200}, None),
        ({"code": 600}, None),
        ({"code": "3230"}, None),
        ({"code": True, "status": None}, None),
        ({}, None),
    ],
)
def test_finds_the_status_that_a_failure_names(value, status):
    """A number of a 4xx or 5xx, or three digits, under one of the names in use; no other number is one."""
    assert status_in(value) == status
