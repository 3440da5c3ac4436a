"""Figures to the card: Markdown that says on which rows each number was measured."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from classifier.evaluation.figures import Figures, Slice
from classifier.evaluation.scores import Curve, Ranking

_PUBLISHED = {
    "routellm_mmlu": "0.603 with 1,500 of its labels",
    "routellm_gsm8k": "0.622 with judge labels",
    "routellm_mtbench": "0.802 with judge labels",
}


def card(figures: Figures, manifest: Mapping[str, Any]) -> str:
    """Return the card of an artifact."""
    parts = (_head(manifest), _ordering(figures), _presets(figures, manifest), _missing(figures), _others(figures))
    slices = (_slices(f"By {kind}", rows) for kind, rows in figures.slices.items())
    return "\n\n".join((*parts, *slices, _left_out(figures), _transfer(figures), _latency(figures))) + "\n"


def _head(manifest: Mapping[str, Any]) -> str:
    size = manifest["bytes"] / 1e6
    return (
        "# Card of the default artifact\n\n"
        "Written by `python -m classifier.evaluation`; no figure is typed by hand.\n\n"
        f"Artifact `{manifest['id']}`, {size:.2f} MB, features `{manifest['fingerprint']}`, trained on "
        f"{manifest['examples']} annotated prompts and session calls with seed {manifest['seed']}.\n\n"
        "Labels are tier, ambiguity and domain under the annotation rubric; two annotators agreed on 89 % of the tiers "
        "(kappa 0.82), which bounds what can be reached. Unless a table says otherwise, every prompt was scored by a "
        "model, a calibration and cut points that had not seen it: five folds, families and near-duplicates on one "
        "side. AUC easy: easy against the rest; AUC hard: hard against the rest; kappa: quadratic, cut at the shares "
        "of the labels. `length` is the number of characters of the last turn. The penalties and block scales of the "
        "model were chosen on the same folds, so these figures are slightly kind; the tables of left-out sources and "
        "of other benchmarks are the sterner ones."
    )


def _ordering(figures: Figures) -> str:
    (easy, hard), (easy_length, hard_length) = figures.model_interval, figures.length_interval
    note = (
        f"95 % intervals, all prompts: AUC easy {_span(easy)}, hard {_span(hard)}; "
        f"by length {_span(easy_length)}, {_span(hard_length)}."
    )
    errors = ", ".join(f"{name} {value:.3f}" for name, value in figures.calibration.items())
    return (
        f"{_slices('Order of difficulty', figures.overall)}\n\n{note}\n\n"
        f"Expected calibration error of the most probable tier (15 bins): {errors}."
    )


def _presets(figures: Figures, manifest: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            part,
            *_numbers(found.macro_f1, found.accuracy, found.kappa),
            *_shares(found.under, found.over, found.hard_called_easy, found.easy_called_hard),
        )
        for name, parts in figures.presets.items()
        for part, found in parts.items()
    ]
    header = (
        "preset",
        "prompts",
        "macro-F1",
        "accuracy",
        "kappa",
        "too low",
        "too high",
        "hard called easy",
        "easy called hard",
    )
    cuts = [
        (name, *(str(found[cut]) for cut in ("medium", "hard", "confidence", "missing")))
        for name, found in manifest["presets"].items()
    ]
    return (
        f"## Presets\n\n{_table(('preset', 'medium', 'hard', 'confidence', 'missing'), cuts)}\n\n"
        "Cut points are those of least expected cost on the public prompts, where one tier too low costs 0.6 (cheap), "
        "1.5 (balanced) or 4 (quality) times one tier too high. In this table they were chosen without the prompt's "
        f"fold.\n\n{_table(header, rows)}"
    )


def _missing(figures: Figures) -> str:
    header = ("preset", "prompts", "precision", "recall", "clear prompts flagged")
    rows = [
        (name, part, *_shares(found.precision, found.recall, found.false))
        for name, parts in figures.flags.items()
        for part, found in parts.items()
    ]
    aucs = [(part, _number(model), _number(length)) for part, (model, length) in figures.missing.items()]
    return (
        f"## Missing information\n\n{_table(('prompts', 'AUC', 'AUC of shortness'), aucs)}\n\n"
        f"Where half of the prompts that lack something are found, {figures.false_at_half:.1%} of the clear prompts "
        f"(ambiguity low) are flagged too. Left-out sources, pooled: AUC {_number(figures.left_out_missing)}.\n\n"
        f"{_table(header, rows)}\n\nOf other makes, trained without any of these sets:\n\n"
        + _table(
            ("source", "prompts", "AUC", "AUC of shortness"),
            [
                (name, str(count), _number(model), _number(length))
                for name, (count, model, length) in figures.transfer.missing.items()
            ],
        )
    )


def _others(figures: Figures) -> str:
    domains = ", ".join(f"{name} {value:.1%}" for name, value in figures.domain_accuracy.items())
    rows = [(name, *_ranking(found)) for name, found in figures.sessions.items()]
    return (
        f"## Domain and sessions\n\nDomain accuracy of seven: {domains}.\n\n"
        "Calls of agent sessions, each session in one fold, by what of the conversation is read:\n\n"
        + _table(("read", "calls", "AUC easy", "AUC hard", "kappa"), rows)
    )


def _left_out(figures: Figures) -> str:
    return (
        _slices("Left-out sources", figures.left_out)
        + "\n\nEach source was scored by a model that saw nothing of it. Macro-F1 is that of the five folds."
    )


def _transfer(figures: Figures) -> str:
    rows = [
        (name, who, *_curve(curve), published)
        for name, (model, length) in figures.transfer.curves.items()
        for who, curve, published in (("tierwise", model, _PUBLISHED[name]), ("length", length, ""))
    ]
    header = ("benchmark", "score", "items", "CPT 50 %", "CPT 80 %", "APGR", "best published APGR")
    return (
        "## RouteLLM's benchmarks, out of domain\n\n"
        f"Trained on {figures.transfer.trained_on} annotated prompts, without any item of the benchmarks; weak "
        "mixtral-8x7b, strong gpt-4-1106; figures as RouteLLM's evaluation computes them, random 0.50.\n\n"
        + _table(header, rows)
    )


def _latency(figures: Figures) -> str:
    rows = [(f"{found.tokens:,}", f"{found.p50_ms:.3f}", f"{found.p99_ms:.3f}") for found in figures.latency]
    return (
        "## Latency\n\nWall time of `assess` in milliseconds, one thread, on the machine that wrote this card, with "
        "whatever else it was doing:\n\n" + _table(("tokens", "p50", "p99"), rows)
    )


def _slices(title: str, slices: Iterable[Slice]) -> str:
    header = (
        "prompts",
        "rows",
        "AUC easy",
        "AUC hard",
        "kappa",
        "macro-F1",
        "length: AUC easy",
        "length: AUC hard",
        "length: kappa",
    )
    rows = [
        (found.name, *_ranking(found.model), f"{found.macro_f1:.3f}", *_ranking(found.length)[1:]) for found in slices
    ]
    return f"## {title}\n\n{_table(header, rows)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ranking(found: Ranking) -> tuple[str, ...]:
    return (str(found.rows), _number(found.auc_easy), _number(found.auc_hard), _number(found.kappa))


def _curve(found: Curve) -> tuple[str, ...]:
    return (str(found.rows), f"{found.cpt50:.1f}", f"{found.cpt80:.1f}", f"{found.apgr:.3f}")


def _numbers(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in values)


def _shares(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.1%}" for value in values)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _span(found: tuple[float, float]) -> str:
    return f"{found[0]:.3f} to {found[1]:.3f}"
