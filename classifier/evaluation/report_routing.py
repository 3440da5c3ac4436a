"""The card's part on RouteLLM's benchmarks: out of domain, in domain, and the published table beside both."""

from classifier.evaluation.benchmarks import Compared
from classifier.evaluation.curves import COST_RATIO
from classifier.evaluation.figures import Figures
from classifier.evaluation.markdown import NOTHING, number, share, span, table
from classifier.evaluation.published import TABLES
from classifier.evaluation.routing import Transfer

_HEADER = (
    *("benchmark", "score", "items", "CPT 50 %", "CPT 80 %", "APGR", "95 %", "above length by"),
    *("saved at 95 %", "saved at 98 %"),
)

_NOTE = (
    "Trained on {count} examples, without any item of the benchmarks; weak mixtral-8x7b, strong gpt-4-1106. CPT "
    "(percent of calls to the strong model) and APGR as RouteLLM's evaluation computes them, random 0.50. `saved`: the "
    "share of the strong model's cost that is saved at 95 % and 98 % of its quality, where the strong model costs "
    "{ratio:.0f} times the weak one. `tierwise` is the expected tier that is served; `tierwise + length` counts "
    "length twice and words a quarter, as it suits questions of one kind such as exams; its weights were chosen with "
    "these benchmarks and three others in view."
)
_WITHIN = (
    "Half of a benchmark's labels train one ridge regression on the artifact's features, the other half tests it, and "
    "the reverse; the penalty is chosen inside the training half:"
)


def out_of_domain(figures: Figures) -> str:
    """Return the section on benchmarks no item of which, nor a near-duplicate, was trained on."""
    found, plain = figures.transfer, figures.transfer_plain
    rows = [_row(name, one) for name, curves in found.curves.items() for one in curves]
    parts = [
        "## RouteLLM's benchmarks, out of domain",
        _NOTE.format(count=found.trained_on, ratio=COST_RATIO),
        table(_HEADER, rows),
    ]
    if plain is not None:
        parts.append(_beside(found, plain))
    parts.append("![Routing curves](../../../docs/plots/routing.svg)")
    return "\n\n".join(parts)


def _beside(found: Transfer, plain: Transfer) -> str:
    rows = [
        (name, one.score, number(one.curve.apgr), number(other.curve.apgr))
        for name, curves in found.curves.items()
        for one, other in zip(curves, plain.curves[name], strict=True)
        if one.score != "length"
    ]
    return "What the project's own rows in the training change:\n\n" + table(
        ("benchmark", "score", "APGR", "without own rows"), rows
    )


def in_domain(figures: Figures) -> str:
    """Return the section on the two-fold protocol, with the published figures."""
    rows = [_row(name, found.whole) for name, found in figures.in_domain.items()]
    few = [
        (name, str(len(found.few.draws)), number(found.few.mean), span(found.few.span))
        for name, found in figures.in_domain.items()
        if found.few is not None
    ]
    published = [
        (name, one.router, one.trained_on, f"{one.cpt50:.1f}", f"{one.cpt80:.1f}", number(one.apgr))
        for name, routers in TABLES.items()
        for one in routers
    ]
    parts = [
        "## RouteLLM's benchmarks, in domain",
        _WITHIN,
        table(_HEADER, rows),
    ]
    if few:
        parts += [
            "With 1,500 labels of the training half, as many as RouteLLM's routers were given:",
            table(("benchmark", "draws", "APGR, mean", "least and greatest"), few),
        ]
    parts += [
        "Published by RouteLLM's authors (arXiv 2406.18665):",
        table(("benchmark", "router", "trained on", "CPT 50 %", "CPT 80 %", "APGR"), published),
    ]
    return "\n\n".join(parts)


def _row(name: str, one: Compared) -> tuple[str, ...]:
    curve = one.curve
    above = NOTHING if one.score == "length" else span(one.above_length, signed=True)
    return (
        *(name, one.score, str(curve.rows), f"{curve.cpt50:.1f}", f"{curve.cpt80:.1f}"),
        *(number(curve.apgr), span(one.apgr), above, share(curve.saved95), share(curve.saved98)),
    )
