"""An upstream that does what it is asked: it calls a tool, fills a schema, tells a tool's result, or says "Paris.".

upstream.script(answering(), model="talks-1")

What it fills in goes by the property's name (KNOWN); what has another name gets the smallest value its schema allows.
"""

import json
from typing import Any

from router.simulator.instance import smallest
from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, usage
from tests.fakes.upstream import Behaviour, Exchange

KNOWN = {"city": "Paris", "population": 2_100_000, "degrees": 20, "celsius": 20}
TEXT = "Paris."
COUNTED = usage(12, 7)
PIECE = 5
EDIT = """\
hello.py
```python
<<<<<<< SEARCH
print("hello")
=======
print("hello, Paris")
>>>>>>> REPLACE
```
"""
COMMIT = "Greet Paris"


def answering(reasoning: str | None = None) -> Behaviour:
    """Answer by what the request asks for, as a stream if it asks for one; `reasoning` goes before the answer.

    Of the tools that are offered, the first without a result in the conversation is called; all such at once where the
    last message says "all". With a result for each, the text is "It is " and the last result.
    """

    async def behave(exchange: Exchange) -> None:
        asked = exchange.seen.json
        calls = _calls(asked)
        text = None if calls else _text(asked)
        play = _stream if asked.get("stream") else _whole
        await play(asked, {"reasoning_content": reasoning} if reasoning else {}, text, calls)(exchange)

    return behave


def editing() -> Behaviour:
    """Answer as a model does that edits files: a stream is the edit EDIT, a whole answer the commit's message."""

    async def behave(exchange: Exchange) -> None:
        asked = exchange.seen.json
        text, play = (EDIT, _stream) if asked.get("stream") else (COMMIT, _whole)
        await play(asked, {}, text, [])(exchange)

    return behave


def _calls(asked: dict[str, Any]) -> list[dict[str, Any]]:
    if asked.get("tool_choice") == "none":
        return []
    messages = asked["messages"]
    done = {call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}
    functions = [tool["function"] for tool in asked.get("tools") or () if tool["function"]["name"] not in done]
    if isinstance(asked.get("tool_choice"), dict):
        name = asked["tool_choice"]["function"]["name"]
        functions = [function for function in functions if function["name"] == name]
    if "all" not in str(messages[-1].get("content")).split():
        functions = functions[:1]
    return [
        {
            "id": f"call_{len(done) + number}",
            "type": "function",
            "function": {"name": function["name"], "arguments": json.dumps(filled(function.get("parameters") or {}))},
        }
        for number, function in enumerate(functions)
    ]


def filled(schema: dict[str, Any]) -> Any:
    """Return a value for an object's schema: its properties by name where they are KNOWN."""
    if schema.get("type") != "object":
        return smallest(schema)
    properties = schema.get("properties") or {}
    return {
        name: KNOWN[name] if name in KNOWN else smallest({"$defs": schema.get("$defs", {}), **part})
        for name, part in properties.items()
    }


def _text(asked: dict[str, Any]) -> str:
    form = asked.get("response_format") or {}
    if form.get("type") == "json_schema":
        return json.dumps(filled(form["json_schema"]["schema"]))
    if form.get("type") == "json_object":
        return json.dumps({"city": "Paris", "population": 2_100_000})
    last = asked["messages"][-1]
    return f"It is {last['content']}." if last["role"] == "tool" else TEXT


def _whole(asked: dict[str, Any], before: dict[str, Any], text: str | None, calls: list[dict[str, Any]]) -> Behaviour:
    message = {"role": "assistant", "content": text, **before, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return behaviour.answer(json.dumps(completion(choices=[choice], model=asked["model"], tokens=COUNTED)).encode())


def _stream(asked: dict[str, Any], before: dict[str, Any], text: str | None, calls: list[dict[str, Any]]) -> Behaviour:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *([before] if before else [])]
    deltas += [{"content": piece} for piece in _pieces(text or "")]
    for index, call in enumerate(calls):
        function = call["function"]
        deltas.append({"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in _pieces(function["arguments"])
        ]
    chunks = [chunk(delta, model=asked["model"]) for delta in deltas]
    chunks.append(chunk(model=asked["model"], finish="tool_calls" if calls else "stop"))
    if (asked.get("stream_options") or {}).get("include_usage"):
        chunks.append(chunk(model=asked["model"], choices=[], usage=COUNTED))
    return behaviour.events(*map(event, chunks), DONE)


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
