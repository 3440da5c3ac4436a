"""The graded words, from the text in which they are written down to what serving reads.

`python -m classifier.training.words` packs them.
"""

import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from classifier.graded import ABOUT, MEND, PACKED, WRONG, code_for, digest, digest_of, hash_of, is_pair, packed, read
from classifier.lexicon import plain, tokens_of
from classifier.training.sources import OWN_DIR, DataMissing

_KEY = re.compile("([0-9]) ([a-z]+) ([0-9]) ([0-9])")
GRADED_WORDS = OWN_DIR / "graded_words.txt"
"""Lines such as `7 code 2 5: mutex`: a grade, a topic, grades of lacking and size, words. Its head tells the scales."""


def graded_words(path: Path = GRADED_WORDS) -> Iterator[tuple[str, tuple[str, str, str, str]]]:
    """Yield each word with what `code_for` takes: its grade, its topic, its grades of lacking and of size.

    DataMissing names the line that is wrong.
    """
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.startswith("#"):
            continue
        key, _, words = line.partition(":")
        parts = _KEY.fullmatch(key)
        if parts is None or parts[2] not in ABOUT:
            fix = f"Begin with grade, topic ({', '.join(ABOUT)}), lacking and size, such as '7 code 2 5: mutex'"
            raise DataMissing(f"'{path}', line {number} begins with '{key}'", fix)
        for word in words.split():
            if tokens_of(plain(word)) != [word] and not is_pair(word):
                raise DataMissing(f"'{path}', line {number}: '{word}' is not one token", "Write it as it is read")
            yield word, (parts[1], parts[2], parts[3], parts[4])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataMissing(f"'{path}' cannot be read ({error})", "Train in a checkout of the project") from error


def pack(path: Path = GRADED_WORDS) -> bytes:
    """Return the graded words as serving reads them; DataMissing when one cannot be read or two are not told apart."""
    singles: dict[int, int] = {}
    pairs: dict[int, int] = {}
    words: dict[tuple[bool, int], str] = {}
    for word, told in graded_words(path):
        pair, number = is_pair(word), hash_of(word)
        if (pair, number) in words:
            raise DataMissing(f"'{path}': '{word}' is not told from '{words[pair, number]}'", "Keep one of both")
        words[pair, number] = word
        (pairs if pair else singles)[number] = code_for(*told)
    if not singles:
        raise DataMissing(f"'{path}' holds no words", "Write lines such as '7 code 2 5: mutex'")
    return packed(singles, pairs)


def checksum(path: Path = GRADED_WORDS) -> str:
    """Return the SHA-256 of the words as written down; DataMissing when they are not what serving reads."""
    if WRONG or digest_of(read(pack(path))) != digest():
        raise DataMissing(f"'{PACKED}' is not what '{path}' says", f"First {MEND}")
    return sha256(path.read_bytes()).hexdigest()


def main(path: Path = GRADED_WORDS, out: Path = PACKED) -> int:
    """Pack the words of `path` into `out`; 0, or 2 with what is wrong."""
    try:
        out.write_bytes(pack(path))
    except (OSError, DataMissing) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
