"""kill -9 at random points under load: no complete answer without its row, none twice, nothing stays sent."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.fakes.killing import kills

KILLS = int(os.environ.get("TIERWISE_KILLS", "10"))
"""`make kill` sets it to 100."""


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_what_was_answered_or_sent_has_its_row(tmp_path: Path) -> None:
    """Client, ledger and upstream agree after every restart, to the token and the pico-dollar."""
    seed = int.from_bytes(os.urandom(4), "little")
    found = await kills(KILLS, tmp_path, Random(seed))

    print(f"seed {seed}; {found}")  # noqa: T201  # the figures of `make kill`
    assert found.wrong == []
    assert found.kills == KILLS
    assert found.complete > KILLS
    assert found.recovered > 0
    assert found.rows["ok"] >= found.complete
