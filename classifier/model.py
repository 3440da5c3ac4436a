"""The unfitted scikit-learn model; only training and evaluation import this, serving looks up what was fitted.

Two stages. The first is one ridge regression for each of SCORES on the hashed words (TF-IDF) and the handcrafted
numbers. The second is one logistic regression for each of HEADS on a few scores that the first gave to prompts it had
not been trained on: it calibrates, and it makes one ordinal scale of three regressions.
"""

from collections.abc import Mapping

from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

BLOCK_SCALES: Mapping[str, float] = {"words": 0.6, "pairs": 0.4, "context": 0.25, "characters": 0.5}
"""The length that each block of a prompt's bag is given."""

PENALTIES: Mapping[str, float] = {"tier": 0.65, "medium": 0.65, "hard": 0.65, "missing": 1.2, "unclear": 1.2}
DOMAIN_PENALTY = 0.2

NUMBERS_SCALE = 0.05
"""How much a standard deviation of a handcrafted number counts against a word: under the penalty, a prior."""


def words() -> TfidfTransformer:
    """Return the weighting of one block's counts: (1 + log count) * idf, each row of length 1."""
    return TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2")


def numbers() -> StandardScaler:
    """Return the scaling of the handcrafted numbers, which are then cut and multiplied by NUMBERS_SCALE."""
    return StandardScaler()


def score(name: str) -> Ridge:
    """Return the first stage for one score; conjugate gradients use no randomness."""
    return Ridge(alpha=PENALTIES.get(name, DOMAIN_PENALTY), solver="sparse_cg", tol=1e-5)


def head() -> LogisticRegression:
    """Return one head of the second stage, on a handful of scores."""
    return LogisticRegression(C=100.0, solver="lbfgs", max_iter=1000)
