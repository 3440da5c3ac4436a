"""The requests that are sent: a short prompt, on each surface, whole and as a stream, and one of 300 KB."""

import json
import random
from pathlib import Path

SHORT_BYTES = 523
LARGE_BYTES = 300_000
MODEL = "auto"
SEED = 20_261_121

_SYSTEM = "You are a careful assistant of a small company. Answer briefly and say so when you are not sure."
_QUESTION = (
    "Our weekly report lists 214 open tickets, 37 of them older than a month. Please suggest three short rules by "
    "which the two of us on support could decide each morning what to take up first, and name the risk of each rule. "
)
_TEXT = (
    "the ledger shows that our new proxy answered every request within its budget and we should now review how much of "
    "that saving came from shorter answers rather than cheaper models before anyone changes a threshold again while "
    "def update(self, row): return self.total + row.cost  # checked by hand, see table 4 of last month's report"
)
_WORDS = _TEXT.split()


def _encode(messages: list[dict[str, str]], **more: object) -> bytes:
    return json.dumps(
        {"model": MODEL, "messages": messages, "temperature": 0.2, **more}, separators=(",", ":")
    ).encode()


def _messages(question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": question}]


def short_body() -> bytes:
    """Return a chat completion request of exactly SHORT_BYTES bytes."""
    missing = SHORT_BYTES - len(_encode(_messages(_QUESTION)))
    return _encode(_messages(_QUESTION + (_QUESTION * 2)[:missing]))


def stream_body() -> bytes:
    """Return the short request, asking for a stream (without its usage, so that the proxy has to see to it)."""
    return _encode(_messages(_QUESTION), stream=True)


def surface_bodies() -> dict[str, bytes]:
    """Return the short request as the Messages API and the Responses API have it, whole and as a stream."""
    more = {"model": MODEL, "temperature": 0.2}
    asked = {
        "messages": {
            "system": _SYSTEM,
            "messages": [{"role": "user", "content": _QUESTION}],
            "max_tokens": 512,
            **more,
        },
        "responses": {"instructions": _SYSTEM, "input": _QUESTION, **more},
    }
    bodies = {}
    for name, body in asked.items():
        bodies[name] = json.dumps(body, separators=(",", ":")).encode()
        bodies[f"{name}_stream"] = json.dumps(body | {"stream": True}, separators=(",", ":")).encode()
    return bodies


def running_text(characters: int, *, seed: int) -> str:
    """Return `characters` characters of prose and a little code in lines: another text for another seed."""
    choice = random.Random(seed)
    lines: list[str] = []
    size = 0
    while size < characters:
        line = " ".join(choice.choices(_WORDS, k=choice.randint(6, 24))) + choice.choice(("\n", ".\n", '"\n'))
        lines.append(line)
        size += len(line)
    return "".join(lines)[:characters]


def large_body() -> bytes:
    """Return a chat completion request of about LARGE_BYTES bytes: running text with line ends and quotes."""
    return _encode(_messages(running_text(LARGE_BYTES - 4000, seed=SEED) + "\nSummarise the text above."))


def write_bodies(folder: Path) -> dict[str, Path]:
    """Write the bodies to files, as the load generator reads them."""
    bodies = {"short": short_body(), "stream": stream_body(), "large": large_body(), **surface_bodies()}
    paths = {name: folder / f"{name}.json" for name in bodies}
    for name, path in paths.items():
        path.write_bytes(bodies[name])
    return paths
