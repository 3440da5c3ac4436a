import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from classifier.artifact import ARRAYS, MANIFEST, MAX_ARRAY_BYTES, ArtifactInvalid, load, save

FACTS = {"fingerprint": "f1", "presets": {}}


def arrays() -> dict[str, np.ndarray]:
    return {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1, 2, 3], dtype=np.uint16)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path, arrays(), FACTS)
    return tmp_path


def rewrite(folder: Path, **changes: object) -> None:
    """Change the manifest the way an editor would: the id is left as it was."""
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_is_saved_is_loaded(folder: Path):
    """Arrays and facts come back as they were, with an id."""
    artifact = load(folder, fingerprint="f1")
    assert len(artifact.id) == 12
    assert artifact.facts["presets"] == {}
    for name, array in arrays().items():
        assert artifact.arrays[name].dtype == array.dtype
        assert np.array_equal(artifact.arrays[name], array)


def test_same_arrays_give_the_same_bytes(tmp_path: Path):
    """Two saves of the same arrays are equal files with one id."""
    first, second = save(tmp_path / "1", arrays(), FACTS), save(tmp_path / "2", arrays(), FACTS)
    assert first == second
    for name in (ARRAYS, MANIFEST):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_other_facts_give_another_id(tmp_path: Path):
    """The id covers the manifest too, such as the presets."""
    assert save(tmp_path / "1", arrays(), FACTS) != save(tmp_path / "2", arrays(), {**FACTS, "presets": {"x": 1}})


def test_missing_files_are_refused_with_a_fix(tmp_path: Path):
    """A folder without an artifact is refused, and the refusal says what to type."""
    with pytest.raises(ArtifactInvalid, match="cannot be read") as refusal:
        load(tmp_path, fingerprint="f1")
    assert "python -m classifier.training" in refusal.value.fix


def test_other_features_are_refused(folder: Path):
    """An artifact for other features is refused."""
    with pytest.raises(ArtifactInvalid, match="other features"):
        load(folder, fingerprint="f2")


def test_changed_arrays_are_refused(folder: Path):
    """One flipped bit in the arrays is found."""
    content = bytearray((folder / ARRAYS).read_bytes())
    content[-1] ^= 1
    (folder / ARRAYS).write_bytes(content)
    with pytest.raises(ArtifactInvalid, match="SHA-256"):
        load(folder, fingerprint="f1")


def test_a_changed_manifest_is_refused(folder: Path):
    """Presets that were edited by hand are refused."""
    rewrite(folder, presets={"balanced": {}})
    with pytest.raises(ArtifactInvalid, match="was changed"):
        load(folder, fingerprint="f1")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', "\ufeff{}"])
def test_what_is_not_a_manifest_is_refused(folder: Path, text: str):
    """Anything but a manifest of this format is refused."""
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ArtifactInvalid):
        load(folder, fingerprint="f1")


@pytest.mark.parametrize(
    "place",
    [
        {"dtype": "|O"},
        {"shape": [9999]},
        {"shape": [-1]},
        {"offset": -8},
        {"offset": 10_000},
        {"shape": "x"},
        {"shape": [10**30]},
        {"offset": 10**30},
        {"dtype": None},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_refused(folder: Path, place: dict[str, object]):
    """Places outside the file, object arrays and wrong shapes are refused even under a valid id."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["arrays"][0] |= place
    del manifest["id"]
    from classifier.artifact import identity as _identity

    (folder / MANIFEST).write_text(json.dumps({**manifest, "id": _identity(manifest)}))
    with pytest.raises(ArtifactInvalid, match="do not fit"):
        load(folder, fingerprint="f1")


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path):
    """NaN in the weights is refused before it reaches a decision."""
    save(tmp_path, {"a": np.array([np.nan], dtype=np.float32)}, FACTS)
    with pytest.raises(ArtifactInvalid, match="not finite"):
        load(tmp_path, fingerprint="f1")


def test_a_huge_file_is_refused_unread(folder: Path):
    """A file above the limit is refused by its size."""
    with (folder / ARRAYS).open("r+b") as file:
        file.truncate(MAX_ARRAY_BYTES + 1)
    with pytest.raises(ArtifactInvalid, match="more than"):
        load(folder, fingerprint="f1")


def test_packed_arrays_lose_little_and_only_once(tmp_path: Path):
    """A packed array comes back within half a step of its column, and saving it again changes nothing."""
    table = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32) * np.float32([1, 20, 0.01, 0])
    save(tmp_path / "1", {"table": table}, FACTS)
    once = load(tmp_path / "1", fingerprint="f1").arrays["table"]
    assert (np.abs(once - table) <= np.abs(table).max(axis=0) / 127 * 0.51).all()
    save(tmp_path / "2", {"table": once}, FACTS)
    assert (tmp_path / "1" / ARRAYS).read_bytes() == (tmp_path / "2" / ARRAYS).read_bytes()


def test_a_packed_array_without_its_scale_is_refused(tmp_path: Path):
    """A manifest that names octets but no scale is refused, as is a packed array of another type."""
    for name, array in (("table", np.zeros((2, 2), dtype=np.int8)), ("bare", np.zeros(2, dtype=np.float32))):
        save(tmp_path / name, {"x_table" if name == "table" else "x_bare": array}, FACTS)
        path = tmp_path / name / MANIFEST
        manifest = json.loads(path.read_text())
        manifest["arrays"][0]["name"] = "table"
        save_again = {key: value for key, value in manifest.items() if key != "id"}
        path.write_text(json.dumps({**save_again, "id": identity(save_again)}))
        with pytest.raises(ArtifactInvalid, match="scale"):
            load(tmp_path / name, fingerprint="f1")


def identity(manifest: dict[str, object]) -> str:
    """Return the id that belongs to a manifest, as a forger would."""
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
