"""The measurements: each sends one kind of load to one target and reads what it cost, once."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.processes import Cores, core_busy_ns, pinned
from benchmarks.targets import DIRECT, Target

CONNECTIONS = 32
LARGE_CONNECTIONS = 8
OPEN_RATE = 100
CHUNKS = 50
STREAM_REPEAT = 2
WARM_SECONDS = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run of the load generator against one target. Durations in milliseconds, None where there is none.

    `cpu_us` is the target's CPU time per answer, or per chunk for streams, in microseconds. `others_share` is the share
    of the target's core that other processes used meanwhile (None for direct calls, which have no such core): what is
    above a few percent disturbs latencies.
    """

    answered: int
    errors: int
    per_second: float
    cpu_us: float | None
    p50_ms: float | None
    p99_ms: float | None
    chunks: int = 0
    lost: int = 0
    first_p50_ms: float | None = None
    first_p99_ms: float | None = None
    delay_p50_ms: float | None = None
    delay_p99_ms: float | None = None
    others_share: float | None = None
    pss_mib: float = 0.0
    first_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The load generator: its program, the request files, and how long a measurement lasts."""

    program: Path
    bodies: dict[str, Path]
    cores: Cores
    seconds: float

    def load(self, mode: str, target: Target, body: str, **options: object) -> dict[str, object]:
        """Run the load generator to its end and return what it printed."""
        command = [str(self.program), mode, "--port", str(target.port), "--body", str(self.bodies[body])]
        for header in target.headers:
            command += ["--header", header]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        with pinned(self.cores.rig):
            done = subprocess.run(command, check=True, capture_output=True, timeout=300)
        printed: dict[str, object] = json.loads(done.stdout)
        return printed

    def measure(self, mode: str, target: Target, body: str, **options: object) -> Reading:
        """Run the load generator and account for the target's CPU meanwhile."""
        cpu, busy = target.cpu_ns(), core_busy_ns(self.cores.target)
        printed = self.load(mode, target, body, **options)
        used, busy = target.cpu_ns() - cpu, core_busy_ns(self.cores.target) - busy
        reading = _reading(printed, used, per_chunk=mode == "streams")
        span = max(float(str(printed["seconds"])), 1e-9) * 1e9
        others = max(0.0, (busy - used) / span) if target.name != DIRECT else None
        return replace(reading, others_share=others, pss_mib=target.pss_mib())

    def closed(self, target: Target) -> Reading:
        """Keep CONNECTIONS requests under way."""
        self.load("closed", target, "short", connections=CONNECTIONS, seconds=WARM_SECONDS)
        return self.measure("closed", target, "short", connections=CONNECTIONS, seconds=self.seconds)

    def open(self, target: Target) -> Reading:
        """Send OPEN_RATE requests a second; latency from the moment each was to be sent."""
        return self.measure("open", target, "short", connections=64, seconds=self.seconds + 1, rate=OPEN_RATE)

    def surface(self, target: Target, body: str, path: str) -> Reading:
        """Keep CONNECTIONS requests of one surface under way, streams or not; the CPU time is per whole answer."""
        self.load("closed", target, body, path=path, connections=CONNECTIONS, seconds=WARM_SECONDS)
        return self.measure("closed", target, body, path=path, connections=CONNECTIONS, seconds=self.seconds)

    def large(self, target: Target) -> Reading:
        """Keep LARGE_CONNECTIONS requests of 300 KB under way."""
        self.load("closed", target, "large", connections=LARGE_CONNECTIONS, seconds=WARM_SECONDS)
        return self.measure("closed", target, "large", connections=LARGE_CONNECTIONS, seconds=self.seconds)

    def streams500(self, target: Target) -> Reading:
        """Read 500 streams at a time, twice."""
        return self._streams(target, 500)

    def streams1000(self, target: Target) -> Reading:
        """Read 1,000 streams at a time, twice."""
        return self._streams(target, 1000)

    def _streams(self, target: Target, count: int) -> Reading:
        return self.measure(
            "streams", target, "stream", connections=count, repeat=STREAM_REPEAT, chunks=CHUNKS, timeout=40
        )


def _surface(body: str, path: str) -> Callable[[Rig, Target], Reading]:
    return lambda rig, target: rig.surface(target, body, path)


MEASURES: dict[str, Callable[[Rig, Target], Reading]] = {
    "closed": Rig.closed,
    "open": Rig.open,
    "large": Rig.large,
    "streams500": Rig.streams500,
    "streams1000": Rig.streams1000,
    "chat": _surface("short", "/v1/chat/completions"),
    "messages": _surface("messages", "/v1/messages"),
    "responses": _surface("responses", "/v1/responses"),
    "chat_stream": _surface("stream", "/v1/chat/completions"),
    "messages_stream": _surface("messages_stream", "/v1/messages"),
    "responses_stream": _surface("responses_stream", "/v1/responses"),
}
"""By name. The last six are of one round each: what a translation costs is read against `chat` and `chat_stream`."""

TARGETS = {
    "closed": (DIRECT, "nginx", "tierwise", "litellm"),
    "open": (DIRECT, "nginx", "tierwise"),
    "large": (DIRECT, "nginx", "tierwise", "litellm"),
    "streams500": ("nginx", "tierwise"),
    "streams1000": ("nginx", "tierwise"),
    "chat": ("tierwise",),
    "messages": ("tierwise",),
    "responses": ("tierwise",),
    "chat_stream": ("tierwise",),
    "messages_stream": ("tierwise",),
    "responses_stream": ("tierwise",),
}
"""Which targets a measurement compares. LiteLLM holds neither 100 requests/s nor 500 streams on one core."""


def _ms(printed: dict[str, object], name: str) -> float | None:
    value = printed[name]
    return float(value) / 1000 if isinstance(value, int | float) else None


def _reading(printed: dict[str, object], used_ns: int, *, per_chunk: bool) -> Reading:
    """Turn what the load generator printed, and the CPU time of the target, into a reading."""
    counts = {name: int(str(printed[name])) for name in ("answered", "errors", "chunks", "lost", "misordered")}
    units = counts["chunks"] if per_chunk else counts["answered"]
    seconds = float(str(printed["seconds"]))
    return Reading(
        answered=counts["answered"],
        errors=counts["errors"] + counts["misordered"],
        per_second=units / seconds if seconds else 0.0,
        cpu_us=used_ns / 1000 / units if units else None,
        p50_ms=_ms(printed, "latency_p50_us"),
        p99_ms=_ms(printed, "latency_p99_us"),
        chunks=counts["chunks"],
        lost=counts["lost"],
        first_p50_ms=_ms(printed, "first_p50_us"),
        first_p99_ms=_ms(printed, "first_p99_us"),
        delay_p50_ms=_ms(printed, "delay_p50_us"),
        delay_p99_ms=_ms(printed, "delay_p99_us"),
        first_error=str(printed["first_error"]),
    )
