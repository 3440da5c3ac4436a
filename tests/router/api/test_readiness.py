"""What a readiness probe is told of a process."""

from datetime import timedelta

from router.api.readiness import Readiness
from tests.fakes.values import NOW


def test_the_newest_configuration_is_served() -> None:
    """Its time is told, and nothing else."""
    told = Readiness(loaded_at=NOW).told()

    assert told == {"status": "ok", "configuration_loaded_at": NOW.isoformat(timespec="seconds")}


def test_a_refused_configuration_is_told_with_its_time_and_leaves_the_process_ready() -> None:
    """The last good one is served; what was wrong with the newer one stands in the log alone."""
    later = NOW + timedelta(minutes=5)
    told = Readiness(loaded_at=NOW, refused_at=later).told()

    assert told["status"] == "ok"
    assert "refused" in told["configuration"]
    assert told["configuration_refused_at"] == later.isoformat(timespec="seconds")


def test_a_process_that_was_told_to_end_says_so() -> None:
    """Whatever it serves."""
    assert Readiness(stopping=True, loaded_at=NOW).told()["status"] == "stopping"
