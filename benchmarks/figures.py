"""Readings to figures: each with the bar it must meet and the target it aims at. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks.measures import Reading

PROXY = "tierwise"
Readings = Mapping[str, Mapping[str, Sequence[Reading]]]
"""Measurement name -> target name -> one reading a round, in the same order for all targets."""


class Verdict(StrEnum):
    """How a figure stands."""

    TARGET = "target met"
    MUST = "must met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is measured once a start: seconds to the first served request, idle MiB; and the installed size in MB."""

    start_seconds: tuple[float, ...] = ()
    idle_pss_mib: tuple[float, ...] = ()
    installed_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table. `measured` is compared with the bars: at most them, or at least them when `at_least`."""

    name: str
    unit: str
    must: float
    target: float
    measured: float | None
    at_least: bool = False
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """Compare what was measured with the bars."""
        if self.measured is None:
            return Verdict.NOT_MEASURED
        sign = -1 if self.at_least else 1
        if sign * self.measured <= sign * self.target:
            return Verdict.TARGET
        return Verdict.MUST if sign * self.measured <= sign * self.must else Verdict.MISSED


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median, None when a value is missing or there is none."""
    known = [value for value in values if value is not None]
    return median(known) if known and len(known) == len(values) else None


def paired(
    readings: Readings, measure: str, other: str, combine: Callable[[Reading, Reading], float | None]
) -> float | None:
    """Return the median over rounds of `combine(proxy's reading, other's reading)`, None if one was not measured."""
    rounds = readings.get(measure, {})
    pairs = zip(rounds.get(PROXY, ()), rounds.get(other, ()), strict=False)
    return middle([combine(ours, theirs) for ours, theirs in pairs])


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _minus(whole: float | None, part: float | None) -> float | None:
    return whole - part if whole is not None and part is not None else None


def _mid(readings: Readings, measure: str, target: str, read: Callable[[Reading], float | None]) -> float | None:
    return middle([read(reading) for reading in readings.get(measure, {}).get(target, ())])


def _total(readings: Readings, measure: str, read: Callable[[Reading], int]) -> float | None:
    """Return the sum over all rounds of the proxy: what must be zero must be zero in every round."""
    rounds = readings.get(measure, {}).get(PROXY, ())
    return float(sum(read(reading) for reading in rounds)) if rounds else None


