"""Fixtures: a small labelled world in which words say the tier, and the folder of the real data where there is one."""

from itertools import product
from pathlib import Path

import pytest

from classifier.prompt import Prompt
from classifier.tier import Tier
from classifier.training.labels import Example
from classifier.training.sources import DEFAULT_DATA_DIR

TASKS = {
    Tier.EASY: ("say hello to", "what is the capital of", "spell the name of", "translate the word for"),
    Tier.MEDIUM: ("write a tested function that sorts", "debug the query about", "plan a migration of", "compare"),
    Tier.HARD: (
        "prove a tight bound for",
        "find the race in the scheduler of",
        "derive rigorously the law of",
        "design",
    ),
}
TOPICS = ("rome", "the bank", "a queue", "primes", "water", "the garden", "graphs", "invoices", "trains", "light")
DOMAIN_OF = {Tier.EASY: "general", Tier.MEDIUM: "coding", Tier.HARD: "math"}


@pytest.fixture(scope="session")
def examples() -> tuple[Example, ...]:
    """240 prompts: four tasks a tier, ten topics, each once complete and once pointing at something absent."""
    found = []
    for tier, topic, lacks in product(Tier, TOPICS, (False, True)):
        for place, task in enumerate(TASKS[tier]):
            text = f"{task} {topic}" + (" in the attached file" if lacks else f", with {place + 2} examples")
            found.append(
                Example(
                    id=f"{tier}-{topic}-{place}-{lacks}",
                    source=f"source {place}",
                    group=f"{tier}-{topic}-{place}",
                    prompt=Prompt.of((("user", text),)),
                    language="en",
                    public=place % 2 == 0,
                    missing=lacks,
                    tier=tier,
                    ambiguity=2 if lacks else 0,
                    domain=DOMAIN_OF[tier],
                )
            )
    return tuple(found)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the real data; the test is skipped where there is none."""
    folder = Path(__file__).resolve().parents[2] / DEFAULT_DATA_DIR
    if not folder.is_dir():
        pytest.skip("the data sets are not here")
    return folder
