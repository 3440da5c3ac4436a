"""pydantic-ai: an agent with a tool, structured output in two ways, streams, and the Responses API."""

import functools

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from scenarios import BASE_URL, KEY, caught, run

QUESTION = "What is the capital of France?"


class Capital(BaseModel):
    """A capital."""

    city: str
    population: int


def agent(name="talks", kind=OpenAIChatModel, **more):
    return Agent(kind(name, provider=OpenAIProvider(base_url=BASE_URL, api_key=KEY)), retries=0, **more)


def with_weather(made):
    @made.tool_plain
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"20 degrees in {city}"

    return made


async def an_answer():
    ran = await agent("auto").run(QUESTION)
    return [ran.output, ran.usage.input_tokens if not callable(ran.usage) else ran.usage().input_tokens]


async def a_stream():
    async with agent().run_stream(QUESTION) as streamed:
        pieces = [piece async for piece in streamed.stream_text(delta=True, debounce_by=None)]
    return ["".join(pieces), len(pieces) > 1]


async def a_tool_and_its_result():
    return (await with_weather(agent()).run("How warm is it in Paris?")).output


async def a_tool_then_structured_output():
    """The agent calls its tool first, then the tool by which it answers."""
    ran = await with_weather(agent(output_type=Capital)).run(QUESTION)
    kinds = [part.part_kind for message in ran.all_messages() for part in message.parts]
    return [ran.output.model_dump(), kinds.count("tool-call")]


async def structured_by_schema():
    return (await agent(output_type=NativeOutput(Capital)).run(QUESTION)).output.model_dump()


async def structured_and_streamed():
    async with agent(output_type=Capital).run_stream(QUESTION) as streamed:
        return (await streamed.get_output()).model_dump()


async def through_the_responses_api():
    text = await agent(kind=OpenAIResponsesModel).run(QUESTION)
    told = await with_weather(agent(kind=OpenAIResponsesModel)).run("How warm is it in Paris?")
    async with agent(kind=OpenAIResponsesModel).run_stream(QUESTION) as streamed:
        return [text.output, told.output, await streamed.get_output()]


def errors():
    agents = (agent("limited"), agent("nothing-of-this-name"), agent("refuses"))
    return [caught(functools.partial(one.run_sync, QUESTION), ModelHTTPError) for one in agents]


run(
    an_answer,
    a_stream,
    a_tool_and_its_result,
    a_tool_then_structured_output,
    structured_by_schema,
    structured_and_streamed,
    through_the_responses_api,
    errors,
)
