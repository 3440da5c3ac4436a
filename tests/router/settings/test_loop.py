"""A base URL that is tierwise's own address is found; another server on the machine, or another tierwise, is not."""

from pathlib import Path

import pytest

from router.settings.load import Settings, load, load_simulated
from router.settings.loop import loops

FILE = """
providers:
  own: {{kind: vllm, base_url: "{}", api_key: $NOT_SET}}
  idle: {{kind: vllm, base_url: "http://127.0.0.1:8080/v1"}}
upstreams:
  a: {{provider: own, model: m-a, tier: hard, window: 8000, price: {{input: 1, output: 2}}}}
  b: {{provider: own, model: m-b, tier: hard, window: 8000, price: {{input: 1, output: 2}}}}
routes: {{auto: {{}}}}
"""


def settings_of(folder: Path, base_url: str, environ: dict[str, str] | None = None) -> Settings:
    """Return the settings of a file whose upstreams are called at `base_url`."""
    path = folder / "my.yaml"
    path.write_text(FILE.format(base_url), encoding="utf-8")
    return load(path, environ or {})


ITSELF = [
    ("http://127.0.0.1:8080/v1", "127.0.0.1"),
    ("http://127.0.0.1:8080", "0.0.0.0"),
    ("http://localhost:8080/v1", "127.0.0.1"),
    ("http://LOCALHOST.:8080/v1", "::"),
    ("http://tierwise.localhost:8080/v1", "127.0.0.1"),
    ("http://127.0.0.1:8080/v1", "localhost"),
    ("http://[::1]:8080/v1", "::1"),
    ("http://[::1]:8080/v1", "localhost"),
    ("http://[::ffff:127.0.0.1]:8080/v1", "127.0.0.1"),
    ("http://0.0.0.0:8080/v1", "127.0.0.1"),
    ("http://[::]:8080/v1", "0.0.0.0"),
    ("http://127.1:8080/v1", "127.0.0.1"),
    ("http://10.0.0.5:8080/v1", "10.0.0.5"),
    ("http://Gateway.example:8080/v1", "gateway.example"),
    ("https://127.0.0.1:8080/v1", "127.0.0.1"),
]


@pytest.mark.parametrize(("base_url", "host"), ITSELF)
def test_ones_own_address(tmp_path: Path, base_url: str, host: str) -> None:
    """However it is written, it is one problem a provider, and names the place."""
    (found,) = loops(settings_of(tmp_path, base_url), {}, host, 8080)

    assert "Provider 'own' is called at port 8080, where tierwise itself listens" in found
    assert "my.yaml, providers.own.base_url" in found


OTHERS = [
    ("http://127.0.0.1:8081/v1", "127.0.0.1"),
    ("http://localhost:18080/v1", "0.0.0.0"),
    ("http://127.0.0.1:8080/v1", "10.0.0.5"),
    ("http://10.0.0.6:8080/v1", "10.0.0.5"),
    ("http://10.0.0.6:8080/v1", "127.0.0.1"),
    ("http://models.example:8080/v1", "0.0.0.0"),
    ("http://127.0.0.1/v1", "127.0.0.1"),
]


@pytest.mark.parametrize(("base_url", "host"), OTHERS)
def test_another_server(tmp_path: Path, base_url: str, host: str) -> None:
    """Another port, another machine, or loopback where tierwise listens on one address of the network alone."""
    assert loops(settings_of(tmp_path, base_url), {}, host, 8080) == ()


@pytest.mark.parametrize(("base_url", "port"), [("http://127.0.0.1/v1", 80), ("https://127.0.0.1/v1", 443)])
def test_a_url_without_a_port_has_that_of_its_scheme(tmp_path: Path, base_url: str, port: int) -> None:
    """What a URL leaves out is what it is called at."""
    assert len(loops(settings_of(tmp_path, base_url), {}, "127.0.0.1", port)) == 1


def test_a_base_url_in_a_variable(tmp_path: Path) -> None:
    """It is looked up as for a call."""
    environ = {"WHERE": "http://127.0.0.1:8080/v1"}
    settings = settings_of(tmp_path, "$WHERE", environ)

    assert len(loops(settings, environ, "127.0.0.1", 8080)) == 1
    assert loops(settings, {"WHERE": "http://127.0.0.1:x/v1"}, "127.0.0.1", 8080) == ()


def test_a_port_that_is_not_chosen_yet_is_nobodys() -> None:
    """The simulator waits for a port as a tierwise that listens on port 0 does."""
    assert loops(load_simulated(0, {}), {}, "127.0.0.1", 0) == ()
