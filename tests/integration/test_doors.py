"""New connections while the process is busy: more than one is accepted in a turn of its loop."""

from pathlib import Path

from router.serving.worker import DOORS
from tests.fakes import behaviour
from tests.fakes.caller import ask
from tests.fakes.process import Process, served
from tests.fakes.proxy import CONFIG
from tests.fakes.upstream import FakeUpstream


def doors(process: Process) -> int:
    """Return how many handles a process has of the socket that it listens on."""
    listening = f":{process.port:04X} 00000000:0000 0A"
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()
    inode = next(line.split()[9] for line in lines if listening in line)
    links = [str(fd.readlink()) for fd in Path(f"/proc/{process.pid}/fd").iterdir()]
    return links.count(f"socket:[{inode}]")


async def test_a_turn_of_the_loop_accepts_several_connections(upstream: FakeUpstream, tmp_path: Path) -> None:
    """The loop accepts one connection for each handle of the listening socket and turn, so there are several."""
    upstream.script(behaviour.ok())
    async with served(CONFIG.format(base_url=upstream.base_url), tmp_path) as process:
        found = doors(process)
        answers = [await ask(process.port) for _ in range(3)]

    assert found == DOORS + 1
    assert [answer.status for answer in answers] == [200] * 3
