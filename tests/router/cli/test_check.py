import argparse
import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from router.cli.check import add_arguments, check, run
from router.settings.shipped import config_file

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
TODAY = date(2026, 11, 21)

FILE = """
providers:
  mistral: {kind: mistral}
  moonshot: {kind: moonshot}
upstreams:
  small: {provider: mistral, model: mistral-small-2603}
  large: {provider: mistral, model: mistral-medium-3-5}
  kimi: {provider: moonshot, model: kimi-k2.6}
policies:
  eu_only: {regions: [eu]}
routes:
  auto: {}
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a YAML text and returns its path."""

    def _write(text):
        path = tmp_path / "my.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def checked(path, environ, **options):
    """Return the exit code, what was printed and what went to the error console."""
    out, err = StringIO(), StringIO()
    code = check(path, environ, TODAY, (Console(width=200, file=out), Console(width=200, file=err)), **options)
    return code, out.getvalue(), err.getvalue()


def test_a_sound_file(write):
    """With its keys a sound file is valid, its matrix names who remains, and the exit code is 0."""
    code, out, err = checked(write(FILE), {"MISTRAL_API_KEY": "a", "MOONSHOT_API_KEY": "b"})
    assert (code, err) == (0, "")
    assert "my.yaml is valid: 3 upstreams, 1 route." in out
    assert "route auto, policy default" in out
    assert "3: small, large, ..." in out
    assert "2: large, kimi" in out
    assert "warning: policy 'eu_only' is used by no route." in out
    assert "Every promised cell is covered." in out
    assert "Missing" not in out


def test_who_embeds_is_told_beside_the_matrix(write):
    """Each group of embedding upstreams is one line; its upstreams are in no table."""
    text = FILE.replace(
        "policies:",
        """  vectors: {provider: mistral, model: mistral-embed}
  keyless: {provider: moonshot, model: other-embed, serves: embeddings, window: 9}
embeddings: {docs: [vectors], other: [keyless]}
policies:""",
    )
    code, out, _ = checked(write(text), {"MISTRAL_API_KEY": "a"})
    assert code == 0
    assert "Embeddings 'docs' are served by vectors (1024 dimensions)." in out
    assert "Embeddings 'other' are served by nobody: no upstream of it has its key." in out
    assert out.count("vectors") == 1


def test_what_the_file_switches_on_is_told(write):
    """Aliases, routes that verify, what is kept and who embeds without a group are one line each."""
    text = FILE.replace("auto: {}", "auto: {verify: [tool_args, json_schema]}").replace(
        "policies:", "  vectors: {provider: mistral, model: mistral-embed}\npolicies:"
    )
    code, out, _ = checked(
        write(f'{text}aliases: {{"claude-*": auto}}\nresponses: {{store: true, keep: 3d}}\n'), {"MISTRAL_API_KEY": "a"}
    )
    assert code == 0
    assert "Alias 'claude-*' means 'auto'." in out
    assert "Route 'auto' verifies json_schema, tool_args in whole answers." in out
    assert "Responses are kept for 3 d, in 1,073,741,824 bytes at most: prompts and answers." in out
    assert "Embeddings are served by 'vectors' under its own name; it is in no group." in out


def test_what_is_switched_off_is_not_told(write):
    """A file without them has none of these lines."""
    _, out, _ = checked(write(FILE), {"MISTRAL_API_KEY": "a"})
    assert not {word for word in ("Alias", "verifies", "Responses", "Embeddings") if word in out}


def test_without_any_key_the_whole_file_is_checked(write):
    """Away from its keys a file is checked as if they were there, and what is missing is listed."""
    code, out, _ = checked(write(FILE), {})
    assert code == 0
    assert "Checked as if every key were there. Missing:" in out
    assert "  mistral: set MISTRAL_API_KEY\n" in out
    assert "  moonshot: set MOONSHOT_API_KEY (or KIMI_API_KEY, MOONSHOTAI_API_KEY)\n" in out
    assert "3: small, large, ..." in out


def test_with_some_keys_only_those_count(write):
    """One key is enough to be judged by it: who has no second upstream is warned."""
    code, out, _ = checked(write(FILE), {"MISTRAL_API_KEY": "a"})
    assert code == 0
    assert "2 of 3 upstreams can be served:" in out
    assert "Upstream 'kimi' is left out: set MOONSHOT_API_KEY" in out
    assert (
        "warning: route auto, policy default, tier hard (plain, tools) is served by large alone: there is no fallback."
    ) in out


