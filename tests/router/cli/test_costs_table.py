"""The printed table of `tierwise costs`: whole in a file, readable in a narrow terminal, and what stands below it."""

import io
from decimal import Decimal

import pytest
from rich.console import Console

from router.cli.costs_table import exact, print_table
from router.ledger.spend import Grouping, SpendTable, Sums, tabulate


def _sums(group: str, cost: str = "0.0012", **rest: object) -> Sums:
    """Return a group of a thousand priced and compared requests; `rest` replaces what it says."""
    whole: dict[str, object] = {
        "group": group,
        "requests": 1_000,
        "input": 1_234_567,
        "cached_input": 98_765,
        "output": 345_678,
        "priced": 1_000,
        "cost": Decimal(cost),
        "compared": 1_000,
        "compared_cost": Decimal(cost),
        "baseline_cost": Decimal("12.5"),
    }
    return Sums(**(whole | rest))


def _printed(table: SpendTable, width: int, *, terminal: bool = True) -> list[str]:
    """Return the lines that a console of this width shows."""
    out = io.StringIO()
    print_table(table, Console(file=out, width=width, force_terminal=terminal, color_system=None))
    return [line.rstrip() for line in out.getvalue().splitlines()]


TIERS = tabulate(Grouping.TIER, [_sums("easy"), _sums("needs_info", "3.5"), _sums("(not sent)", requests=7)])
MODELS = tabulate(Grouping.MODEL, [_sums("accounts/fireworks/models/kimi-k2-instruct-0905"), _sums("sim-small")])


@pytest.mark.parametrize("table", [TIERS, MODELS], ids=["tier", "model"])
@pytest.mark.parametrize("width", [100, 80, 60])
def test_a_terminal_is_not_overrun(table: SpendTable, width: int) -> None:
    """No line is wider than the terminal, no figure is cut, and the columns without room are named."""
    lines = _printed(table, width)

    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    assert any("0.00120" in line and "1,000" in line and "+12.49880" in line for line in lines)
    assert "No room for: estimated, cost unknown" in "\n".join(lines)


def test_what_matters_least_goes_first() -> None:
    """At 100 columns the money is all there, at 80 what it is compared with is left out."""
    wide, narrow = ("\n".join(_printed(TIERS, width)) for width in (100, 80))

    assert all(word in wide for word in ("requests", "input", "output", "cost USD", "baseline USD", "saving USD"))
    assert "baseline USD" not in narrow[: narrow.index("No room for")]
    assert all(word in narrow for word in ("requests", "cost USD", "saving USD"))


def test_a_long_name_is_folded_in_a_narrow_terminal() -> None:
    """It stands whole, on more than one line."""
    names = [line.split()[0] for line in _printed(MODELS, 80) if line.startswith((" accounts", " s/"))]

    assert "".join(names) == "accounts/fireworks/models/kimi-k2-instruct-0905"


@pytest.mark.parametrize(("width", "terminal"), [(160, True), (80, False)], ids=["wide terminal", "file"])
def test_every_column_where_there_is_room(width: int, terminal: bool) -> None:
    """A wide terminal and a file get the whole table, and nothing is said of room."""
    lines = _printed(TIERS, width, terminal=terminal)

    assert any("estimated" in line and "cached" in line and "baseline USD" in line for line in lines)
    assert "No room" not in "\n".join(lines)


def _notes(*several: Sums, with_simulated: bool = False) -> str:
    """Return all that is printed of these groups."""
    table = tabulate(Grouping.TIER, several, with_simulated=with_simulated)
    return "\n".join(_printed(table, 200, terminal=False))


def test_what_is_not_compared_is_told_by_its_kind() -> None:
    """Requests without a baseline and those whose baseline has no known price are told apart."""
    embedded = _sums("(embeddings)", requests=2, priced=2, compared=0, without_baseline=2)

    assert "compares 1,000 of 1,002 requests of known cost: 2 have no baseline (embeddings" in _notes(
        _sums("easy"), embedded
    )
    assert "compares 0 of 5 requests of known cost: 5 have a baseline of unknown price." in _notes(
        _sums("easy", requests=5, priced=5, compared=0)
    )


def test_refusals_are_told_apart_from_the_unknown() -> None:
    """What was refused is said to cost nothing, and is not among what is unknown."""
    text = _notes(_sums("easy", requests=5, priced=0, refused=3, unpriced=2))

    assert "3 requests were refused by their upstreams (4xx): nothing was charged" in text
    assert "2 requests have an unknown cost" in text


SIMULATED = _sums("easy", "0.5", requests=4, simulated=True)


def test_simulated_requests_are_told_of() -> None:
    """Left out, counted in or alone: each time one line says so, with the option where there is something to choose."""
    left_out = "4 simulated requests (0.5 USD, of which nothing was spent) are left out; --simulated counts them in."

    assert left_out in _notes(_sums("hard"), SIMULATED)
    assert "(0.5 USD, of which nothing was spent) are counted in." in _notes(
        _sums("hard"), SIMULATED, with_simulated=True
    )
    assert "these are simulated prices" in _notes(SIMULATED)
    assert "--simulated" not in _notes(SIMULATED)
    assert "(at no known price" in _notes(_sums("hard"), _sums("easy", requests=1, priced=0, simulated=True))
    assert "simulated" not in _notes(_sums("hard"))


def test_money_is_exact() -> None:
    """Neither an exponent nor a zero that nobody wrote."""
    written = [exact(Decimal(text)) for text in ("1E-12", "2.50", "0E-12", "1E+3")]

    assert written == ["0.000000000001", "2.5", "0", "1000"]
