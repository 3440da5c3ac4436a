"""Whether this process wants new requests, and which configuration it serves: what its readiness probe is told."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Readiness:
    """The one thing about a running process that changes and that probes may know. Nothing in it is secret.

    `stopping` says that it was told to end. `loaded_at` is when the configuration that is served was loaded (None:
    nothing is yet); `refused_at` when a newer one was last refused, None where the newest is the one that is served.
    """

    stopping: bool = False
    loaded_at: datetime | None = None
    refused_at: datetime | None = None

    def told(self) -> dict[str, str]:
        """Return what a probe reads, beside the version: `status` is ok or stopping, times are ISO 8601."""
        words = {"status": "stopping" if self.stopping else "ok"}
        if self.loaded_at is not None:
            words["configuration_loaded_at"] = self.loaded_at.isoformat(timespec="seconds")
        if self.refused_at is not None:
            words["configuration"] = "a newer configuration was refused; the last good one is served (see the log)"
            words["configuration_refused_at"] = self.refused_at.isoformat(timespec="seconds")
        return words
