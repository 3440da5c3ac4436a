"""The `llm` command: a stream, a conversation that goes on, a schema, a tool. Each command imports for seconds."""

import json
import subprocess
import sys
from pathlib import Path

from scenarios import BASE_URL, KEY, run

HOME = Path.cwd() / "llm"
LLM = str(Path(sys.executable).parent / "llm")
QUESTION = "What is the capital of France?"
TOOL = 'def get_weather(city: str) -> str:\n    "Tell the weather of a city."\n    return f"20 degrees in {city}"\n'


def write_models():
    HOME.mkdir()
    names = ("auto", "talks")
    more = f'api_base: "{BASE_URL}", api_key_name: tierwise, supports_tools: true, supports_schema: true'
    lines = [f"- {{model_id: {name}, model_name: {name}, {more}}}" for name in names]
    (HOME / "extra-openai-models.yaml").write_text("\n".join(lines))
    (HOME / "keys.json").write_text(json.dumps({"tierwise": KEY}))


def llm(*arguments):
    return subprocess.run(
        [LLM, *arguments],
        env={"LLM_USER_PATH": str(HOME), "PATH": "/usr/bin:/bin", "HOME": str(HOME), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def a_stream_and_what_it_took():
    done = llm("-m", "auto", "--usage", QUESTION)
    return [done.stdout.strip(), done.stderr.strip()]


def a_conversation_goes_on():
    """The last command before this one is what goes on."""
    return llm("-c", "And its population?").stdout.strip()


def a_schema():
    return json.loads(llm("-m", "talks", "--schema", "city, population int", QUESTION).stdout)


def a_tool():
    return llm("-m", "talks", "--functions", TOOL, "How warm is it in Paris?").stdout.strip()


write_models()
run(a_stream_and_what_it_took, a_conversation_goes_on, a_schema, a_tool)
