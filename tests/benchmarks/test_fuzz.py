"""Every fuzz target runs, finds nothing in its first executions, and would tell what it found."""

from pathlib import Path

import pytest

from benchmarks.fuzz import Target, fuzz, targets

NAMES = ("sse", "body", "surfaces", "error", "config", "manifest", "arrays", "features", "keys")


def test_every_target_is_run(tmp_path: Path) -> None:
    """None is left out of the short run."""
    assert tuple(targets(tmp_path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_its_own_errors_comes_out(name: str, tmp_path: Path) -> None:
    """Some hundred mutated inputs, the same ones each time."""
    assert fuzz(targets(tmp_path)[name], seconds=10, most=200).calls > 0


def test_what_is_found_is_told_with_its_bytes() -> None:
    """The input stands in the note of the error."""

    def broken(_data: bytes) -> None:
        raise KeyError

    with pytest.raises(KeyError) as found:
        fuzz(Target(broken, (b"seed",)), seconds=1)
    assert "after 0 calls, by b'" in found.value.__notes__[0]
