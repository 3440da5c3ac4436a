"""tierwise costs: what it prints, in each form, and what it says when there is nothing to print."""

import argparse
import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from router.cli.costs import add_arguments, ledger_path, run, show
from router.errors import LedgerUnavailable, OperatorError
from router.ledger.entry import Attempt, CostSource, LedgerEntry
from router.ledger.rows import to_row
from router.ledger.writer import Writer
from router.usage import Usage
from tests.fakes.ledger import a_refusal, an_entry


def _args(*words: str) -> argparse.Namespace:
    """Parse the command's arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def _fill(path: Path, *several: LedgerEntry) -> Path:
    """Write entries to a ledger at `path`."""
    writer = Writer(path, "process")
    writer.open()
    if several:
        writer.write([to_row(entry) for entry in several])
    writer.close()
    return path


def _shown(path: Path, *words: str) -> str:
    """Return what the command prints."""
    out = io.StringIO()
    assert show(_args(*words), path, out) == 0
    return out.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with a saving, a loss, an unknown cost and an estimate."""
    return _fill(
        tmp_path / "ledger.db",
        an_entry(tier="hard", cost=Decimal(2), baseline_cost=Decimal("1.5"), usage=Usage(input=1_234_567, output=89)),
        an_entry(
            cost=Decimal("0.000001234"),
            baseline_cost=Decimal("0.25"),
            usage=Usage(input=300, output=200, cached_input=100, estimated=True),
            cost_source=CostSource.ESTIMATED,
        ),
        an_entry(tier="medium", cost=None, cost_source=CostSource.UNKNOWN, baseline_cost=Decimal(1)),
        an_entry(tier=None, reason="explicit", cost=Decimal("0.5"), baseline_cost=None),
    )


def test_the_table(path: Path) -> None:
    """Tiers stand in order with their figures whole; a small cost is not shown as nothing, a loss is signed."""
    words = [line.split() for line in _shown(path).splitlines() if line.strip(" ─")]
    easy, medium, hard, explicit, total = (" ".join(line) for line in words[1:6])

    assert easy == "easy 1 300 100 200 0.00000123 0.0 % 0.25000000 +0.24999877 +100.0 % 0 1"
    assert medium == "medium 1 300 100 200 - - - - - 1 0"
    assert hard == "hard 1 1,234,567 - 89 2.00000000 80.0 % 1.50000000 -0.50000000 -33.3 % 0 0"
    assert explicit == "(explicit) 1 300 100 200 0.50000000 20.0 % - - - 0 0"
    assert total == "total 4 1,235,467 300 689 2.50000123 100.0 % 1.75000000 -0.25000123 -14.3 % 1 1"


def test_what_the_figures_do_not_cover_is_said(path: Path) -> None:
    """Below the table stand the requests of unknown cost, those that were not compared, and the estimates."""
    text = _shown(path)

    assert "1 requests have an unknown cost" in text
    assert "compares 2 of 3 requests of known cost: 1 have a baseline of unknown price" in text
    assert "1 requests have token counts of our own estimate" in text


def test_json_is_exact(path: Path) -> None:
    """Money is decimal text to the last digit, what is unknown is null, counts are numbers."""
    document = json.loads(_shown(path, "--json"))
    by_tier = {line["group"]: line for line in document["lines"]}

    assert (document["by"], document["since"]) == ("tier", None)
    assert by_tier["easy"] == {
        "group": "easy",
        "requests": 1,
        "input_tokens": 300,
        "cached_input_tokens": 100,
        "cache_write_tokens": None,
        "output_tokens": 200,
        "reasoning_tokens": None,
        "cost_usd": "0.000001234",
        "share_percent": "0.00",
        "baseline_usd": "0.25",
        "saving_usd": "0.249998766",
        "saving_percent": "100.00",
        "compared_requests": 1,
        "unknown_cost_requests": 0,
        "estimated_requests": 1,
        "unreached_requests": 0,
        "refused_requests": 0,
        "without_baseline_requests": 0,
    }
    assert by_tier["medium"]["cost_usd"] is None
    assert document["total"]["cost_usd"] == "2.500001234"
    assert document["total"]["saving_usd"] == "-0.250001234"
    assert document["simulated"] is None


