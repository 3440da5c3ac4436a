"""langchain-openai: messages, streams, tools, structured output in two ways, the Responses API, exceptions."""

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field
from scenarios import BASE_URL, KEY, caught, run

QUESTION = "What is the capital of France?"


class Capital(BaseModel):
    """A capital."""

    city: str = Field(description="its name")
    population: int


@tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"20 degrees in {city}"


def model(name="talks", **more):
    return ChatOpenAI(base_url=BASE_URL, api_key=KEY, model=name, max_retries=0, timeout=30, **more)


def an_answer():
    answer = model("auto").invoke([("system", "Be brief."), ("human", QUESTION)])
    facts = answer.response_metadata
    return [answer.content, facts["finish_reason"], facts["model_name"], answer.usage_metadata["total_tokens"]]


async def an_asynchronous_stream():
    whole = None
    async for piece in model(stream_usage=True).astream(QUESTION):
        whole = piece if whole is None else whole + piece
    return [whole.content, whole.usage_metadata["output_tokens"]]


def a_tool_and_its_result():
    asking = model().bind_tools([get_weather])
    question = HumanMessage("How warm is it in Paris?")
    called = asking.invoke([question])
    [call] = called.tool_calls
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    return [call["name"], call["args"], asking.invoke([question, called, result]).content]


def a_tool_call_streamed():
    whole = None
    for piece in model().bind_tools([get_weather]).stream("How warm is it in Paris?"):
        whole = piece if whole is None else whole + piece
    return [[call["name"], call["args"]] for call in whole.tool_calls]


def structured_by_schema():
    return model().with_structured_output(Capital, method="json_schema").invoke(QUESTION).model_dump()


def structured_by_tool():
    return model().with_structured_output(Capital, method="function_calling").invoke(QUESTION).model_dump()


def structured_by_json_mode():
    return model().with_structured_output(Capital, method="json_mode").invoke(QUESTION).model_dump()


def through_the_responses_api():
    answer = model(use_responses_api=True).bind_tools([get_weather]).invoke("How warm is it in Paris?")
    text = model(use_responses_api=True).invoke(QUESTION)
    streamed = "".join(piece.text for piece in model(use_responses_api=True).stream(QUESTION))
    return [answer.tool_calls[0]["args"], text.text, streamed, text.usage_metadata["input_tokens"]]


def errors():
    return [
        caught(lambda: model("limited").invoke(QUESTION), openai.RateLimitError),
        caught(lambda: model("nothing-of-this-name").invoke(QUESTION), openai.NotFoundError),
        caught(lambda: model("refuses").invoke(QUESTION), openai.BadRequestError),
        caught(lambda: list(model("cut").stream(QUESTION)), openai.APIError),
    ]


run(
    an_answer,
    an_asynchronous_stream,
    a_tool_and_its_result,
    a_tool_call_streamed,
    structured_by_schema,
    structured_by_tool,
    structured_by_json_mode,
    through_the_responses_api,
    errors,
)
