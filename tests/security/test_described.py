"""The running proxy keeps to its own description, whatever is sent."""

import re
from pathlib import Path

import pytest

from tests.fakes.described import INSTALLED, held


@pytest.mark.slow
@pytest.mark.timeout(600)  # some 30 s of work, on a machine that may have other work
@pytest.mark.skipif(not INSTALLED, reason="schemathesis is not installed: `make test` installs it")
async def test_the_proxy_is_as_it_describes_itself(tmp_path: Path) -> None:
    """Thousands of requests that fit and do not: no 5xx, nothing that is not described, no wrong one is accepted."""
    result = await held(tmp_path, examples=4, seed=1)

    assert result.code == 0, result.told
    cases = re.search(r"(\d+) generated, (\d+) passed", result.told)
    assert cases is not None, result.told
    assert int(cases[1]) == int(cases[2]) > 2_000
