from dataclasses import replace

from classifier.evaluation.figures import Figures
from classifier.evaluation.published import TABLES
from classifier.evaluation.report_routing import in_domain, out_of_domain


def test_length_stands_beside_each_score(figures: Figures):
    """Every benchmark shows the scores and length, with cost at equal quality."""
    found = out_of_domain(figures)
    for score in ("tierwise", "tierwise, templates stripped", "tierwise + length", "length"):
        assert f"| routellm_mmlu | {score} | 7 | 36.7 | 69.3 | 0.583 |" in found
    assert "43.0%" in found
    assert "| routellm_mmlu | tierwise | 0.583 | 0.571 |" in found


def test_the_published_table_is_whole(figures: Figures):
    """All published routers stand in the card, after ours."""
    found = in_domain(figures)
    assert found.index("0.665") < found.index("Published")
    assert found.count("similarity-weighted ranking") == 4
    assert sum(map(len, TABLES.values())) == found.split("Published")[1].count("\n| routellm_")


def test_few_labels_are_left_out_where_not_measured(figures: Figures):
    """Without draws of few labels there is no table of them."""
    none = {name: replace(found, few=None) for name, found in figures.in_domain.items()}
    assert "1,500 labels of the training half" not in in_domain(replace(figures, in_domain=none))
    assert "| routellm_mmlu | 2 | 0.640 | 0.630 to 0.650 |" in in_domain(figures)
