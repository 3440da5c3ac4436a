import numpy as np
from scipy.sparse import csr_matrix

from classifier import model


def test_a_rare_word_weighs_more_than_a_common_one():
    """Its idf is larger; lengths are given to the blocks of a bag afterwards."""
    idf = model.words().fit(csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]))).idf_
    assert idf[0] == 1.0
    assert idf[1] > idf[0]


def test_numbers_are_scaled_to_deviations():
    """Handcrafted numbers are measured in standard deviations from their mean."""
    scaled = model.numbers().fit_transform(np.array([[1.0], [3.0], [5.0]]))
    assert np.allclose(scaled.mean(), 0.0)
    assert np.allclose(scaled.std(), 1.0)


def test_scores_follow_their_targets():
    """Scores fitted to inner products grow with what predicts each target."""
    inputs = np.array([[0.0], [0.1], [0.9], [1.0]])
    targets = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]) - 0.5
    weights = inputs.T @ model.scores().fit(inputs @ inputs.T, targets).dual_coef_
    assert weights[0, 0] > 0 > weights[0, 1]


def test_a_head_is_a_probability():
    """The second stage gives calibrated probabilities on a plain scale."""
    values = np.linspace(-1, 1, 200)[:, None]
    fitted = model.head().fit(values, values[:, 0] > 0.2)
    assert fitted.predict_proba(np.array([[0.9]]))[0, 1] > 0.9


def test_block_scales_name_every_block():
    """Each block of the bag has its scale."""
    from classifier.features import BLOCKS

    assert tuple(model.BLOCK_SCALES) == BLOCKS
