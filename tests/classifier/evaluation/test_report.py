import json

from classifier.assess import DEFAULT_FOLDER, PRESETS
from classifier.evaluation.figures import Figures, Flags, Slice
from classifier.evaluation.latency import Latency
from classifier.evaluation.report import card
from classifier.evaluation.routing import Transfer
from classifier.evaluation.scores import Curve, Ranking, Tiering

RANKING = Ranking(rows=42, auc_easy=0.875, auc_hard=None, kappa=0.5)
SLICE = Slice(name="public", model=RANKING, length=RANKING, macro_f1=0.625)
TIERING = Tiering(
    macro_f1=0.5, accuracy=0.5, kappa=0.5, under=0.123, over=0.1, hard_called_easy=0.05, easy_called_hard=0.01
)
CURVE = Curve(rows=7, cpt50=36.7, cpt80=69.3, apgr=0.583)
FIGURES = Figures(
    overall=(SLICE,),
    slices={"language": (SLICE,)},
    model_interval=((0.86, 0.88), (0.85, 0.89)),
    length_interval=((0.71, 0.73), (0.65, 0.68)),
    calibration={"all": 0.011},
    presets={name: {"all": TIERING} for name in PRESETS},
    flags={name: {"all": Flags(precision=0.7, recall=0.3, false=0.016)} for name in PRESETS},
    missing={"all": (0.855, 0.69)},
    false_at_half=0.044,
    domain_accuracy={"all": 0.777},
    left_out=(SLICE,),
    left_out_missing=0.746,
    sessions={"as served": RANKING},
    transfer=Transfer(curves={"routellm_mmlu": (CURVE, CURVE)}, missing={"mip": (9, 0.61, None)}, trained_on=5306),
    latency=(Latency(tokens=1000, p50_ms=0.4, p99_ms=0.9),),
)
MANIFEST = json.loads((DEFAULT_FOLDER / "manifest.json").read_text(encoding="utf-8"))
CARD = card(FIGURES, MANIFEST)


def test_the_card_names_its_artifact():
    """A reader can tell which artifact a card is about."""
    assert f"`{MANIFEST['id']}`" in CARD


def test_each_figure_stands_in_the_card():
    """Figures are printed as measured, what does not exist as a dash, length beside the model."""
    for text in ("0.875", "12.3%", "| 42 | 0.875 | - | 0.500 |", "0.860 to 0.880", "4.4%", "5306", "1,000", "0.583"):
        assert text in CARD


def test_every_table_row_has_the_width_of_its_header():
    """Each row of a table has as many cells as its header."""
    for block in CARD.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_shipped_card_is_about_the_shipped_artifact():
    """The card beside the artifact was written for it."""
    assert f"`{MANIFEST['id']}`" in (DEFAULT_FOLDER / "CARD.md").read_text(encoding="utf-8")
