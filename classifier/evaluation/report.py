"""Figures to the card: Markdown that says on which rows each number was measured."""

from collections.abc import Iterable, Mapping
from typing import Any

from classifier.evaluation.bars import bars
from classifier.evaluation.figures import Figures
from classifier.evaluation.markdown import number, share, span, table
from classifier.evaluation.report_routing import in_domain, out_of_domain
from classifier.evaluation.report_stress import attacks, guard, latency, robustness
from classifier.evaluation.scores import Finding, Ranking
from classifier.evaluation.table import Slice


def card(figures: Figures, manifest: Mapping[str, Any]) -> str:
    """Return the card of an artifact."""
    parts = (
        _head(figures, manifest),
        _bars(figures, manifest),
        _ordering(figures),
        _presets(figures, manifest),
        _missing(figures),
        _others(figures),
        *(_slices(f"By {kind}, 5 folds", rows) for kind, rows in figures.slices.items()),
        _left_out(figures),
        out_of_domain(figures),
        in_domain(figures),
        robustness(figures),
        guard(figures),
        attacks(figures),
        latency(figures),
    )
    return "\n\n".join(parts) + "\n"


def _head(figures: Figures, manifest: Mapping[str, Any]) -> str:
    own = f", {figures.own_rows} of them the project's own rows" if figures.own_rows else ""
    return (
        "# Card of the default artifact\n\n"
        "Written by `python -m classifier.evaluation`; no figure is typed by hand. What the heads are, how labels are "
        "joined and what the plots show: [docs/classifier.md](../../../docs/classifier.md).\n\n"
        f"Artifact `{manifest['id']}`, {manifest['bytes'] / 1e6:.2f} MB, features `{manifest['fingerprint']}`, trained "
        f"on {manifest['examples']} examples{own}, with seed {manifest['seed']}.\n\n"
        "Labels are tier, ambiguity and domain under the annotation rubric; two annotators agreed on 89 % of the tiers "
        "(kappa 0.82), which bounds what can be reached. Unless a table says otherwise, every prompt was scored by a "
        "model, a calibration and cut points that had not seen it: five folds, families and near-duplicates on one "
        "side. Own rows are always in the training, never tested, and those of a tested family are left out. "
        "AUC easy: easy against the rest; AUC hard: hard against the rest; kappa: quadratic, cut at their shares. "
        "`length` is the number of characters of the last turn, a router that costs nothing; beside each area stands "
        "by how much it is above length's, as a 95 % interval of resampled families. The form of the model was chosen "
        "on the same folds, so these figures are slightly kind; left-out sources and other benchmarks are sterner."
    )


def _bars(figures: Figures, manifest: Mapping[str, Any]) -> str:
    rows = [
        (bar.name, bar.rows, _bound(bar.must, bar), _bound(bar.aim, bar), bar.written(bar.measured), bar.reached)
        for bar in bars(figures, manifest)
    ]
    return "## What it must reach\n\n" + table(("figure", "on", "must", "aim", "measured", "reached"), rows)


def _bound(value: float | None, bar: Any) -> str:
    if value is None:
        return "-"
    return f"{'<=' if bar.at_most else '>='} {bar.written(value)}"


_PLAIN = "without own rows"


def _ordering(figures: Figures) -> str:
    errors = ", ".join(f"{name} {value:.3f}" for name, value in figures.held.calibration.items())
    parts = [_slices("Order of difficulty, 5 folds", figures.order.overall)]
    if figures.order_plain is not None:
        parts.append(_beside(figures.order.overall, figures.order_plain.overall))
    parts.append(f"Expected calibration error of the most probable tier (15 bins): {errors}.")
    parts.append("![Reliability](../../../docs/plots/reliability.svg) ![Confusion](../../../docs/plots/confusion.svg)")
    return "\n\n".join(parts)


def _beside(found: Iterable[Slice], plain: Iterable[Slice]) -> str:
    """Return a table of figures with the project's own rows in the training and without them, in one row."""
    header = ["prompts"]
    for name in ("AUC easy", "AUC hard", "kappa"):
        header += [name, _PLAIN]
    rows = []
    for one, other in zip(found, plain, strict=True):
        pairs = zip(_ranking(one.model)[1:], _ranking(other.model)[1:], strict=True)
        rows.append((one.name, *(cell for pair in pairs for cell in pair)))
    return "What the project's own rows in the training change:\n\n" + table(header, rows)


