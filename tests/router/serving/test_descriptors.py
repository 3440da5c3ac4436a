"""The process takes the room that it may have, and leaves some for upstreams and for itself."""

import resource
import subprocess
import sys

import pytest

LOOK = (
    "import resource, sys\nfrom router.serving.descriptors import most_connections, raise_limit\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))\n"
    "before = most_connections(); raise_limit()\n"
    "print(before, resource.getrlimit(resource.RLIMIT_NOFILE)[0], most_connections())"
)


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [(256, 256, (96, 256, 96)), (256, 1064, (96, 1064, 500)), (40, 40, (8, 40, 8))],
)
def test_half_of_what_may_be_open_is_for_clients(soft: int, hard: int, expected: tuple[int, int, int]) -> None:
    """The soft limit is raised to the hard one; a process of few files still has some connections."""
    seen = subprocess.run(
        [sys.executable, "-c", LOOK, str(soft), str(hard)], check=True, capture_output=True, text=True
    ).stdout

    assert tuple(map(int, seen.split())) == expected


def test_a_limit_that_is_there_is_not_lowered() -> None:
    """Nothing is taken from who has more than is wished for."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    seen = subprocess.run(
        [sys.executable, "-c", LOOK, str(hard), str(hard)], check=True, capture_output=True, text=True
    ).stdout

    assert int(seen.split()[1]) == hard
