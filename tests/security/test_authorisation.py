"""Who may call what: every described operation, with everything that is no key, and with a key that is taken away."""

import base64
import json
from pathlib import Path

import httpx2
import pytest

from router.api.description.operation import Door
from router.api.description.operations import ALSO_HEAD, OPERATIONS
from router.app import Proxy
from router.plan import Plan, prepare
from tests.fakes.asgi import call
from tests.fakes.proxy import CONFIG, running
from tests.fakes.upstream import FakeUpstream

KEY = "client-key-0123456789abcdef"
OTHER = "other-key-0123456789abcdef"
KEYS = "server: {{auth: {{keys: {{team: os.environ/TEAM_SECRET}}}}}}\n"
BOTH = "server: {auth: {keys: {team: os.environ/TEAM_SECRET, guest: os.environ/GUEST_SECRET}}}\n"
ENVIRON = {"TEAM_SECRET": KEY, "GUEST_SECRET": OTHER}
CALLED = [
    (one.path.replace("{name}", "auto"), method, one.door)
    for one in OPERATIONS
    for method in ([one.method.upper(), "HEAD"] if one.path in ALSO_HEAD else [one.method.upper()])
]
NO_KEYS: dict[str, dict[str, str]] = {
    "nothing": {},
    "another key": {"authorization": f"Bearer {OTHER}"},
    "a part of the key": {"authorization": f"Bearer {KEY[:-1]}"},
    "more than the key": {"authorization": f"Bearer {KEY}x"},
    "the key in capitals": {"authorization": f"Bearer {KEY.upper()}"},
    "the key without a scheme": {"authorization": KEY},
    "another scheme": {"authorization": f"Basic {base64.b64encode(f'team:{KEY}'.encode()).decode()}"},
    "an empty one": {"authorization": "Bearer"},
    "the caller's name": {"authorization": "Bearer team"},
    "another x-api-key": {"x-api-key": OTHER},
    "the right x-api-key beside a wrong one": {"x-api-key": KEY, "authorization": f"Bearer {OTHER}"},
    "a cookie": {"cookie": f"authorization={KEY}; key={KEY}"},
    "a forwarded one": {"x-forwarded-authorization": f"Bearer {KEY}", "proxy-authorization": f"Bearer {KEY}"},
    "who it says it is": {"x-forwarded-for": "127.0.0.1", "x-user": "team", "x-remote-user": "team"},
}


async def test_no_operation_is_open_but_the_probes(tmp_path: Path) -> None:
    """Every operation refuses every credential that is none, and takes the key where it is described to be."""
    async with FakeUpstream() as upstream, httpx2.AsyncClient(timeout=30) as client:
        config = CONFIG.format(base_url=upstream.base_url) + KEYS.format()
        async with running(config, tmp_path, environ=ENVIRON) as proxy:
            root = f"http://127.0.0.1:{proxy.port}"
            wrong = []
            for path, method, door in CALLED:
                for name, headers in NO_KEYS.items():
                    answer = await client.request(method, f"{root}{path}?key={KEY}&api_key={KEY}", headers=headers)
                    if (answer.status_code == 401) is (door is Door.OPEN):
                        wrong.append((path, method, name, answer.status_code))
                for header, let_in in (("authorization", True), ("x-api-key", door is not Door.BEARER)):
                    value = f"Bearer {KEY}" if header == "authorization" else KEY
                    answer = await client.request(method, f"{root}{path}", headers={header: value})
                    if (answer.status_code != 401) is not let_in:
                        wrong.append((path, method, header, answer.status_code))

    assert wrong == []
    assert upstream.seen == []


def a_plan(folder: Path, server: str) -> Plan:
    """Return the plan of a configuration with these keys."""
    path = folder / "c.yaml"
    path.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1") + server)
    return prepare(config=path, environ=ENVIRON, simulate="never", listen="127.0.0.1:0", ledger=folder / "l.db")


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/router/classify"])
async def test_a_key_that_is_taken_away_is_of_no_use_from_the_next_request_on(tmp_path: Path, path: str) -> None:
    """On the hot half and on the cold one; the keys that are left are not touched."""
    body = json.dumps({"model": "auto", "input": "hi", "messages": [{"role": "user", "content": "hi"}]}).encode()
    proxy = Proxy(a_plan(tmp_path, BOTH))
    await proxy.start()

    async def status(key: str) -> int:
        headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + key.encode())]
        return (await call(proxy, body, path=path, headers=headers)).status

    before = await status(KEY), await status(OTHER)
    await proxy.change(a_plan(tmp_path, KEYS.format()))
    after = await status(KEY), await status(OTHER)
    await proxy.stop()

    assert (before, after) == ((200, 200), (200, 401))