def test_a_hole_is_exit_code_1(write):
    """A promised cell that nobody can serve fails the check and is named."""
    environ = {"MISTRAL_API_KEY": "a", "MOONSHOT_API_KEY": "b"}
    code, out, _ = checked(write(FILE.replace("auto: {}", "auto: {policy: eu_only}")), environ)
    assert code == 1
    assert (
        "HOLE: route auto, policy eu_only, tier easy (plain, tools) is promised, and no upstream can serve it." in out
    )
    assert "covered" not in out


def test_an_empty_cell_that_is_not_promised_is_no_hole(write):
    """What no route promises may be missing; promised, it is a hole."""
    text = FILE.replace("kimi: {", "# kimi: {").replace(
        "model: mistral-medium-3-5", "model: mistral-medium-3-5, window: 9000"
    )
    code, out, _ = checked(write(text), {"MISTRAL_API_KEY": "a"})
    assert code == 0
    assert "none" in out
    code, out, _ = checked(
        write(text.replace("auto: {}", "auto: {promises: [long_context]}")), {"MISTRAL_API_KEY": "a"}
    )
    assert code == 1
    assert "tier hard (long_context) is promised" in out


def test_keys_can_be_assumed(write):
    """--assume-keys looks at the whole file though one key is there."""
    code, out, _ = checked(write(FILE), {"MISTRAL_API_KEY": "a"}, assume_keys=True)
    assert code == 0
    assert "2: large, kimi" in out
    assert "  moonshot: set MOONSHOT_API_KEY" in out


def test_an_invalid_file_is_exit_code_2(write):
    """All problems go to standard error, one a line, without a traceback or a matrix."""
    text = FILE.replace("auto: {}", "auto: {tiers: {hard: [lrge]}}\n  eu: {policy: nope}")
    path = write(text)
    code, out, err = checked(path, {})
    assert (code, out) == (2, "")
    assert "- Route 'auto' names upstream 'lrge', which is not declared. Did you mean 'large'?" in err
    assert f"2 problems. Mend the lines named above, then run `tierwise check {path}`." in err
    assert "Traceback" not in err


def test_brackets_in_a_file_are_no_markup(write):
    """What stands in the file is printed as it is."""
    _, _, err = checked(write(FILE.replace("auto: {}", 'auto: {policy: "[bold]x[/bold]"}')), {})
    assert "names policy '[bold]x[/bold]'" in err


def test_the_documented_local_server_needs_no_key(write):
    """The example of docs/configuration.md is a whole file: it covers what it promises without any variable."""
    [text] = [
        block
        for block in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
        if block.startswith("providers:") and "http://127.0.0.1:8000/v1" in block
    ]
    code, out, err = checked(write(text), {})
    assert (code, err) == (0, "")
    assert "1 upstream, 1 route." in out
    assert "Missing" not in out


def test_a_key_that_cannot_be_used_is_exit_code_2(write):
    """A key with a line break is a problem that does not show it."""
    code, _, err = checked(write(FILE), {"MISTRAL_API_KEY": "top\nsecret"})
    assert code == 2
    assert "The key of provider 'mistral' cannot be used" in err
    assert "1 problem. Set the variables or files named above." in err
    assert "secret" not in err


@pytest.mark.parametrize("name", ["tierwise.yaml", "simulated.yaml", "demo.yaml"])
def test_shipped_files_keep_their_promises(name):
    """What is shipped has no hole."""
    code, out, _ = checked(config_file(name), {})
    assert code == 0
    assert "Every promised cell is covered." in out


def test_the_default_has_a_second_upstream_everywhere():
    """With every key, no promised cell of the shipped default depends on a single upstream."""
    _, out, _ = checked(None, {})
    assert "alone" not in out


