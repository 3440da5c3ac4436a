"""One process that serves. With real processes: tests/integration/test_drain.py, test_workers.py."""

from pathlib import Path

from router.app import Proxy
from router.plan import prepare
from router.serving.server import Drain
from router.serving.worker import leave
from tests.fakes.proxy import CONFIG

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


def a_proxy(folder: Path, server: str) -> Proxy:
    """Return the proxy of a configuration with this section."""
    path = folder / "c.yaml"
    path.write_text(f"{MINIMAL}\nserver: {server}\n")
    return Proxy(prepare(config=path, environ={}, simulate="never", listen=None, ledger=folder / "l.db"))


def test_it_ends_as_the_configuration_of_the_moment_says(tmp_path: Path) -> None:
    """Not ready from then on; a drain that was changed meanwhile counts."""
    proxy = a_proxy(tmp_path, "{drain: 5s}")
    assert not proxy.readiness.stopping
    proxy.plan = a_proxy(tmp_path, "{drain: 7s, drain_delay: 2s}").plan

    assert leave(proxy) == Drain(delay=2.0, seconds=7.0)
    assert proxy.readiness.stopping
    assert leave(a_proxy(tmp_path, "{drain: 5s}")) == Drain(seconds=5.0)
