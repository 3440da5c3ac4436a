"""instructor: structured answers by tool, schema and JSON mode, in parts while they arrive, and asked for again."""

import instructor
import openai
from instructor.core import InstructorRetryException
from pydantic import BaseModel, field_validator
from scenarios import BASE_URL, KEY, caught, run

HELLO = [{"role": "user", "content": "What is the capital of France?"}]


class Capital(BaseModel):
    """A capital."""

    city: str
    population: int


class Distant(BaseModel):
    """A capital that cannot be."""

    city: str

    @field_validator("city")
    @classmethod
    def not_paris(cls, city: str) -> str:
        """Refuse what the upstream will say."""
        raise ValueError(f"{city} is too near")


def client(mode):
    plain = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=30)
    return instructor.from_openai(plain, mode=mode).chat.completions


def by_mode():
    modes = (instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA, instructor.Mode.JSON)
    return [
        client(mode).create(model="talks", response_model=Capital, messages=HELLO, max_retries=1).model_dump()
        for mode in modes
    ]


def with_its_completion():
    capital, answer = client(instructor.Mode.TOOLS).create_with_completion(
        model="auto", response_model=Capital, messages=HELLO
    )
    return [capital.city, answer.model, answer.usage.total_tokens]


def in_parts():
    parts = list(client(instructor.Mode.TOOLS).create_partial(model="talks", response_model=Capital, messages=HELLO))
    return [parts[-1].model_dump(), len(parts) > 2]


def asked_for_again():
    """An answer that does not fit is asked for again with what was wrong, as often as was said."""
    create = client(instructor.Mode.TOOLS).create
    return caught(
        lambda: create(model="reasons", response_model=Distant, messages=HELLO, max_retries=2), InstructorRetryException
    )[0]


run(by_mode, with_its_completion, in_parts, asked_for_again)
