"""What an operator is told of an upstream, and how often."""

import logging

import pytest

from router.policy.outcome import Ending, Lack, Outcome
from router.telemetry.notices import Notices

NO_KEY = Outcome(ending=Ending.REFUSED, status=401, lacks=Lack.KEY)
NO_MODEL = Outcome(ending=Ending.REFUSED, status=404, lacks=Lack.MODEL)
FULL = Outcome(ending=Ending.RATE_LIMITED, status=429)
ANSWERED = Outcome(ending=Ending.ANSWERED, status=200)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((FULL, ANSWERED), []),
        ((NO_KEY, NO_KEY, FULL, NO_KEY), ["key"]),
        ((NO_KEY, NO_MODEL, NO_MODEL), ["key", "base_url"]),
        ((NO_MODEL, ANSWERED, ANSWERED), ["base_url"]),
        ((NO_MODEL, ANSWERED, NO_MODEL), ["base_url", "base_url"]),
    ],
)
def test_said_once(outcomes, said, caplog):
    """One line whenever an upstream goes out of service, with the remedy."""
    notices = Notices()
    with caplog.at_level(logging.WARNING, "tierwise.upstreams"):
        for outcome in outcomes:
            notices.note("small", "house", outcome)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(said)
    assert all(word in line and "small" in line and "house" in line for word, line in zip(said, lines, strict=True))


def test_upstreams_are_told_apart():
    """What one lacks says nothing of another provider's; `open` until all of them answer."""
    notices = Notices()
    notices.note("small", "house", NO_MODEL)
    notices.note("large", "house", ANSWERED)
    notices.note("small", "elsewhere", ANSWERED)
    assert notices.open
    notices.note("small", "house", ANSWERED)
    assert not notices.open


def test_what_a_provider_lacks_is_said_once_for_all_its_upstreams(caplog):
    """A refused key is one line, however many models are called with it; a missing model is one for each."""
    notices = Notices()
    with caplog.at_level(logging.WARNING, "tierwise.upstreams"):
        for upstream in ("small", "large"):
            notices.note(upstream, "house", NO_KEY)
            notices.note(upstream, "house", NO_MODEL)
        notices.note("large", "elsewhere", NO_KEY)
    lines = [record.getMessage() for record in caplog.records]
    assert [Lack.KEY.remedy in line for line in lines] == [True, False, False, True]