def test_arguments(write, capsys):
    """The file is given by place or by option; the command returns the exit code."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    path = write(FILE)
    assert run(parser.parse_args([str(path), "--assume-keys"])) == 0
    assert "my.yaml is valid" in capsys.readouterr().out
    assert run(parser.parse_args(["--config", str(path.with_name("none.yaml"))])) == 2
    assert "There is no such file." in capsys.readouterr().err


UNSERVABLE = [
    ("server: {listen: 0.0.0.0:8080}", "server.auth.keys"),
    ("classifier: {artifact: /nowhere/at/all}", "/nowhere/at/all"),
]


@pytest.mark.parametrize(("line", "named"), UNSERVABLE, ids=["the world without keys", "no such artifact"])
def test_what_would_not_be_served_is_not_called_valid(write, line, named):
    """The check refuses what the start refuses."""
    path = write(f"{FILE}{line}\n")
    err = Console(file=StringIO(), width=200)

    assert check(path, {"MISTRAL_API_KEY": "k"}, TODAY, (Console(file=StringIO()), err)) == 2
    assert named in err.file.getvalue()


def test_what_only_a_start_would_refuse_is_gathered(write, tmp_path):
    """Two callers with one key, a ledger that is a folder, upstreams at one's own address: each with its fix."""
    path = write(
        FILE.replace("{kind: moonshot}", '{kind: vllm, base_url: "http://localhost:8080/v1"}').replace(
            "model: kimi-k2.6", "model: kimi-k2.6, tier: hard, window: 9000, price: null"
        )
        + "server: {listen: 127.0.0.1:8080, auth: {keys: {x: $CLIENT, y: $CLIENT}}}\n"
        + f"ledger: {{path: {tmp_path}}}\n"
    )
    code, out, err = checked(path, {"MISTRAL_API_KEY": "a", "CLIENT": "c-canary-0123456789"})

    assert (code, out) == (2, "")
    assert "- The client keys of 'x' and 'y' are the same. Give each its own." in err
    assert f"- The ledger '{tmp_path}' is a folder. Name a file in it: ledger.path or --ledger.\n" in err
    assert "- Provider 'moonshot' is called at port 8080, where tierwise itself listens" in err
    assert "3 problems.\n" in err
    assert "canary" not in err


def test_a_model_server_at_the_usual_port_is_a_warning(write):
    """A file that says nothing of where to listen may be served elsewhere, by --listen."""
    path = write(
        FILE.replace("{kind: moonshot}", '{kind: vllm, base_url: "http://localhost:8080/v1"}').replace(
            "model: kimi-k2.6", "model: kimi-k2.6, tier: hard, window: 9000, price: null"
        )
    )
    code, out, err = checked(path, {"MISTRAL_API_KEY": "a"})
    assert (code, err) != (2, ""), err
    assert "warning: without --listen it could not be served. Provider 'moonshot' is called at port 8080" in out


def test_a_ledger_is_looked_at_without_a_trace(write, tmp_path):
    """What is no database is refused, what is not there yet is not made, and one fault has its fix at the end."""
    (tmp_path / "text.db").write_text("provider: openai")
    before = sorted(tmp_path.iterdir())
    code, _, err = checked(write(FILE), {"MISTRAL_API_KEY": "a", "TIERWISE_LEDGER": str(tmp_path / "text.db")})
    assert code == 2
    assert "text.db' cannot be opened: the file is not a database" in err
    assert "1 problem. Move it away, or name another in ledger.path." in err
    code, _, err = checked(write(FILE), {"MISTRAL_API_KEY": "a", "TIERWISE_LEDGER": str(tmp_path / "a" / "new.db")})
    assert (code, err) == (0, "")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "my.yaml"])


@pytest.mark.parametrize(("environ", "assume"), [({}, False), ({"MISTRAL_API_KEY": "a"}, True)])
def test_away_from_its_keys_the_ledger_of_this_machine_is_a_warning(write, tmp_path, environ, assume):
    """The file is checked, not the machine: it is served elsewhere."""
    code, out, err = checked(write(f"{FILE}ledger: {{path: {tmp_path}}}\n"), environ, assume_keys=assume)
    assert (code, err) == (0, "")
    assert f"warning: on this machine it could not be served. The ledger '{tmp_path}' is a folder." in out


def test_suspicious_values_are_warnings(write):
    """A price of a day to come, and a client key that can be guessed, which is not shown."""
    text = FILE.replace("kimi-k2.6}", "kimi-k2.6, price: {input: 1, output: 2, as_of: 2099-01-01}}")
    code, out, _ = checked(
        write(text + "server: {auth: {keys: {x: $CLIENT}}}\n"),
        {"MISTRAL_API_KEY": "a", "MOONSHOT_API_KEY": "b", "CLIENT": "canary"},
    )
    assert code == 0
    assert "warning: Upstream 'kimi' has a price of 2099-01-01, a day to come." in out
    assert "warning: The client key of 'x' has fewer than 16 characters, so it can be guessed." in out
    assert "canary" not in out
