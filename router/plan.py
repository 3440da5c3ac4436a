"""One configuration, loaded and checked as far as it can be before anything is opened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from classifier.artifact import ArtifactInvalid
from classifier.assess import Classifier, load_classifier, load_default
from router.access.keys import require_keys_beyond_loopback
from router.errors import ArtifactRejected, SettingsInvalid
from router.judge.judge import LIBRARY, require_library
from router.policy.coverage import coverage, holes
from router.policy.rules import Rules
from router.settings.assemble import Assembled, assemble
from router.settings.load import Settings, load, load_simulated
from router.settings.loop import loops
from router.settings.references import key_files
from router.settings.shipped import config_file

SHORTEST_SECRET = 4
"""Characters below which a configured text is too common a word to be taken out of others."""

BUILTIN = "builtin"

_WITHOUT_KEY = (
    "Set one of these keys, or name a local server, which needs none: {kind: openai, base_url: "
    '"http://127.0.0.1:8000/v1"} under providers.\n'
    "To see answers without either: --simulate always, which has upstreams and routes of its own and passes over yours."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One configuration, checked and ready to be served; what the banner tells is read off it.

    `simulated` says that the shipped simulated upstreams took the place of real ones.
    """

    settings: Settings
    assembled: Assembled
    classifier: Classifier
    environ: Mapping[str, str]
    simulated: bool
    host: str
    port: int
    ledger_path: Path
    left_out: tuple[str, ...]

    @property
    def routes(self) -> tuple[str, ...]:
        """The names of the routes."""
        return tuple(self.settings.routes)

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The names of the upstreams that are served."""
        return tuple(upstream.name for upstream in self.assembled.catalog.everybody)

    @property
    def holes(self) -> list[str]:
        """A line for each place that a route promises and no upstream that is served can fill."""
        found = self.assembled
        return holes(coverage(found.catalog, found.rules, found.promises, datetime.now(UTC).date()))

    @property
    def log_level(self) -> str:
        """The least severe level that is logged."""
        return self.settings.log.level


def prepare(
    *,
    config: Path | None,
    environ: Mapping[str, str],
    simulate: str,
    listen: str | None,
    ledger: Path | None,
    present: Plan | None = None,
) -> Plan:
    """Load and check everything that can be checked before serving; OperatorError when it cannot be served.

    `config` None is the shipped file. `simulate`: `always`, `never`, or `auto` for simulated upstreams where the
    shipped file is used and no key of it is there. `listen` and `ledger` override the file. `present` is what is served
    already: its classifier is used again where it is the same.
    """
    settings = load(config, environ)
    same = present is not None and present.settings.classifier == settings.classifier
    shipped = settings.classifier.artifact == BUILTIN
    classifier = present.classifier if present is not None and same and shipped else load_artifact(settings)
    assembled = assembled_today(settings, environ, classifier)
    left_out = assembled.left_out
    simulated = simulate == "always" or (simulate == "auto" and config is None and not assembled.usable)
    if simulated:
        settings = load_simulated(0, environ, keep=settings)
        assembled = assembled_today(settings, environ, classifier)
    elif not assembled.usable:
        problems = left_out or ("The file configures no upstream.",)
        raise SettingsInvalid(problems, fix=_WITHOUT_KEY)
    require_judge(assembled.rules)
    host, port = address(listen or settings.server.listen, has_keys=bool(assembled.client_keys))
    require_no_loop(settings, environ, host, port)
    return Plan(
        settings=settings,
        assembled=assembled,
        classifier=classifier,
        environ=environ,
        simulated=simulated,
        host=host,
        port=port,
        ledger_path=ledger or Path(settings.ledger.path),
        left_out=left_out,
    )


def watched(plan: Plan, config: Path | None) -> tuple[Path, ...]:
    """Return the files that `plan` was read from: its YAML (`config`, None: the shipped one) and its keys' files."""
    keys = key_files(plan.settings.file)
    return (config_file("tierwise.yaml") if config is None else config, *keys)


def load_artifact(settings: Settings) -> Classifier:
    """Load the artifact that the settings name; ArtifactRejected when it cannot be trusted."""
    where, tags = settings.classifier.artifact, settings.classifier.harness_tags
    try:
        return load_default(tags) if where == BUILTIN else load_classifier(Path(where), tags)
    except ArtifactInvalid as error:
        raise ArtifactRejected(error.message, fix=error.fix) from None


def require_judge(rules: Rules, library: str = LIBRARY) -> None:
    """Raise SettingsInvalid when a route verifies answers and `library`, which validates them, is not installed."""
    if any(route.verify for route in rules.routes.values()):
        require_library(library)


def assembled_today(settings: Settings, environ: Mapping[str, str], classifier: Classifier) -> Assembled:
    """Turn settings into values, as of today."""
    return assemble(settings, environ, datetime.now(UTC).date(), presets=classifier.presets)


def address(listen: str, *, has_keys: bool) -> tuple[str, int]:
    """Part HOST:PORT, brackets around an IPv6 host allowed.

    SettingsInvalid when it is neither, or when others can reach it and there are no client keys.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsInvalid((f"'{listen}' is not an address to listen on.",), fix="Write it as 127.0.0.1:8080.")
    require_keys_beyond_loopback(host.strip("[]"), has_keys)
    return host.strip("[]"), int(port)


def require_no_loop(settings: Settings, environ: Mapping[str, str], host: str, port: int) -> None:
    """Refuse (SettingsInvalid) to listen where upstreams of the configuration are called."""
    problems = loops(settings, environ, host, port)
    if problems:
        fix = "Write where the model is served into base_url, or listen on another port (server.listen or --listen)."
        raise SettingsInvalid(problems, fix=fix)


def redaction(assembled: Assembled) -> Callable[[str], str]:
    """Return what takes every configured key and every upstream's host out of a text, longest first."""
    secrets_known = [secret.reveal() for secret in assembled.secrets]
    hosts = [urlsplit(upstream.provider.base_url).netloc for upstream in assembled.catalog.everybody]
    hidden = sorted({text for text in (*secrets_known, *hosts) if len(text) >= SHORTEST_SECRET}, key=len, reverse=True)
    if not hidden:
        return str
    pattern = re.compile("|".join(map(re.escape, hidden)))
    return lambda text: pattern.sub("[hidden]", text)
