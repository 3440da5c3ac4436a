"""The mock upstream and the load generator, compiled and run against each other and against plain clients."""

import http.client
import json
import shutil

import pytest

from benchmarks.bodies import LARGE_BYTES, SHORT_BYTES, write_bodies
from benchmarks.compile import NoCompilerError, compile_rig
from benchmarks.measures import MEASURES, Rig
from benchmarks.processes import Cores, Process, core_busy_ns, cpu_ns, pss_mib
from benchmarks.targets import Target

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return compile_rig(tmp_path_factory.mktemp("rig"))


@pytest.fixture
def mock(programs):
    process = Process([str(programs["mock"]), "--interval-ms", "2", "--lifetime", "60"], core=Cores.choose().rig)
    yield Target(name="direct", port=int(process.first_line()), process=process)
    process.stop()
    assert process.ended()


@pytest.fixture
def rig(programs, tmp_path):
    return Rig(program=programs["load"], bodies=write_bodies(tmp_path), cores=Cores.choose(), seconds=0.3)


def post(port, body, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def events(raw):
    return [line[6:] for line in raw.decode().split("\n\n") if line]


def test_the_mock_answers_with_a_chat_completion(mock):
    """680 bytes with usage, also to a chunked request of 1 MB."""

    def pieces():
        yield b'{"model": "auto", "messages": [{"role": "user", "content": "'
        for _ in range(16):
            yield b"x" * 65536
        yield b'"}]}'

    for body in (b'{"model": "auto"}', pieces()):
        status, raw = post(mock.port, body)
        answer = json.loads(raw)
        assert (status, len(raw)) == (200, 680)
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert (
            answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
        )


@pytest.mark.parametrize("wants_usage", [True, False])
def test_the_mock_streams_at_the_pace_it_is_asked_for(mock, wants_usage):
    """So many chunks, a finish, usage if it was asked for, and [DONE]."""
    asked = {"model": "auto", "stream": True, "stream_options": {"include_usage": wants_usage}}
    status, raw = post(mock.port, json.dumps(asked), **{"x-mock-chunks": "3", "x-mock-interval-ms": "1"})
    told = events(raw)
    assert (status, told[-1]) == (200, "[DONE]")
    chunks = [json.loads(event) for event in told[:-1]]
    numbers = [chunk["choices"][0]["delta"]["content"].split("@")[0] for chunk in chunks[:3]]
    assert numbers == ["#0", "#1", "#2"]
    assert chunks[3]["choices"][0]["finish_reason"] == "stop"
    assert ("usage" in chunks[-1]) is wants_usage


def test_a_word_in_the_prompt_starts_no_stream(mock):
    """What stands inside a JSON string is escaped and therefore not taken for a key."""
    body = json.dumps({"messages": [{"role": "user", "content": '"stream": true'}]})
    assert json.loads(post(mock.port, body)[1])["object"] == "chat.completion"


def test_the_closed_loop_counts_every_answer(mock, rig):
    """Answers, rate and percentiles agree with each other, and with what the mock saw."""
    found = rig.measure("closed", mock, "short", connections=4, seconds=0.3)
    assert (found.errors, found.first_error) == (0, "")
    assert found.answered > 100
    assert found.p50_ms <= found.p99_ms
    assert found.cpu_us > 0
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=10)
    connection.request("GET", "/stats")
    stats = json.loads(connection.getresponse().read())
    connection.close()
    assert stats["requests"] == found.answered


def test_the_open_loop_keeps_its_rate(mock, rig):
    """A request is sent when it is due, neither earlier nor more of them."""
    found = rig.measure("open", mock, "short", connections=8, seconds=0.5, rate=200)
    assert (found.answered, found.errors) == (100, 0)


def test_streams_are_read_to_their_end(mock, rig):
    """Each chunk is counted once, in order, and dated."""
    found = rig.measure("streams", mock, "stream", connections=20, repeat=2, chunks=50, ramp_ms=50)
    assert (found.answered, found.chunks, found.lost, found.errors) == (40, 2000, 0, 0)
    assert found.first_p50_ms >= 0
    assert found.delay_p50_ms >= 0


def test_missing_chunks_are_counted_as_lost(mock, rig):
    """A stream that is shorter than it should be is not whole, even when it ends properly."""
    found = rig.measure("streams", mock, "stream", connections=2, repeat=1, chunks=60, ramp_ms=1)
    assert (found.chunks, found.lost) == (100, 20)


def test_a_large_body_arrives(mock, rig):
    """300 KB are sent and answered."""
    found = rig.measure("closed", mock, "large", connections=2, seconds=0.2)
    assert found.errors == 0
    assert found.answered > 5


@pytest.mark.parametrize(
    "name", ["chat", "messages", "responses", "chat_stream", "messages_stream", "responses_stream"]
)
def test_each_surface_is_asked(mock, rig, name):
    """Each is loaded with a body of its own, streams included; the mock answers them all."""
    found = MEASURES[name](rig, mock)
    assert found.errors == 0
    assert found.answered > 5


@pytest.mark.parametrize("name", ["messages", "messages_stream", "responses", "responses_stream"])
def test_the_bodies_of_all_surfaces_ask_the_same(rig, name):
    """A surface's body says what the chat completion says, as its own API has it."""
    body, chat = json.loads(rig.bodies[name].read_bytes()), json.loads(rig.bodies["short"].read_bytes())
    system, question = (message["content"] for message in chat["messages"])
    said = body["messages"][0]["content"] if "messages" in body else body["input"]
    assert body.get("system", body.get("instructions")) == system
    assert question.startswith(said)
    assert body.get("stream", False) is name.endswith("_stream")


def test_a_refused_connection_is_an_error(mock, rig):
    """A target that is gone gives errors, not an endless loop."""
    mock.process.stop()
    printed = rig.load("closed", mock, "short", connections=2, seconds=0.2)
    assert printed["answered"] == 0
    assert printed["errors"] > 0
    assert "refused" in printed["first_error"]


def test_the_bodies_have_their_sizes(rig):
    """523 bytes, and about 300 KB."""
    assert len(rig.bodies["short"].read_bytes()) == SHORT_BYTES
    assert abs(len(rig.bodies["large"].read_bytes()) - LARGE_BYTES) < LARGE_BYTES / 100
    assert json.loads(rig.bodies["stream"].read_bytes())["stream"] is True


def test_the_kernel_accounts_for_a_process(mock):
    """CPU time and memory of a living process are there, and never go back."""
    before, busy = cpu_ns(mock.process.pid), core_busy_ns(Cores.choose().rig)
    assert post(mock.port, b"{}")[0] == 200
    assert cpu_ns(mock.process.pid) > before
    assert core_busy_ns(Cores.choose().rig) >= busy
    assert 0 < pss_mib(mock.process.pid) < 100


def test_without_a_compiler_the_message_says_what_to_install(tmp_path):
    """NoCompilerError names the packages."""
    with pytest.raises(NoCompilerError, match="apt-get install gcc"):
        compile_rig(tmp_path, find={}.get)
