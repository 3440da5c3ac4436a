"""What the operator is told of an upstream once, not once a request: that it waits for a person to mend something."""

import logging

from router.policy.outcome import Ending, Lack, Outcome

_log = logging.getLogger("tierwise.upstreams")


class Notices:
    """What was said of which upstream, until that one answers again."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        """Nothing was said."""
        self._said: dict[str, Lack] = {}

    @property
    def open(self) -> bool:
        """Whether any upstream waits for a person."""
        return bool(self._said)

    def note(self, upstream: str, provider: str, outcome: Outcome) -> None:
        """Log what an upstream lacks when that is new; once it answers again, the next time is new."""
        lacks = outcome.lacks
        if lacks is not None and self._said.get(upstream) is not lacks:
            self._said[upstream] = lacks
            _log.error("upstream %s (provider %s) is out of service: %s", upstream, provider, lacks.remedy)
        elif outcome.ending is Ending.ANSWERED:
            self._said.pop(upstream, None)  # the shared state tells that it is back
