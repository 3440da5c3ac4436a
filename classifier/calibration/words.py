"""A choice of cut points as plain sentences, as the YAML to paste, and as JSON values."""

from typing import Any

from classifier.calibration.choose import Choice, Measured, Wish
from classifier.calibration.path import ALL_HARD
from classifier.tier import Tier

_SOMEWHAT = 1.2
"""So many times the rows is less than such an estimate can tell apart."""


def verdict(choice: Choice, wish: tuple[Wish, float], confidence: float) -> tuple[str, ...]:
    """Return what is promised, or that it cannot be and what would be needed, one sentence a line."""
    kind, value = wish
    rows = choice.measured.rows
    if kind is Wish.MAX_QUALITY_LOSS:
        return _promise(choice, value, confidence)
    if kind is Wish.HARD_SHARE:
        share = choice.measured.shares[Tier.HARD]
        if choice.kept:
            return (f"Of these {rows:,} prompts, {percent(share)} go to hard: at most {percent(value)} were wished.",)
        return (f"Even the cheapest cut points send {percent(share)} of these {rows:,} prompts to hard.",)
    cost = usd(choice.measured.cost)
    if choice.kept:
        return (f"These {rows:,} prompts would cost {cost} each in the mean: at most {usd(value)} was wished.",)
    refusal = f"Even the cheapest cut points cost {cost} a request in the mean over these {rows:,} prompts."
    return (refusal, f"That is more than {usd(value)}. Configure a cheaper upstream, or raise the budget.")


def _promise(choice: Choice, max_loss: float, confidence: float) -> tuple[str, ...]:
    """Say what Learn-then-Test found."""
    rows, needed = choice.measured.rows, choice.rows_needed
    if choice.kept:
        bound = f"the mean loss is at most {percent(max_loss)}"
        return (f"Promised with {percent(confidence)} confidence: on prompts drawn like these {rows:,}, {bound}.",)
    refusal = (
        f"A mean loss of at most {percent(max_loss)} cannot be promised with {percent(confidence)} confidence by these "
        f"{rows:,} prompts, unless everything goes to hard."
    )
    if needed is None:
        more = "More rows would not help: even the most careful cut points lose about as much here, or more."
    elif needed <= rows * _SOMEWHAT:
        more = "Somewhat more rows would be needed at the loss seen here. Label more, or allow more loss."
    else:
        more = f"About {needed:,} rows would be needed at the loss seen here. Label more, or allow more loss."
    return (refusal, more, "The cut points below do that: they are the safest there are.")


def snippet(choice: Choice, route: str, dial: str) -> str:
    """Return the YAML to paste."""
    medium, hard = choice.measured.cuts
    return f"routes:\n  {route}:\n    thresholds: {{dial: {dial}, medium: {medium:g}, hard: {hard:g}}}"


def document(measured: Measured) -> dict[str, Any]:
    """Return what was measured as JSON values: shares and losses in 0..1, costs in USD, null where unknown."""
    return {
        "thresholds": {"medium": measured.cuts.medium, "hard": measured.cuts.hard},
        "rows": measured.rows,
        "shares": {tier.label: measured.shares[tier] for tier in Tier},
        "loss": measured.loss,
        "loss_at_most": measured.loss_at_most,
        "cost_usd": measured.cost,
        "cost_all_hard_usd": measured.cost_all_hard,
        "saving": measured.saving,
    }


def cells(measured: Measured) -> tuple[str, ...]:
    """Return what was measured as texts: cuts, loss, its bound, shares of the tiers, cost, saving."""
    cuts = "all hard" if measured.cuts == ALL_HARD else f"{measured.cuts.medium:g} / {measured.cuts.hard:g}"
    return (
        cuts,
        percent(measured.loss),
        percent(measured.loss_at_most),
        *map(percent, measured.shares),
        usd(measured.cost),
        percent(measured.saving),
    )


def percent(share: float | None) -> str:
    """Write a share as a percentage with at most two decimals; a dash where it is unknown."""
    if share is None:
        return "-"
    text = f"{share * 100:.2f}"
    return f"{text.rstrip('0').rstrip('.')} %"


def usd(amount: float | None) -> str:
    """Write a small amount so that it can be told from zero; a dash where it is unknown."""
    if amount is None:
        return "-"
    return f"{amount:.6f} USD" if amount == 0 or amount >= 1e-6 else f"{amount:.2e} USD"
