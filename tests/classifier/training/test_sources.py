import gzip
import hashlib
import json
from pathlib import Path

import pytest

from classifier.training import sources
from classifier.training.sources import DataMissing, Source

ROWS = [{"id": "a", "text": "line\u2028separator"}, {"id": "b"}]
CONTENT = gzip.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode(), mtime=0)
SOURCE = Source(
    name="s",
    path="s.jsonl.gz",
    origin="https://example.org/s",
    licence="CC0-1.0",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    label="none",
)


def test_rows_are_read(tmp_path: Path):
    """A file with the expected checksum gives its rows."""
    (tmp_path / SOURCE.path).write_bytes(CONTENT)
    assert SOURCE.rows(tmp_path) == ROWS


def test_a_missing_file_is_named_with_its_origin(tmp_path: Path):
    """What is not there is named, with where it comes from and the option that names another folder."""
    with pytest.raises(DataMissing, match=r"s\.jsonl\.gz") as refusal:
        SOURCE.rows(tmp_path)
    assert "https://example.org/s" in refusal.value.fix
    assert "--data-dir" in refusal.value.fix


def test_another_version_is_refused(tmp_path: Path):
    """A file with another checksum is not trained on."""
    (tmp_path / SOURCE.path).write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(DataMissing, match="SHA-256"):
        SOURCE.rows(tmp_path)


ALL = {*sources.ANNOTATED, *sources.FLAGGED, *sources.CLASSICAL, *sources.OVERLAPPING}


@pytest.mark.parametrize("source", sorted(ALL, key=lambda source: source.name), ids=lambda source: source.name)
def test_each_source_is_complete(source: Source, data_dir: Path):
    """Each source states its licence, and its file is the one that was checked."""
    assert source.licence
    assert source.label
    assert source.rows(data_dir)
