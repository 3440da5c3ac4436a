"""What each kind of provider does differently from OpenAI's embeddings: one table a kind, as for chat completions.

Every host writes vectors as lists of numbers. Only those listed in BASE64 are known to write base64 when asked; from
the others numbers are asked for, and whoever asked for base64 gets it from here (router.wire.embeddings_answer).
"""

from router.wire.dialect import Dialect, Rule, same

_AS_NUMBERS = {"encoding_format": Rule(says={"base64": same(b'"float"')})}

_GENERIC = Dialect(title="OpenAI, and any compatible server")

_NUMBERS = Dialect(title="Hosts that write numbers", rules=_AS_NUMBERS)

_MISTRAL = Dialect(
    title="Mistral",
    knows=frozenset({"encoding_format", "input", "metadata", "model", "output_dimension", "output_dtype"}),
    rules={"dimensions": Rule(to="output_dimension")},
    note="422 on any member that it does not know; takes texts, no token ids",
)
_OPENROUTER = Dialect(
    title="OpenRouter",
    rules=_AS_NUMBERS,
    drop=frozenset({"models", "route", "preset"}),  # each names another model than the one that was decided
    reports_cost=True,
)

BASE64 = frozenset({"openai", "azure", "mistral", "vllm", "llamacpp", "simulated"})
"""The kinds that write base64 when they are asked for it."""

_OWN = {"mistral": _MISTRAL, "openrouter": _OPENROUTER}


def embedding_dialect_of(kind: str) -> Dialect:
    """Return the dialect of a provider kind for embeddings."""
    return _OWN.get(kind, _GENERIC if kind in BASE64 else _NUMBERS)
