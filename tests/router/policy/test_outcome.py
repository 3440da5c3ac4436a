"""An outcome says how an attempt ended, and no more than is known."""

import pytest

from router.policy.outcome import Ending, Lack, Outcome


def test_unknown_is_none() -> None:
    """Without a status, a Retry-After or an error there is none."""
    outcome = Outcome(ending=Ending.TIMEOUT)

    assert (outcome.status, outcome.retry_after, outcome.error, outcome.lacks) == (None,) * 4


@pytest.mark.parametrize("lack", Lack)
def test_every_lack_has_its_remedy(lack: Lack) -> None:
    """An operator is told what to do; a key and an account are those of all upstreams of a provider."""
    assert ": " in lack.remedy
    assert lack.of_provider is (lack in (Lack.KEY, Lack.BALANCE))
