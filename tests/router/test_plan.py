"""What can be checked is checked before anything is opened."""

from pathlib import Path

import pytest

from router.errors import ArtifactRejected, SettingsInvalid
from router.plan import prepare, redaction, require_judge, watched
from router.policy.rules import Route, Rules, Verify
from tests.fakes.proxy import CONFIG

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


def a_file(folder: Path, text: str = MINIMAL) -> Path:
    """Write a configuration."""
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_no_key_and_no_file_means_simulated_upstreams() -> None:
    """A first start works without any set-up."""
    plan = prepare(config=None, environ={}, simulate="auto", listen=None, ledger=None)

    assert plan.simulated
    assert (plan.host, plan.port) == ("127.0.0.1", 8080)
    assert plan.upstreams == ("sim-small", "sim-medium", "sim-large", "sim-embed")


def test_a_file_of_ones_own_is_never_simulated_by_accident(tmp_path: Path) -> None:
    """A production file whose keys are missing does not answer simulated text."""
    config = a_file(
        tmp_path,
        "version: 1\nproviders: {m: {kind: mistral, api_key: os.environ/NOT_SET}}\n"
        "upstreams: {a: {provider: m, model: mistral-small-2603}}\nroutes: {auto: {}}\n",
    )

    with pytest.raises(SettingsInvalid, match="NOT_SET") as caught:
        prepare(config=config, environ={}, simulate="auto", listen=None, ledger=None)
    assert "base_url" in caught.value.fix  # what would serve this file without a key
    assert "routes of its own and passes over yours" in caught.value.fix


def test_whoever_verifies_needs_the_library_for_it() -> None:
    """It is asked for at the start, and only where a route verifies."""
    verifying = Route(name="auto", verify=frozenset({Verify.TOOL_ARGS}))

    require_judge(Rules(routes={"auto": Route(name="auto")}), "no_such_library")
    with pytest.raises(SettingsInvalid, match="'verify' needs"):
        require_judge(Rules(routes={"auto": verifying}), "no_such_library")


@pytest.mark.parametrize("listen", ["8080", "localhost", ":8080", "127.0.0.1:eighty", "127.0.0.1:70000"])
def test_what_is_no_address(listen: str) -> None:
    """The error shows how an address is written."""
    with pytest.raises(SettingsInvalid) as caught:
        prepare(config=None, environ={}, simulate="always", listen=listen, ledger=None)
    assert "127.0.0.1:8080" in caught.value.fix


@pytest.mark.parametrize(
    ("own", "listen"), [("127.0.0.1:9", None), ("127.0.0.1:8080", "127.0.0.1:9"), ("127.0.0.1:8080", "localhost:9")]
)
def test_upstreams_at_ones_own_address_are_refused(tmp_path: Path, own: str, listen: str | None) -> None:
    """By the file's own address and by the one that overrides it; on another port the same file is served."""
    config = a_file(tmp_path, MINIMAL + f"server: {{listen: '{own}'}}\n")

    with pytest.raises(SettingsInvalid, match="where tierwise itself listens") as caught:
        prepare(config=config, environ={}, simulate="never", listen=listen, ledger=None)
    assert "--listen" in caught.value.fix
    assert prepare(config=config, environ={}, simulate="never", listen="127.0.0.1:10", ledger=None).port == 10


def test_an_artifact_that_is_not_there_is_rejected_at_the_start(tmp_path: Path) -> None:
    """A classifier that cannot be trusted is the operator's matter, before the first request."""
    config = a_file(tmp_path, MINIMAL + f"classifier: {{artifact: {tmp_path / 'nothing'}}}\n")

    with pytest.raises(ArtifactRejected) as caught:
        prepare(config=config, environ={}, simulate="never", listen=None, ledger=None)
    assert caught.value.fix


def test_the_classifier_that_is_served_is_used_again_where_it_is_the_same(tmp_path: Path) -> None:
    """A reload loads no artifact that is there already; another one it does load."""
    config = a_file(tmp_path)
    first = prepare(config=config, environ={}, simulate="never", listen=None, ledger=None)
    second = prepare(config=config, environ={}, simulate="never", listen=None, ledger=None, present=first)
    a_file(tmp_path, MINIMAL + "classifier: {timeout_ms: 20}\n")
    third = prepare(config=config, environ={}, simulate="never", listen=None, ledger=None, present=second)

    assert second.classifier is first.classifier
    assert third.classifier is not first.classifier


def test_what_a_plan_was_read_from_is_its_file_and_those_of_its_keys(tmp_path: Path) -> None:
    """Each of them once; keys in variables cannot change while the process lives."""
    key = tmp_path / "key"
    key.write_text("k-123456")
    text = MINIMAL.replace("{kind: vllm,", f"{{kind: vllm, api_key: file:{key},").replace("two: {kind", "two: {kind")
    config = a_file(tmp_path, text + f"server: {{auth: {{keys: {{me: $K, you: 'file:{key}'}}}}}}\n")
    plan = prepare(config=config, environ={"K": "client-1"}, simulate="never", listen=None, ledger=None)

    assert watched(plan, config) == (config, key)


def test_what_no_client_may_read_is_taken_out_of_a_text(tmp_path: Path) -> None:
    """Provider keys, client keys and upstream hosts go, whatever surrounds them; the rest stays."""
    config = a_file(tmp_path, MINIMAL + "server: {auth: {keys: {team: os.environ/TEAM_KEY}}}\n")
    plan = prepare(config=config, environ={"TEAM_KEY": "client-canary-1"}, simulate="never", listen=None, ledger=None)

    hide = redaction(plan.assembled)

    assert hide("key client-canary-1 at 127.0.0.1:9, temperature 2") == "key [hidden] at [hidden], temperature 2"