def test_csv_is_exact(path: Path) -> None:
    """CSV has one line a group, exact money, and an empty cell for the unknown."""
    rows = list(csv.DictReader(io.StringIO(_shown(path, "--csv"))))

    assert [row["tier"] for row in rows] == ["easy", "medium", "hard", "(explicit)"]
    assert rows[0]["cost_usd"] == "0.000001234"
    assert rows[1]["cost_usd"] == ""
    assert rows[2]["saving_usd"] == "-0.5"


@pytest.mark.parametrize(
    ("name", "cell"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "?=1"), ("\r=1", "?=1")],
)
def test_csv_runs_nothing(tmp_path: Path, name: str, cell: str) -> None:
    """A name that a spreadsheet would take for a formula is text."""
    text = _shown(_fill(tmp_path / "ledger.db", an_entry(caller=name)), "--csv", "--by", "caller")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))

    assert row["caller"] == cell


def test_names_are_printed_as_text(tmp_path: Path) -> None:
    """Neither markup nor terminal control in a name has an effect."""
    text = _shown(_fill(tmp_path / "ledger.db", an_entry(caller="[red]x[/red]\x1b[31m")), "--by", "caller")

    assert "[red]x[/red]?[31m" in text
    assert "\x1b" not in text


def test_a_long_name_does_not_cut_figures(tmp_path: Path) -> None:
    """The table is as wide as it must be."""
    text = _shown(_fill(tmp_path / "ledger.db", an_entry(model="m" * 150)), "--by", "model")

    assert "m" * 150 in text
    assert "…" not in text


@pytest.mark.parametrize("by", ["tier", "model", "provider", "caller", "day"])
def test_every_grouping(path: Path, by: str) -> None:
    """Each grouping accounts for all requests."""
    document = json.loads(_shown(path, "--by", by, "--json"))

    assert document["by"] == by
    assert sum(line["requests"] for line in document["lines"]) == document["total"]["requests"] == 4


def test_since(tmp_path: Path) -> None:
    """Only what came since then counts, by date as by age."""
    path = _fill(tmp_path / "ledger.db", an_entry(at=datetime(2026, 1, 1, tzinfo=UTC)), an_entry(at=datetime.now(UTC)))

    assert json.loads(_shown(path, "--since", "1h", "--json"))["total"]["requests"] == 1
    assert json.loads(_shown(path, "--since", "2026-01-01", "--json"))["total"]["requests"] == 2


def test_a_period_that_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong --since ends with exit code 2 and the forms that are understood."""
    with pytest.raises(SystemExit) as ending:
        _args("--since", "lately")

    assert ending.value.code == 2
    assert "24h" in capsys.readouterr().err


def test_an_empty_ledger_names_the_next_step(tmp_path: Path) -> None:
    """Without rows the table is one friendly line; JSON and CSV stay what they are."""
    path = _fill(tmp_path / "ledger.db")

    assert "tierwise serve" in _shown(path)
    assert "since 2026-01-01T00:00:00+00:00" in _shown(path, "--since", "2026-01-01")
    assert json.loads(_shown(path, "--json"))["lines"] == []
    assert len(_shown(path, "--csv").splitlines()) == 1


def test_a_missing_ledger_is_the_operators_to_mend(tmp_path: Path) -> None:
    """A file that is not there is an operator error, which the command line ends with exit code 2."""
    with pytest.raises(LedgerUnavailable, match="There is no ledger") as missing:
        run(_args("--ledger", str(tmp_path / "none.db")))
    assert isinstance(missing.value, OperatorError)


def test_run_prints(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints to standard output and succeeds."""
    assert run(_args("--ledger", str(path), "--json")) == 0
    assert json.loads(capsys.readouterr().out)["total"]["requests"] == 4


