import pytest

from classifier.assess import DEFAULT_FOLDER
from classifier.evaluation.figures import STEPS, evaluate
from classifier.training.sources import DataMissing


def test_missing_data_is_named(tmp_path):
    """Without data there are no figures, and the message says what to do."""
    with pytest.raises(DataMissing, match="--data-dir"):
        evaluate(tmp_path, DEFAULT_FOLDER, seed=7, step=print)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_shipped_recipe_reaches_what_its_card_says(data_dir):
    """The recipe orders prompts better than their length by more than the interval, and is calibrated."""
    steps: list[str] = []
    figures = evaluate(data_dir, DEFAULT_FOLDER, seed=7, step=steps.append)
    assert tuple(steps) == STEPS
    for model, length in zip(figures.model_interval, figures.length_interval, strict=True):
        assert model[0] > length[1]
    assert figures.overall[0].model.rows == 5426
    assert figures.overall[0].model.auc_easy > 0.86
    assert figures.overall[0].model.auc_hard > 0.87
    assert figures.overall[0].model.kappa > 0.62
    assert figures.left_out[0].model.auc_easy > figures.left_out[0].length.auc_easy + 0.05
    assert figures.calibration["all"] < 0.03
    assert figures.presets["quality"]["all"].under < figures.presets["cheap"]["all"].under
