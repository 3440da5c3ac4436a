"""An outcome says how an attempt ended, and no more than is known."""

from router.policy.outcome import Ending, Outcome


def test_unknown_is_none() -> None:
    """Without a status, a Retry-After or an error there is none."""
    outcome = Outcome(ending=Ending.TIMEOUT)

    assert (outcome.status, outcome.retry_after, outcome.error) == (None, None, None)
