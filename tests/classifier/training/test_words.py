"""The graded words as they are written down, and packed."""

from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from classifier.graded import PACKED, digest_of, hash_of, read
from classifier.training.sources import DataMissing
from classifier.training.words import GRADED_WORDS, checksum, graded_words, main, pack


def written(folder: Path, text: str) -> Path:
    path = folder / "words.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_shipped_is_what_was_written_down():
    """Serving reads the words of annotated/graded_words.txt, no others and none with another grade."""
    assert digest_of(read(PACKED.read_bytes())) == digest_of(read(pack()))


def test_every_word_is_there_once_and_in_order():
    """Hashes rise, which is what finding them rests on, and none is that of two words."""
    found = read(pack())
    for hashes in (found.words, found.pairs.tolist()):
        assert all(one < other for one, other in pairwise(hashes))
    assert (
        len(found.words) + len(found.pairs) == len(found.codes) + len(found.codes_of_pairs) == len(list(graded_words()))
    )


def test_lines_hold_what_was_said_and_words(tmp_path: Path):
    """The head is passed over; all words of a line have what it begins with."""
    path = written(tmp_path, "# 9 code 3 3: no\n7 code 2 5: mutex lock\n0 any 5 1: hello\n")
    code, hello = ("7", "code", "2", "5"), ("0", "any", "5", "1")
    assert list(graded_words(path)) == [("mutex", code), ("lock", code), ("hello", hello)]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("10 code 3 3: a", "line 1 begins with '10 code 3 3'"),
        ("x code 3 3: a", "line 1 begins with 'x code 3 3'"),
        ("7 cooking 3 3: a", "line 1 begins with '7 cooking 3 3'"),
        ("7 code 3: a", "such as '7 code 2 5: mutex'"),
        ("7 code 3 3: Mutex", "'Mutex' is not one token"),
        ("7 code 3 3: 证明法", "'证明法' is not one token"),
        ("7 code 3 3: x-ray", "'x-ray' is not one token"),
        ("7 code 3 3: mutex\n3 maths 3 3: mutex", "'mutex' is not told from 'mutex'"),
        ("7 code 2 5: plumless\n0 life 2 2: buckeroo", "'buckeroo' is not told from 'plumless'"),
        ("# nothing", "holds no words"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, line: str, wrong: str):
    """The line, the word, and what to do."""
    with pytest.raises(DataMissing) as caught:
        pack(written(tmp_path, line))
    assert wrong in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    """One that is missing, and one that is not UTF-8."""
    (tmp_path / "latin").write_bytes(b"7 code 2 5: caf\xe9")
    for name in ("latin", "none"):
        with pytest.raises(DataMissing, match=rf"{name}' cannot be read"):
            pack(tmp_path / name)


def test_the_command_packs_or_says_what_is_wrong(tmp_path: Path, capsys):
    """0 and the packed file; 2 and the error, with nothing written."""
    out = tmp_path / "out.bin"
    assert main(written(tmp_path, "7 code 3 3: mutex"), out) == 0
    assert list(read(out.read_bytes())[0]) == [hash_of("mutex")]
    out.unlink()
    assert main(written(tmp_path, "7 kode 3 3: mutex"), out) == 2
    assert "7 kode" in capsys.readouterr().err
    assert not out.exists()


def test_what_was_not_packed_is_not_trained_on(tmp_path: Path):
    """The checksum is that of the text; words that were changed and not packed are named with the command."""
    with pytest.raises(DataMissing, match=r"run `python -m classifier\.training\.words`"):
        checksum(written(tmp_path, "7 code 3 3: mutex"))
    assert checksum() == sha256(GRADED_WORDS.read_bytes()).hexdigest()
