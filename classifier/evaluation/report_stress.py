"""The card's part on what is done to prompts: robustness, stripped templates, attacks; and on time and memory."""

from classifier.evaluation.alterations import HARD_WORDS, TYPO_SHARE
from classifier.evaluation.figures import Figures
from classifier.evaluation.markdown import number, share, span, table


def robustness(figures: Figures) -> str:
    """Return the section on changes that should not move a tier."""
    rows = [
        (flip.name, str(flip.prompts), share(flip.flipped), share(flip.raised), share(flip.lowered))
        for flip in figures.held.flips
    ]
    return (
        "## Robustness\n\nShare of held-out prompts whose tier moves (balanced preset, 5 folds) when the last user "
        f"turn is changed. Typos: letters swapped, lost or doubled in {TYPO_SHARE:.0%} of the words of four letters "
        f"and more, at least one a prompt. Hard-looking words: {' '.join(HARD_WORDS)}.\n\n"
        + table(("change", "prompts", "moved", "up", "down"), rows)
    )


def guard(figures: Figures) -> str:
    """Return the section on prompts without their benchmarks' marks."""
    found = figures.held.guard
    if found is None:
        return "## Templates\n\nNo tested prompt carries a benchmark's template."
    rows = [
        ("accuracy", *map(number, found.accuracy), span(found.accuracy_change, signed=True)),
        ("AUC easy", *map(number, found.auc_easy), "-"),
        ("AUC hard", *map(number, found.auc_hard), "-"),
    ]
    return (
        f"## Templates\n\nThe {found.prompts} public prompts that carry a benchmark's marks (option letters, "
        '"Answer:", code wrappers, headings), as they are and without: what is recognised must be the question. The '
        "same for MMLU and GSM8K stands with RouteLLM's benchmarks.\n\n"
        + table(("figure", "as they are", "stripped", "change, 95 %"), rows)
    )


def attacks(figures: Figures) -> str:
    """Return the section on attempts to raise easy prompts."""
    rows = [
        (one.name, str(one.prompts), share(one.raised), share(one.called_hard), f"{one.queries:,}")
        for one in figures.attacks
    ]
    return (
        "## Attacks\n\nEasy prompts of one fold, called easy by a training run without that fold: how many are given a "
        "higher tier, how many are called hard (balanced preset). Words are searched on a quarter of them and tried on "
        "the rest; `assessments` is what the search took. No classifier withstands whoever may search long enough: "
        "budgets and tier caps of a key bound what an attack can cost.\n\n"
        + table(("attack", "prompts", "higher tier", "called hard", "assessments"), rows)
    )


def latency(figures: Figures) -> str:
    """Return the section on time and memory."""
    rows = [(f"{found.tokens:,}", f"{found.p50_ms:.3f}", f"{found.p99_ms:.3f}") for found in figures.latency]
    used = figures.footprint
    memory = "-" if used.megabytes is None else f"{used.megabytes:.0f}"
    return (
        "## Latency\n\nWall time of `assess` in milliseconds, one thread of a fresh process, prompts made of annotated "
        "ones in all languages, each another, on the machine that wrote this card, with whatever else it was doing:\n\n"
        + table(("tokens", "p50", "p99"), rows)
        + f"\n\nA fresh process imports the serving part and loads the artifact in {used.seconds:.2f} s with "
        f"{memory} MB more memory, numpy included."
    )
