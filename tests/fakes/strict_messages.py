"""What strict hosts (tests.fakes.strict) refuse in `messages`: each check returns what is at fault, else None."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

Body = dict[str, Any]


def call_ids(letters: str, least: int, longest: int) -> Callable[[Body], str | None]:
    """Refuse tool-call ids of other characters than letters, digits and `letters`, or of another length."""

    def fits(name: str) -> bool:
        plain = all((char.isascii() and char.isalnum()) or char in letters for char in name)
        return plain and least <= len(name) <= longest

    def check(body: Body) -> str | None:
        ids = [call["id"] for message in body["messages"] for call in message.get("tool_calls") or []]
        ids += [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
        return None if all(map(fits, ids)) else "tool_calls.id"

    return check


def mistral_order(body: Body) -> str | None:
    """Refuse another order of roles than Mistral's."""
    messages = body["messages"]
    roles = [message["role"] for message in messages]
    for role, following in pairwise(roles):
        if role == "tool" and following not in ("assistant", "tool"):
            return "messages.order"
    last = messages[-1]
    return None if last["role"] in ("user", "tool") or last.get("prefix") is True else "messages.order"


def mistral_messages(body: Body) -> str | None:
    """Refuse names but a tool's, members of an assistant that the schema has not, and assistants that say nothing."""
    for message in body["messages"]:
        if message["role"] == "assistant" and not message.keys() <= {"role", "content", "tool_calls", "prefix"}:
            return "messages.assistant"
        if "name" in message and message["role"] != "tool":
            return "messages.name"
        if message["role"] == "assistant" and not (message.get("content") or message.get("tool_calls")):
            return "messages.content"
    return None


def no_names(body: Body) -> str | None:
    """Refuse names of messages."""
    return "messages.name" if any("name" in message for message in body["messages"]) else None


def text_results(body: Body) -> str | None:
    """Refuse a tool's content in parts."""
    tools = (message for message in body["messages"] if message["role"] == "tool")
    return None if all(isinstance(message["content"], str) for message in tools) else "messages.content"


def reasoning_sent_back(body: Body) -> str | None:
    """Refuse an assistant's tool calls without the reasoning before them."""
    calling = (message for message in body["messages"] if message.get("tool_calls"))
    return None if all("reasoning_content" in message for message in calling) else "messages.reasoning_content"


def reasoning_throughout(body: Body) -> str | None:
    """Refuse an assistant without reasoning anywhere in a conversation with tool calls."""
    turns = [message for message in body["messages"] if message["role"] == "assistant"]
    if not any(turn.get("tool_calls") for turn in turns):
        return None
    return None if all("reasoning_content" in turn for turn in turns) else "messages.reasoning_content"


def texts_are_plain(body: Body) -> str | None:
    """Refuse contents in parts: the model reads text only."""
    return "messages.content" if any(isinstance(message.get("content"), list) for message in body["messages"]) else None


def partial_at_the_end(body: Body) -> str | None:
    """Refuse an assistant's last message that is not marked as the beginning of the answer."""
    last = body["messages"][-1]
    return "messages.partial" if last["role"] == "assistant" and last.get("partial") is not True else None


def known_members(body: Body) -> str | None:
    """Refuse reasoning in an assistant's message, as OpenAI refuses members that it does not know."""
    strange = {"reasoning_content", "reasoning", "reasoning_details"}
    found = next((name for message in body["messages"] for name in sorted(strange & message.keys())), None)
    return f"messages.{found}" if found else None
