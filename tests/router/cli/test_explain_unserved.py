"""tierwise explain where nobody may serve: what was sized is told all the same."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import pytest

from classifier.tier import Tier
from router.cli.explain import Decider, add_arguments, run
from router.errors import NoEligibleUpstream
from router.policy.explanation import DryRun, Unserved
from tests.fakes.values import a_request, an_assessment


def nobody(_config: Path | None, _environ: Mapping[str, str]) -> Decider:
    """Return a decider of a configuration in which nobody may serve."""

    def decide_it(_body: bytes, _floor: Tier | None) -> DryRun:
        raise Unserved(NoEligibleUpstream("small: too small"), a_request(), an_assessment())

    return decide_it


def test_what_was_sized_is_told_where_nobody_may_serve(capsys: pytest.CaptureFixture[str]) -> None:
    """The request, its tier and its probabilities are printed before the refusal; the exit code is 1."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    code = run(parser.parse_args(["hi"]), nobody)

    printed = capsys.readouterr()
    assert code == 1
    assert "Asked for: auto" in printed.out
    assert all(tier.label in printed.out for tier in Tier)
    assert "tierwise: small: too small" in printed.err
