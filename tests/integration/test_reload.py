"""Another configuration under load: no request fails, no stream breaks, and what is wrong changes nothing."""

import os
from pathlib import Path

import pytest
import uvloop

from tests.fakes.reloading import reloads

RELOADS = int(os.environ.get("TIERWISE_RELOADS", "20"))
"""`make reload` sets it to 100, with 320 requests a second asked for (300 are to be reached) and 100 streams."""

PER_SECOND, STREAMS = (320, 100) if RELOADS >= 100 else (20, 10)


@pytest.mark.timeout(120 + 10 * RELOADS)
def test_nobody_notices_another_configuration(tmp_path: Path) -> None:
    """Valid, invalid, half-written, huge, hostile; links, keys and upstreams that change while streams run."""
    found = uvloop.run(reloads(RELOADS, tmp_path, per_second=PER_SECOND, streams=STREAMS))  # a quicker loop: more load

    print(found)  # noqa: T201  # the figures of `make reload`
    assert found.wrong == []
    assert (found.changes, found.refused) == (RELOADS * 7 // 10, RELOADS * 3 // 10)
    assert found.files_after <= found.files_before
    assert found.requests > 10
    assert found.streams >= STREAMS
