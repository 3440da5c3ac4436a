"""The files that an operator hands us, a configuration and an artifact, as targets of benchmarks.fuzz."""

import contextlib
import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.edits import MARK, edited
from classifier.artifact import ARRAYS, MANIFEST, ArtifactInvalid, decode, identity, load, save
from classifier.assess import DEFAULT_FOLDER, Classifier
from classifier.features import fingerprint
from router.errors import OperatorError
from router.settings.catalogue import read_catalogue
from router.settings.document import Document, parse
from router.settings.load import sound

ROOT = Path(__file__).resolve().parents[1]
VALUES = (
    *(None, True, False, 0, -1, 7, 10**30, Decimal("0.1"), Decimal("-1.5"), date(2026, 11, 1)),
    *("", "auto", "easy", "hard"),
    *("30s", "0s", "1e999", "9" * 40, "os.environ/KEY", "${HOME}", "file:/x", "http://127.0.0.1:1/v1", "127.0.0.1:0"),
    *("catalog", "small", "eu", "\x00", "\u2028", [], {}, ["tools"], {"a": {}}, [[]], {"regions": ["eu"]}),
)
"""What is put into trees: values that a configuration may have somewhere, and odd ones."""

NUMBERS = (None, True, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.1, 1e308, "", "a", "<f2", "|O", [], {}, [0])


class OperatorFiles:
    """What is the same in every execution: the catalogue, configurations as trees, a small artifact."""

    def __init__(self, folder: Path, manifest: bytes, content: bytes) -> None:
        """Read them. Nothing is written to `folder`."""
        self._origin = folder / "c.yaml"
        self._catalogue = read_catalogue(ROOT / "config" / "catalog.yaml")
        self._trees = [parse(seed, "c.yaml").data for seed in configurations()]
        self._manifest, self._content = manifest, content
        self._tree = json.loads(manifest)
        self._fingerprint = str(self._tree["fingerprint"])

    def config(self, data: bytes) -> None:
        """Check a configuration: the text of one, or edits of one that is sound."""
        with contextlib.suppress(OperatorError):
            if data[:1] == MARK:
                tree = edited(self._trees[data[-1] % len(self._trees)], data[1:], VALUES)
                document = Document(origin="c.yaml", data=tree if isinstance(tree, dict) else {}, lines={})
            else:
                document = parse(data, "c.yaml")
            sound(document, self._origin, self._catalogue, {})

    def manifest(self, data: bytes) -> None:
        """Take an artifact whose manifest was touched: its text, the same with a proper id, or edits of it with one."""
        if data[:1] == MARK:
            self._take(signed(edited(self._tree, data[1:], NUMBERS)), self._content)
            return
        self._take(data, self._content)
        with contextlib.suppress(ValueError, RecursionError):
            self._take(signed(json.loads(data)), self._content)

    def arrays(self, data: bytes) -> None:
        """Take an artifact whose arrays were touched, by a manifest that says they were not, and by one that fits."""
        self._take(self._manifest, data)
        self._take(signed({**self._tree, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}), data)

    def _take(self, manifest: bytes, content: bytes) -> None:
        """Make a classifier of an artifact's two files."""
        with contextlib.suppress(ArtifactInvalid):
            Classifier(decode(manifest, content, folder=ROOT, fingerprint=self._fingerprint))


EDITS = tuple(MARK + bytes(value % 256 for value in range(first, first + 8)) for first in (0, 60, 120, 180, 240))


def signed(manifest: Any) -> bytes:
    """Return a manifest with the id that it must have."""
    if isinstance(manifest, dict):
        manifest = {**manifest, "id": identity(manifest)}
    return json.dumps(manifest).encode("utf-8", "surrogatepass")


def small_artifact(folder: Path) -> tuple[bytes, bytes]:
    """Return manifest and arrays of an artifact that fits, of a fortieth of the size: no word is known, two units."""
    known = load(DEFAULT_FOLDER, fingerprint=fingerprint())
    arrays = dict(known.arrays)
    arrays["known"] = np.zeros_like(arrays["known"])
    arrays |= {
        name: arrays[name][:most] for name, most in (("table", 1), ("vectors", 0), ("hidden_bias", 2), ("out", 2))
    }
    arrays["hidden"] = arrays["hidden"][:, :2]
    facts = {name: known.facts[name] for name in ("fingerprint", "presets", "seed")}
    save(folder / "artifact", arrays, facts)
    return (folder / "artifact" / MANIFEST).read_bytes(), (folder / "artifact" / ARRAYS).read_bytes()


def configurations() -> tuple[bytes, ...]:
    """Return sound configurations, those that are shipped and one that uses most of what there is in few lines."""
    files = (
        ROOT / "config" / "demo.yaml",
        ROOT / "config" / "simulated.yaml",
        *sorted((ROOT / "config" / "examples").glob("*.yaml")),
    )
    return (SMALL, *(path.read_bytes() for path in files))


SMALL = b"""version: 1
server:
  {listen: "127.0.0.1:0", body_limit_bytes: 1000000, max_concurrent: 9, workers: 2, drain: 3s, auth: {keys: {a: $A}}}
providers:
  one: {kind: vllm, base_url: "http://127.0.0.1:9/v1", region: eu}
  two: {kind: mistral, api_key: os.environ/B}
upstreams:
  s: {provider: one, model: m, tier: easy, window: 8000, capabilities: [tools], licence: mit,
    price: {input: 0.1, output: 2, as_of: 2026-11-01}}
  t: {provider: two, model: mistral-small-2603, price: catalog}
  e: {provider: two, model: mistral-embed, serves: embeddings, price: catalog}
policies: {p: {regions: [eu], licences: [mit]}}
routes: {auto: {}, fast: {policy: p}}
aliases: {gpt: s}
delivery: {deadline: 9s, max_attempts: 2, cooldown: 1s}
baseline: s
"""
"""A sound configuration that uses most of what there is, in few lines."""
