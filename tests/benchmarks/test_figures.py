"""The figures of a benchmark run: medians, pairs, bars."""

from dataclasses import dataclass

import pytest

from benchmarks.figures import Figure, Standing, Verdict, failures, figures, middle, paired
from benchmarks.measures import Reading


def reading(
    *, answered=100, errors=0, per_second=1000.0, cpu_us=100.0, p50_ms=1.0, p99_ms=2.0, lost=0, first_p50_ms=None
):
    return Reading(
        answered=answered,
        errors=errors,
        per_second=per_second,
        cpu_us=cpu_us,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        lost=lost,
        first_p50_ms=first_p50_ms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    measured: float | None
    expected: Verdict
    at_least: bool = False


CASES = (
    Case(id="at_the_target", measured=1.0, expected=Verdict.TARGET),
    Case(id="between_the_bars", measured=1.5, expected=Verdict.MUST),
    Case(id="at_the_must", measured=2.0, expected=Verdict.MUST),
    Case(id="above_the_must", measured=2.01, expected=Verdict.MISSED),
    Case(id="zero_is_a_measurement", measured=0.0, expected=Verdict.TARGET),
    Case(id="unknown_is_not_zero", measured=None, expected=Verdict.NOT_MEASURED),
)

AT_LEAST = (
    Case(id="more_than_the_target", measured=60, expected=Verdict.TARGET, at_least=True),
    Case(id="between", measured=30, expected=Verdict.MUST, at_least=True),
    Case(id="less_than_the_must", measured=24.9, expected=Verdict.MISSED, at_least=True),
)


@pytest.mark.parametrize("case", [*CASES, *AT_LEAST], ids=lambda case: case.id)
def test_a_figure_is_judged_by_its_bars(case):
    """At most the bars, or at least them where more is better."""
    must, target = (25, 50) if case.at_least else (2, 1)
    figure = Figure(name="f", unit="", must=must, target=target, measured=case.measured, at_least=case.at_least)
    assert figure.verdict is case.expected


def test_the_median_of_an_incomplete_series_is_unknown():
    """A round without a value makes no figure out of the rest."""
    assert middle([1.0, 3.0, 2.0]) == 2.0
    assert middle([1.0, None]) is None
    assert middle([]) is None


def test_ratios_are_taken_within_a_round():
    """A machine that is twice as slow in one round does not change a ratio of that round."""
    ours = [reading(cpu_us=100.0), reading(cpu_us=200.0), reading(cpu_us=100.0)]
    theirs = [reading(cpu_us=5000.0), reading(cpu_us=10000.0), reading(cpu_us=5000.0)]
    readings = {"closed": {"tierwise": ours, "litellm": theirs}}
    assert paired(readings, "closed", "litellm", lambda a, b: b.cpu_us / a.cpu_us) == 50.0


def test_what_was_not_measured_says_so():
    """Without any reading every figure stands, and none has a value."""
    shown = figures({}, Standing())
    assert len(shown) == 15
    assert {figure.verdict for figure in shown} == {Verdict.NOT_MEASURED}


def test_a_run_fills_the_figures():
    """Each figure reads its own measurement."""
    readings = {
        "closed": {"tierwise": [reading(cpu_us=100.0, p50_ms=2.0, p99_ms=7.0)], "litellm": [reading(cpu_us=6000.0)]},
        "open": {"tierwise": [reading(p50_ms=1.25)], "direct": [reading(p50_ms=0.25)]},
        "large": {"tierwise": [reading(per_second=900.0)], "litellm": [reading(per_second=50.0)]},
        "streams500": {"tierwise": [reading(cpu_us=36.0, first_p50_ms=30.0)], "nginx": [reading(cpu_us=20.0)]},
        "streams1000": {"tierwise": [reading(lost=3, errors=1)]},
        "chat": {"tierwise": [reading(cpu_us=100.0)]},
        "messages": {"tierwise": [reading(cpu_us=120.0)]},
        "responses": {"tierwise": [reading(cpu_us=150.0)]},
        "chat_stream": {"tierwise": [reading(cpu_us=1000.0)]},
        "messages_stream": {"tierwise": [reading(cpu_us=1300.0)]},
        "responses_stream": {"tierwise": [reading(cpu_us=1600.0)]},
    }
    standing = Standing(start_seconds=(0.5, 0.9, 0.6), idle_pss_mib=(60.0, 62.0, 61.0), installed_mb=160.0)
    measured = [figure.measured for figure in figures(readings, standing)]
    assert measured == [60.0, 1.0, 3.5, 0.0, 30.0, 1.8, 4.0, 18.0, 1.2, 1.5, 1.3, 1.6, 0.6, 61.0, 160.0]


def test_a_translation_is_compared_within_a_round():
    """What a surface costs is a ratio to chat completions of the same round, and the median of those."""
    plain = [reading(cpu_us=100.0), reading(cpu_us=300.0), reading(cpu_us=100.0)]
    translated = [reading(cpu_us=120.0), reading(cpu_us=360.0), reading(cpu_us=500.0)]
    shown = figures({"chat": {"tierwise": plain}, "messages": {"tierwise": translated}}, Standing())
    [found] = [figure for figure in shown if figure.measured is not None]
    assert (found.measured, found.verdict) == (1.2, Verdict.TARGET)
    assert found.name.startswith("/v1/messages: ")


def test_wrong_answers_are_told():
    """Errors, lost chunks and silence are failures; anything else is none."""
    readings = {
        "closed": {"nginx": [reading(), reading(errors=2)], "direct": [reading()]},
        "open": {"nginx": [reading(answered=0)]},
    }
    told = failures(readings)
    assert len(told) == 2
    assert told[0].startswith("closed, nginx: 2 errors")
    assert told[1].startswith("open, nginx: 0 errors")
