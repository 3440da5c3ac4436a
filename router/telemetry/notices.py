"""What the operator is told of an upstream once, not once a request: that it waits for a person to mend something."""

import logging

from router.policy.outcome import Ending, Lack, Outcome

_log = logging.getLogger("tierwise.upstreams")


class Notices:
    """What was said of which upstream, or of its whole provider, until that upstream answers again."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        """Nothing was said."""
        self._said: dict[tuple[str, str | None], tuple[Lack, str]] = {}

    @property
    def open(self) -> bool:
        """Whether any upstream waits for a person."""
        return bool(self._said)

    def note(self, upstream: str, provider: str, outcome: Outcome) -> None:
        """Log what an upstream lacks when that is new; once it answers again, the next time is new.

        What all upstreams of a provider share is said once for all of them.
        """
        lacks = outcome.lacks
        if lacks is not None:
            place = (provider, None if lacks.of_provider else upstream)
            said = self._said.get(place)
            if said is None or said[0] is not lacks:
                self._said[place] = (lacks, upstream)
                who = "provider %s (asked for upstream %s)" if lacks.of_provider else "provider %s, upstream %s"
                _log.error(who + " is out of service: %s", provider, upstream, lacks.remedy)
        elif outcome.ending is Ending.ANSWERED:  # the shared state tells that it is back
            for place in ((provider, upstream), (provider, None)):
                said = self._said.get(place)
                if said is not None and said[1] == upstream:
                    del self._said[place]