def _show(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.3g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"


def _versus(readings: Readings, measure: str, other: str, read: Callable[[Reading], float | None], unit: str) -> str:
    ours, theirs = _mid(readings, measure, PROXY, read), _mid(readings, measure, other, read)
    return f"{_show(ours, unit)}; {other} {_show(theirs, unit)}"


def _throughput(readings: Readings) -> list[Figure]:
    gap = paired(readings, "open", "direct", lambda a, b: _minus(a.p50_ms, b.p50_ms))
    spread = _mid(readings, "closed", PROXY, lambda r: _ratio(r.p99_ms, r.p50_ms))
    p50, p99 = (_mid(readings, "closed", PROXY, read) for read in (_p50, _p99))
    tail = f"p50 {_show(p50, 'ms')}, p99 {_show(p99, 'ms')}"
    return [
        Figure(
            name="CPU per request: LiteLLM's divided by ours",
            unit="x",
            must=25,
            target=50,
            at_least=True,
            measured=paired(readings, "closed", "litellm", lambda a, b: _ratio(b.cpu_us, a.cpu_us)),
            detail=_versus(readings, "closed", "litellm", _cpu, "us"),
        ),
        Figure(
            name="Added latency p50 at 100 requests/s",
            unit="ms",
            must=2.4,
            target=1.5,
            measured=gap,
            detail=_versus(readings, "open", "direct", _p50, "ms"),
        ),
        Figure(name="p99 / p50 at 32 connections", unit="x", must=5, target=3, measured=spread, detail=tail),
    ]


def _cpu(reading: Reading) -> float | None:
    return reading.cpu_us


def _p50(reading: Reading) -> float | None:
    return reading.p50_ms


def _p99(reading: Reading) -> float | None:
    return reading.p99_ms


def _first_p50(reading: Reading) -> float | None:
    return reading.first_p50_ms


def _streams(readings: Readings) -> list[Figure]:
    name = "500 streams of 50 chunks at 20 ms"
    first = _mid(readings, "streams500", PROXY, _first_p50)
    per_chunk = paired(readings, "streams500", "nginx", lambda a, b: _ratio(a.cpu_us, b.cpu_us))
    thousand = _total(readings, "streams1000", lambda r: r.errors + r.lost)
    chunks = _versus(readings, "streams500", "nginx", _cpu, "us")
    delay = _show(_mid(readings, "streams1000", PROXY, lambda r: r.delay_p50_ms), "ms")
    return [
        Figure(
            name=f"{name}: lost chunks and failed streams",
            unit="",
            must=0,
            target=0,
            measured=_total(readings, "streams500", lambda r: r.errors + r.lost),
        ),
        Figure(
            name=f"{name}: time to the first chunk, p50",
            unit="ms",
            must=120,
            target=40,
            measured=first,
            detail=_versus(readings, "streams500", "nginx", _first_p50, "ms"),
        ),
        Figure(
            name=f"{name}: CPU per chunk / nginx's", unit="x", must=2.2, target=1.7, measured=per_chunk, detail=chunks
        ),
        Figure(
            name="1,000 streams: lost chunks and failed streams",
            unit="",
            must=0,
            target=0,
            measured=thousand,
            detail=f"delay of a chunk, p50 {delay}",
        ),
    ]


def _translations(readings: Readings) -> list[Figure]:
    return [
        _translation(readings, f"/v1/{surface}{what}", f"{surface}{suffix}", f"chat{suffix}")
        for what, suffix in (("", ""), (", streams of 50 chunks", "_stream"))
        for surface in ("messages", "responses")
    ]


def _translation(readings: Readings, name: str, measure: str, base: str) -> Figure:
    """Compare the CPU of an answer on a translated surface with chat completions', round by round."""
    translated, plain = (readings.get(one, {}).get(PROXY, ()) for one in (measure, base))
    pairs = zip(translated, plain, strict=False)
    ours, theirs = (_show(_mid(readings, one, PROXY, _cpu), "us") for one in (measure, base))
    return Figure(
        name=f"{name}: CPU per answer / chat completions'",
        unit="x",
        must=1.5,
        target=1.25,
        measured=middle([_ratio(one.cpu_us, other.cpu_us) for one, other in pairs]),
        detail=f"{ours}; chat completions {theirs}",
    )


def figures(readings: Readings, standing: Standing) -> list[Figure]:
    """Return every figure, in the order of the table; what was not measured says so."""
    large = Figure(
        name="300 KB bodies: our requests/s divided by LiteLLM's",
        unit="x",
        must=8,
        target=15,
        at_least=True,
        measured=paired(readings, "large", "litellm", lambda a, b: _ratio(a.per_second, b.per_second)),
        detail=_versus(readings, "large", "litellm", lambda r: r.per_second, "/s"),
    )
    start, idle = middle(standing.start_seconds), middle(standing.idle_pss_mib)
    return [
        *_throughput(readings),
        *_streams(readings),
        large,
        *_translations(readings),
        Figure(name="Start to the first served request", unit="s", must=1.2, target=0.7, measured=start),
        Figure(name="Idle memory (PSS)", unit="MiB", must=90, target=65, measured=idle),
        Figure(name="Installed size", unit="MB", must=400, target=300, measured=standing.installed_mb),
    ]


def failures(readings: Readings) -> list[str]:
    """Return one sentence for each measurement in which a target answered wrongly, lost chunks or did not answer."""
    found = []
    for measure, targets in readings.items():
        for target, rounds in targets.items():
            bad = [reading for reading in rounds if reading.errors or reading.lost or not reading.answered]
            if bad:
                errors, lost = sum(r.errors for r in bad), sum(r.lost for r in bad)
                found.append(f"{measure}, {target}: {errors} errors, {lost} lost chunks. First: {bad[0].first_error}")
    return found
