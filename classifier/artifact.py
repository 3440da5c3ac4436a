"""The trained model on disk: plain arrays in one file, a JSON manifest beside it; no pickle, no code.

`arrays.bin` holds the arrays one after the other, little-endian; `manifest.json` names each with its type, shape and
place, and carries the SHA-256 of the file and the fingerprint of the features it was trained on. What does not fit is
refused with `ArtifactInvalid`, before any number is used. Saving the same arrays twice gives the same bytes.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.bin"
MAX_MANIFEST_BYTES = 1 << 20
MAX_ARRAY_BYTES = 64 << 20
PACKED = frozenset({"table", "vectors"})
"""Arrays that are kept as one octet a number, with a scale for each column beside them."""

_DTYPES = ("<f2", "<f4", "<u2", "<i4", "|i1", "|u1")
_SCALE = "_scale"
_MOST = 127
_STEPS = 4096
_TRAIN = "train it again with `python -m classifier.training`"

Arrays = Mapping[str, npt.NDArray[Any]]


class ArtifactInvalid(Exception):
    """An artifact that cannot be trusted or does not fit this code; `fix` is the next thing to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Arrays by name and what the manifest says of them; `id` identifies both."""

    id: str
    arrays: Arrays
    facts: Mapping[str, Any]


def save(folder: Path, arrays: Arrays, facts: Mapping[str, Any]) -> str:
    """Write the arrays and the manifest into `folder` and return the artifact's id.

    The arrays of PACKED lose precision: an octet a number. What was loaded and is saved again is the same.
    `facts` is JSON-like and must hold `fingerprint` and `presets`; the rest is for the reader (seed, versions, data).
    """
    folder.mkdir(parents=True, exist_ok=True)
    places, pieces, offset = [], [], 0
    kept = _pack(arrays)
    for name in sorted(kept):
        array = np.ascontiguousarray(kept[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        data = array.tobytes()
        places.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": offset})
        pieces.append(data)
        offset += len(data)
    content = b"".join(pieces)
    manifest = {"format": FORMAT, **facts, "arrays": places, "bytes": offset, "sha256": _sha256(content)}
    manifest["id"] = identity(manifest)
    (folder / ARRAYS).write_bytes(content)
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return str(manifest["id"])


def load(folder: Path, *, fingerprint: str) -> Artifact:
    """Read the artifact in `folder`; ArtifactInvalid when it is damaged, too large or made for other features."""
    manifest, content = _read(folder / MANIFEST, MAX_MANIFEST_BYTES), _read(folder / ARRAYS, MAX_ARRAY_BYTES)
    return decode(manifest, content, folder=folder, fingerprint=fingerprint)


def decode(raw: bytes, content: bytes, *, folder: Path, fingerprint: str) -> Artifact:
    """Return the artifact of a manifest's and its arrays' bytes, which lie in `folder`; ArtifactInvalid as `load`."""
    manifest = _manifest(raw, folder / MANIFEST)
    if manifest.get("fingerprint") != fingerprint:
        raise ArtifactInvalid(
            f"the artifact in '{folder}' was trained on other features ({manifest.get('fingerprint')}) than this "
            f"version computes ({fingerprint})",
            _TRAIN,
        )
    if _sha256(content) != manifest.get("sha256"):
        raise ArtifactInvalid(
            f"'{folder / ARRAYS}' is not the file that its manifest describes (SHA-256 differs)",
            "restore both files from the release, or " + _TRAIN,
        )
    try:
        arrays = {str(place["name"]): _array(content, place) for place in manifest["arrays"]}
    except (KeyError, TypeError, ValueError, OverflowError) as error:  # the last: a size that no machine has
        raise ArtifactInvalid(f"'{folder / MANIFEST}' describes arrays that do not fit: {error}", _TRAIN) from error
    return Artifact(id=str(manifest["id"]), arrays=_unpack(arrays), facts=manifest)


def _pack(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays with those of PACKED as octets and scales.

    A scale has twelve binary digits, so that 127 times it is exact and packing again changes nothing.
    """
    packed = dict(arrays)
    for name in PACKED & packed.keys():
        array = np.asarray(packed[name], dtype=np.float64)
        most = np.abs(array).max(axis=0, initial=0.0)
        digits, power = np.frexp(np.where(most > 0, most, 1.0) / _MOST)
        scale = np.ldexp(np.ceil(digits * _STEPS) / _STEPS, power)
        packed[name] = np.rint(array / scale).astype(np.int8)
        packed[name + _SCALE] = scale.astype(np.float32)
    return packed


def _unpack(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays with those of PACKED as numbers again; ArtifactInvalid when a scale does not fit."""
    found = dict(arrays)
    for name in PACKED & found.keys():
        scale = found.pop(name + _SCALE, None)
        array = found[name]
        if array.dtype != np.int8 or scale is None or scale.shape != array.shape[1:]:
            raise ArtifactInvalid(f"the artifact's '{name}' and its scale do not fit", _TRAIN)
        with np.errstate(over="ignore"):  # too large a weight is refused where weights are used
            found[name] = array * scale
    return found


def _manifest(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        raise ArtifactInvalid(f"'{path}' is not JSON: {error}", "restore it from the release, or " + _TRAIN) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtifactInvalid(f"'{path}' is not a manifest of format {FORMAT}", _TRAIN)
    if manifest.get("id") != identity(manifest):
        raise ArtifactInvalid(
            f"'{path}' was changed after it was written (its id differs)", "restore it from the release, or " + _TRAIN
        )
    return manifest


def _read(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise ArtifactInvalid(f"'{path}' has {size} bytes, more than the {limit} allowed", _TRAIN)
        return path.read_bytes()
    except OSError as error:
        raise ArtifactInvalid(f"'{path}' cannot be read: {error.strerror}", _TRAIN) from error


def _array(content: bytes, place: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Return the read-only array at `place`; ValueError, KeyError or TypeError when it does not fit."""
    dtype, shape, offset = place["dtype"], tuple(place["shape"]), place["offset"]
    if dtype not in _DTYPES:
        raise ValueError(f"type {dtype!r} is not one of {_DTYPES}")
    if any(not isinstance(size, int) or size < 0 for size in (*shape, offset)):
        raise ValueError(f"shape {shape} at {offset}")
    array: npt.NDArray[Any] = np.frombuffer(content, dtype=dtype, count=math.prod(shape), offset=offset)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{place['name']} holds numbers that are not finite")
    return array.reshape(shape)


def identity(manifest: Mapping[str, Any]) -> str:
    """Return the id: the first 12 hex digits of the SHA-256 of the manifest without its id."""
    rest = {name: value for name, value in manifest.items() if name != "id"}
    return _sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"))[:12]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