def _presets(figures: Figures, manifest: Mapping[str, Any]) -> str:
    header = (
        *("preset", "prompts", "macro-F1", "accuracy", "kappa"),
        *("too low", "too high", "hard called easy", "easy called hard"),
    )
    rows = [
        (
            *(name, part, number(found.macro_f1), number(found.accuracy), number(found.kappa)),
            *map(share, (found.under, found.over, found.hard_called_easy, found.easy_called_hard)),
        )
        for name, parts in figures.held.presets.items()
        for part, found in parts.items()
    ]
    cuts = [
        (name, *(str(found[cut]) for cut in ("medium", "hard", "confidence", "missing")))
        for name, found in manifest["presets"].items()
    ]
    return (
        f"## Presets\n\n{table(('preset', 'medium', 'hard', 'confidence', 'missing'), cuts)}\n\n"
        "Cut points are chosen on the public prompts, the mix that people send. In this table they were chosen without "
        f"the prompt's fold.\n\n{table(header, rows)}"
    )


def _missing(figures: Figures) -> str:
    held, order, plain = figures.held, figures.order, figures.order_plain
    found: dict[str, tuple[Finding, Finding | None]] = {
        f"{part}, 5 folds": (one, None) for part, one in held.missing.items()
    }
    found["all, 5 folds"] = (order.missing, plain.missing if plain else None)
    found["all, each source left out"] = (order.left_out_missing, plain.left_out_missing if plain else None)
    shortness = {f"{part}, 5 folds": value for part, value in held.shortness.items()}
    aucs = [
        (
            *(name, str(one.rows), number(one.auc), _auc(other), number(shortness.get(name, held.shortness["all"]))),
            *(share(one.precision), share(one.false)),
        )
        for name, (one, other) in found.items()
    ]
    flags = [
        (name, part, share(flag.precision), share(flag.recall), share(flag.false))
        for name, parts in held.flags.items()
        for part, flag in parts.items()
    ]
    moved = [
        (name, str(count), number(model), number(length))
        for name, (count, model, length) in figures.transfer.missing.items()
    ]
    header = (
        *("prompts", "rows", "AUC", f"AUC {_PLAIN}", "AUC of shortness"),
        *("precision at half found", "clear prompts flagged at half found"),
    )
    return "\n\n".join(
        (
            "## Missing information (needs_info)",
            table(header, aucs),
            table(("preset", "prompts", "precision", "recall", "clear prompts flagged"), flags),
            "Of other makes, trained without any of these sets:",
            table(("source", "prompts", "AUC", "AUC of shortness"), moved),
        )
    )


def _auc(found: Finding | None) -> str:
    return "-" if found is None else number(found.auc)


def _others(figures: Figures) -> str:
    domains = ", ".join(f"{name} {value:.1%}" for name, value in figures.held.domain_accuracy.items())
    rows = [(name, *_ranking(found)) for name, found in figures.sessions.items()]
    return (
        f"## Domain and agent calls\n\nDomain accuracy of seven, 5 folds: {domains}.\n\n"
        "Calls of agent sessions, each session in one fold, by what of the conversation is read; other readings than "
        "the served one were trained on as well, all in the same, shorter way:\n\n"
        + table(("read", "calls", "AUC easy", "AUC hard", "kappa"), rows)
    )


def _left_out(figures: Figures) -> str:
    parts = [_slices("Each source left out", figures.order.left_out)]
    if figures.order_plain is not None:
        parts.append(_beside(figures.order.left_out[:1], figures.order_plain.left_out[:1]))
    parts.append("Each source was scored by a model that saw nothing of it nor of a family that reaches into it.")
    return "\n\n".join(parts)


def _slices(title: str, slices: Iterable[Slice]) -> str:
    header = (
        *("prompts", "rows", "AUC easy", "length", "above length by"),
        *("AUC hard", "length", "above length by", "kappa", "length"),
        *("macro-F1", "hard called easy", "easy called hard"),
    )
    rows = [
        (
            *(one.name, str(one.model.rows)),
            *(number(one.model.auc_easy), number(one.length.auc_easy), span(one.gain_easy, signed=True)),
            *(number(one.model.auc_hard), number(one.length.auc_hard), span(one.gain_hard, signed=True)),
            *(number(one.model.kappa), number(one.length.kappa)),
            *(number(one.macro_f1), share(one.hard_called_easy), share(one.easy_called_hard)),
        )
        for one in slices
    ]
    return f"## {title}\n\n{table(header, rows)}"


def _ranking(found: Ranking) -> tuple[str, ...]:
    return (str(found.rows), number(found.auc_easy), number(found.auc_hard), number(found.kappa))
