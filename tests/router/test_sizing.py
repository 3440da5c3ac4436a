"""A failing or slow classifier never fails a request."""

import logging
from collections.abc import Iterator

import pytest

from classifier.assessment import Assessment
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from router.sizing import FAILURES_IN_A_ROW, REST_SECONDS, Sizer
from tests.fakes.values import an_assessment

PROMPT = Prompt.of([("user", "my secret prompt")])
CUTS = Thresholds()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def visible_log() -> Iterator[None]:
    """Show the log to caplog, wherever it was sent before."""
    logger = logging.getLogger("tierwise")
    before, logger.propagate = logger.propagate, True
    yield
    logger.propagate = before


def broken(prompt: Prompt, _thresholds: Thresholds) -> Assessment:
    """Fail as a model with a bug does."""
    raise ZeroDivisionError(str(prompt))


def test_an_assessment_passes_through() -> None:
    """A classifier that works is what is heard."""
    assert Sizer(lambda _p, _t: an_assessment(), 0.05, Clock()).size(PROMPT, CUTS) == an_assessment()


def test_without_a_classifier_nobody_knows() -> None:
    """No artifact means no assessment."""
    assert Sizer(None, 0.05, Clock()).size(PROMPT, CUTS) is None


def test_an_error_is_no_assessment_and_its_text_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the kind of error, not the prompt that is in its message."""
    assert Sizer(broken, 0.05, Clock()).size(PROMPT, CUTS) is None
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_too_late_is_no_assessment() -> None:
    """What takes longer than the time-out is not waited for again and again."""
    clock = Clock()

    def slow(_prompt: Prompt, _thresholds: Thresholds) -> Assessment:
        clock.now += 0.2
        return an_assessment()

    assert Sizer(slow, 0.05, clock).size(PROMPT, CUTS) is None


def test_time_that_others_took_is_not_the_classifier_s() -> None:
    """On a busy machine the clock goes on while nothing is computed here: what was spent here counts."""
    clock, spent = Clock(), Clock()

    def held_up(_prompt: Prompt, _thresholds: Thresholds) -> Assessment:
        clock.now += 0.2
        spent.now += 0.01
        return an_assessment()

    sizer = Sizer(held_up, 0.05, clock, spent)
    for _ in range(FAILURES_IN_A_ROW + 1):
        assert sizer.size(PROMPT, CUTS) == an_assessment()
    spent.now = 0.0
    assert (
        Sizer(lambda _p, _t: (setattr(spent, "now", 1.0), an_assessment())[1], 0.05, clock, spent).size(PROMPT, CUTS)
        is None
    )


def test_after_failures_in_a_row_it_rests_and_comes_back() -> None:
    """A classifier that keeps failing is left alone for a while, then asked again."""
    clock, calls = Clock(), []

    def failing(_prompt: Prompt, _thresholds: Thresholds) -> Assessment:
        calls.append(clock.now)
        raise ValueError

    sizer = Sizer(failing, 0.05, clock)
    for _ in range(FAILURES_IN_A_ROW + 5):
        sizer.size(PROMPT, CUTS)
    assert len(calls) == FAILURES_IN_A_ROW

    clock.now += REST_SECONDS
    sizer.size(PROMPT, CUTS)
    assert len(calls) == FAILURES_IN_A_ROW + 1


def test_a_rest_and_its_end_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """An operator sees why the default tier serves everything, and when that is over; neither is repeated."""
    clock, slow = Clock(), [True]

    def assess(_prompt: Prompt, _thresholds: Thresholds) -> Assessment:
        clock.now += 0.2 if slow[0] else 0.0
        return an_assessment()

    sizer = Sizer(assess, 0.05, clock)
    for _ in range(FAILURES_IN_A_ROW + 5):
        sizer.size(PROMPT, CUTS)
    clock.now += REST_SECONDS
    slow[0] = False
    for _ in range(3):
        assert sizer.size(PROMPT, CUTS) is not None
    assert [record.message for record in caplog.records][FAILURES_IN_A_ROW - 1 :] == [
        "the classifier took 200 ms of the processor: it is left alone for 30 s, the default tier serves",
        "the classifier is back",
    ]