def test_which_file(tmp_path: Path) -> None:
    """The option comes first, then the environment, then the configuration."""
    config = tmp_path / "broken.yaml"
    config.write_text("ledger: 7\n", encoding="utf-8")

    assert ledger_path(_args("--ledger", "a.db", "--config", str(config)), "b.db") == Path("a.db")
    assert ledger_path(_args("--config", str(config)), "b.db") == Path("b.db")
    with pytest.raises(OperatorError):
        ledger_path(_args("--config", str(config)), "")
    assert ledger_path(_args(), "").name.endswith(".db")


def _simulated(**fields: object) -> LedgerEntry:
    """Return what the shipped simulated upstreams answered."""
    call = Attempt(upstream="sim-small", provider="simulated", ending="answered", status=200)
    return an_entry(provider="simulated", model="sim-small", cost=Decimal("0.25"), attempts=(call,), **fields)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A ledger of real and of simulated requests."""
    rates = '{"input": "0.15", "output": "0.6"}'
    return _fill(
        tmp_path / "mixed.db", an_entry(cost=Decimal(1), rates=rates), _simulated(rates=rates), _simulated(tier="hard")
    )


@pytest.mark.parametrize("by", ["tier", "model", "provider", "caller", "day"])
def test_simulated_money_is_no_part_of_the_bill(mixed: Path, by: str) -> None:
    """Beside real requests simulated ones are in no line and no sum, in any form; JSON says how many and how to see."""
    document = json.loads(_shown(mixed, "--by", by, "--json"))
    (row,) = csv.DictReader(io.StringIO(_shown(mixed, "--by", by, "--csv")))

    assert [line["requests"] for line in document["lines"]] == [1]
    assert (document["total"]["requests"], document["total"]["cost_usd"]) == (1, "1")
    assert document["simulated"] == {"requests": 2, "cost_usd": "0.5", "counted": False, "option": "--simulated"}
    assert [one["provider"] for one in document["rates"]] == ["house"]
    assert (row["requests"], row["cost_usd"]) == ("1", "1")
    assert "2 simulated requests (0.5 USD, of which nothing was spent) are left out" in _shown(mixed, "--by", by)


def test_simulated_money_can_be_counted_in(mixed: Path) -> None:
    """Asked for, simulated requests are in the lines of their groups and in the sums."""
    document = json.loads(_shown(mixed, "--simulated", "--json"))

    assert [(line["group"], line["requests"]) for line in document["lines"]] == [("easy", 2), ("hard", 1)]
    assert document["total"]["cost_usd"] == "1.5"
    assert document["simulated"]["counted"] is True
    assert [one["provider"] for one in document["rates"]] == ["house", "simulated"]


def test_simulated_money_alone_is_shown(tmp_path: Path) -> None:
    """Where nothing real was sent the table is of what was simulated, and says so; so in the period asked for."""
    path = _fill(tmp_path / "ledger.db", an_entry(at=datetime(2026, 1, 1, tzinfo=UTC)), _simulated(), a_refusal())
    since = ("--since", "2026-02-01")
    document = json.loads(_shown(path, *since, "--json"))

    assert (document["total"]["requests"], document["total"]["cost_usd"]) == (2, "0.25")
    assert document["simulated"]["counted"] is True
    assert "these are simulated prices" in _shown(path, *since)


def test_json_tells_what_answers_were_billed_at(tmp_path: Path) -> None:
    """By provider, model and rates, with the tokens, so that a bill can be reckoned again; others have none of it."""
    before, after = '{"input": "0.1", "output": "0.4"}', '{"input": "0.2", "output": "0.4", "as_of": "2026-11-01"}'
    several = [an_entry(rates=rates) for rates in (after, before, before, None)]

    told = json.loads(_shown(_fill(tmp_path / "ledger.db", *several), "--json"))["rates"]

    tokens = {"input_tokens": 300, "cached_input_tokens": 100, "cache_write_tokens": None, "output_tokens": 200}
    assert told[0] == {
        "provider": "house", "model": "small-wire", "requests": 1, **tokens, "usd_per_million": json.loads(after)
    }  # fmt: skip
    assert [(one["requests"], one["input_tokens"], one["usd_per_million"]) for one in told[1:]] == [
        (2, 600, json.loads(before))
    ]
