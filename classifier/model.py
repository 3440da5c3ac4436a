"""The unfitted model in one place: what is fitted to what, before anything was fitted.

Two stages. The first is one ridge regression for each of SCORES on the hashed words (TF-IDF) and the handcrafted
numbers, solved for prompts instead of features: there are fewer of them, and all scores share one solution. The second
are small networks (`training.network`) on the scores that the first gave to prompts it had not been trained on, on what
the words are about and on the numbers; logistic regressions calibrate what they say.
"""

from collections.abc import Mapping

from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

BLOCK_SCALES: Mapping[str, float] = {"pairs": 0.4, "words": 0.6, "context": 0.25, "ends": 0.4, "around": 0.6}
"""The length that each block of a prompt's bag is given."""

PENALTY = 0.65

MEANINGS_SCALE = 0.2
"""How much what a word means (`training.meanings`) counts against the word: under the penalty, a prior that words
of like meaning weigh alike."""

NUMBERS_SCALE = 0.05
"""How much a standard deviation of a handcrafted number counts against a word: under the penalty, a prior."""

CONSTANT_SCALE = 2.0
"""The same for the constant, so that it is hardly held back."""

OWN_SCALE = 0.55
"""The same for the difference between the project's own rows and all others in the tier of a usual prompt."""

APART = frozenset({"tier", "medium", "hard"})
"""Scores for which the own rows have a constant and weights of the numbers to themselves, beside those of all rows.

They were written so that length says nothing about the tier; real prompts are not like that. What is learnt of words is
shared, what is learnt of sizes is not forced on the prompts of others.
"""

LENGTH_PRIOR: Mapping[str, float] = {"tier": 0.08, "medium": 0.05, "hard": 0.03}
"""What one unit of log length adds to a score beyond what the labels say: prompts of other sources than those trained
on are harder when they are longer, which rows that were balanced in length cannot teach."""


def words() -> TfidfTransformer:
    """Return what finds the idf of words; each block of a bag is given its length afterwards."""
    return TfidfTransformer(smooth_idf=True, norm=None)


def numbers() -> StandardScaler:
    """Return the scaling of the handcrafted numbers, which are then cut and multiplied by NUMBERS_SCALE."""
    return StandardScaler()


def scores() -> KernelRidge:
    """Return the first stage for scores of one design, to be given inner products of prompts; without randomness."""
    return KernelRidge(alpha=PENALTY, kernel="precomputed")


def head() -> LogisticRegression:
    """Return what makes a probability of one score or a handful of them."""
    return LogisticRegression(C=100.0, solver="lbfgs", max_iter=1000)
