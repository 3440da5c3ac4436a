"""What RouteLLM's authors published for their routers (arXiv 2406.18665, tables 1 to 3): facts to stand beside ours.

Weak model mixtral-8x7b, strong model gpt-4-1106; CPT in percent of calls to the strong model.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """One router's published figures on one benchmark, and what it was trained on."""

    router: str
    trained_on: str
    cpt50: float
    cpt80: float
    apgr: float


MT_BENCH = (
    Published("random", "nothing", 49.03, 78.08, 0.500),
    Published("BERT", "arena", 78.09, 87.64, 0.391),
    Published("causal LLM, 8B", "arena", 28.82, 77.53, 0.573),
    Published("matrix factorisation", "arena", 25.32, 74.26, 0.580),
    Published("similarity-weighted ranking", "arena", 37.9, 59.0, 0.610),
    Published("BERT", "arena and judge", 19.58, 34.02, 0.751),
    Published("causal LLM, 8B", "arena and judge", 31.50, 48.75, 0.679),
    Published("matrix factorisation", "arena and judge", 13.40, 31.31, 0.802),
    Published("similarity-weighted ranking", "arena and judge", 23.21, 36.04, 0.759),
)
MMLU = (
    Published("random", "nothing", 50.07, 79.93, 0.500),
    Published("BERT", "arena and 1,500 MMLU labels", 41.30, 72.20, 0.572),
    Published("causal LLM, 8B", "arena and 1,500 MMLU labels", 35.49, 70.31, 0.600),
    Published("matrix factorisation", "arena and 1,500 MMLU labels", 35.46, 71.40, 0.597),
    Published("similarity-weighted ranking", "arena and 1,500 MMLU labels", 35.40, 71.55, 0.603),
)
GSM8K = (
    Published("random", "nothing", 50.00, 80.08, 0.497),
    Published("BERT", "arena and judge", 44.76, 79.09, 0.531),
    Published("causal LLM, 8B", "arena and judge", 33.64, 63.26, 0.622),
    Published("matrix factorisation", "arena and judge", 38.82, 72.62, 0.565),
    Published("similarity-weighted ranking", "arena and judge", 41.21, 72.20, 0.568),
)
TABLES = {"routellm_mmlu": MMLU, "routellm_gsm8k": GSM8K, "routellm_mtbench": MT_BENCH}
"""The published tables by the name of the benchmark's source. Trained on arena votes alone, all four routers reached
0.47 to 0.52 on MMLU and 0.44 to 0.48 on GSM8K."""
