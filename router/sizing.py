"""The classifier behind a guard: whatever it does, the request goes on.

A classifier that raises, or that takes longer than its time-out, yields None and the route's default tier serves. After
a few failures in a row it is left alone for a while, so that a slow one cannot hold up other requests again and again.
"""

import logging
from collections.abc import Callable

from classifier.assessment import Assessment
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds

Assess = Callable[[Prompt, Thresholds], Assessment]
"""The classifier's port: runs on the event loop, so it must be quick for a prompt of any length."""

_log = logging.getLogger("tierwise.classifier")

FAILURES_IN_A_ROW = 3
REST_SECONDS = 30.0


class Sizer:
    """Calls a classifier and survives it."""

    def __init__(
        self,
        assess: Assess | None,
        timeout: float,
        clock: Callable[[], float],
        spent: Callable[[], float] | None = None,
    ) -> None:
        """Guard `assess` (None: there is no classifier) with a time-out in seconds; `clock` is monotonic.

        `spent` is what the time-out is read off: the processor time of this thread, or a busy machine would look like a
        slow classifier. None is `clock` too.
        """
        self._assess = assess
        self._timeout = timeout
        self._clock = clock
        self._spent = spent or clock
        self._failures = 0
        self._rests_until = 0.0

    def size(self, prompt: Prompt, thresholds: Thresholds) -> Assessment | None:
        """Return the assessment of `prompt`, or None when the classifier failed, was too slow or is resting."""
        if self._assess is None or (self._rests_until and self._clock() < self._rests_until):
            return None
        begun = self._spent()
        try:
            assessment = self._assess(prompt, thresholds)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a model must not cost anyone an answer
            self._fail(f"raised {type(error).__name__}")
            return None
        taken = self._spent() - begun
        if taken > self._timeout:
            self._fail(f"took {taken * 1000:.0f} ms of the processor")
            return None
        self._failures = 0
        if self._rests_until:
            self._rests_until = 0.0
            _log.warning("the classifier is back")
        return assessment

    def _fail(self, how: str) -> None:
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._failures = 0
            self._rests_until = self._clock() + REST_SECONDS
            _log.warning("the classifier %s: it is left alone for %.0f s, the default tier serves", how, REST_SECONDS)
            return
        _log.warning("the classifier %s: the default tier serves", how)
