"""The lists of topics: words as tokens are written, counted by list."""

import pytest

from classifier.features import extract
from classifier.lexicon import plain, tokens_of
from classifier.numbers import NUMBERS, numbers, setting_of
from classifier.prompt import Prompt
from classifier.topics import TOPICS


@pytest.mark.parametrize("name", TOPICS)
def test_every_word_can_be_met(name: str):
    """A listed word is one token as written, or it could never be found in a prompt."""
    assert not {word for word in TOPICS[name] if tokens_of(plain(word)) != [word]}


def test_the_task_the_material_and_the_setting_are_told_apart():
    """Words of code in a pasted body are not in the task, and those of the instructions are in the setting."""
    body = "Summarise this message in three bullet points for the people who were away last week, please: "
    body += "It is long and full of what is not worth telling. "
    turns = (("system", "You review Terraform and Kubernetes."), ("user", body + "pytest mypy docker docker nginx"))
    reading = Prompt.of(turns).reading()
    ask, around = tokens_of(plain(reading.ask)), tokens_of(plain(reading.system))
    values = numbers(reading, (plain(reading.ask), ask), [], [], setting_of(around))
    found = dict(zip(NUMBERS, values.tolist(), strict=True))
    assert found["topic_code"] > found["setting_code"] > 0
    assert found["task_code"] == 0
    assert found["task_digests"] > 0


def test_instructions_say_the_task_until_tools_have_answered():
    """An application's ask is what is worked on; alone, and in an agent's later calls, it is the task."""
    column = NUMBERS.index("task_code")
    system, ask = ("system", "Translate the message into Dutch."), ("user", "docker, kubernetes and pytest")
    alone, told = (extract(Prompt.of(turns)).numbers for turns in ((ask,), (system, ask)))
    later = extract(Prompt.of((system, ask, ("tool", "done")))).numbers
    assert alone[column] == later[column] > told[column] == 0
    assert told[NUMBERS.index("task_texts")] > 0
    assert told[NUMBERS.index("topic_code")] == alone[NUMBERS.index("topic_code")]
