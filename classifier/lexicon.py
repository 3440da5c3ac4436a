"""Text to tokens, and the short word lists behind a few handcrafted numbers; standard library only.

The lists are closed classes, each word as `tokens_of` writes it. What a topic's words say about difficulty is learnt
from data through the hashed words; the lists hold what is too rare in the data to be learnt from it, above all words
that point at something which may not be there.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

REMEMBERED = 16_384
"""Tokens of which is remembered what was computed of them."""

LONGEST = 40
"""Letters of the longest token that is remembered."""

T = TypeVar("T")
_DIGITS = str.maketrans("123456789", "000000000")
_ASCII_PLAIN = bytes(ord(chr(code).lower().translate(_DIGITS)) if code < 128 else code for code in range(256))
_ASCII_WORDS = bytes(code if chr(code) in "abcdefghijklmnopqrstuvwxyz0123456789_" else 32 for code in range(256))
"""What each octet of an ASCII text becomes: in plain text, and where its tokens are cut out of that. Two translations
take a fifth of the time of a regular expression."""
_ASCII_DIGITS = bytes(ord("0") if chr(code) in "123456789" else code for code in range(256))
_TOKEN = re.compile(
    "[a-z0-9_\u00c0-\u024f\u1e00-\u1eff]+"  # words of the Latin script, the tones of Vietnamese too
    "|[\u0300-\u060b\u060d-\u061a\u0620-\u066a\u066e-\u06d3\u06d5-\u0963\u0966-\u0dff"  # spaced scripts
    "\u0e80-\u1dff\u1f00-\u1fff]+"
    "|[\u30a1-\u30fa\u30fc]+"  # words of katakana
    "|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # unspaced ones, by character
)


_FOREIGN = re.compile(
    "[^\x00-\x7f\u2010-\u2027\u2030-\u205e\u00a0-\u00bf\u20a0-\u20bf\u2190-\u23ff\U0001f300-\U0001faff]"
)
"""Anything beyond ASCII but marks, spaces, arrows and pictures, none of which is part of a token."""


_WIDTHS = re.compile("[\uff01-\uff9f]+")
"""Full-width letters, digits and marks, and half-width katakana, which people type among Chinese and Japanese."""


def _of_usual_width(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found.group())


_WIDTHS_BEGIN = (b"\xef\xbc", b"\xef\xbd", b"\xef\xbe")
"""How what _WIDTHS finds begins in UTF-8, as little else does: looked for in a hundredth of the time."""


def plain(text: str) -> str:
    """Return an already clipped text as tokens and characters are read: composed, lower case, digits as zeros."""
    if text.isascii():
        return text.encode().translate(_ASCII_PLAIN).decode()
    octets = text.encode("utf-8", "surrogatepass")
    if any(map(octets.__contains__, _WIDTHS_BEGIN)):
        text = _WIDTHS.sub(_of_usual_width, text)
    lower = unicodedata.normalize("NFC", text).lower()
    return lower.encode("utf-8", "surrogatepass").translate(_ASCII_DIGITS).decode("utf-8", "surrogatepass")


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a plain text: words, and single characters where a script has no spaces."""
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    if _FOREIGN.search(text) is None:  # English with curly quotes and dashes, which is most of what is not ASCII
        return text.encode("ascii", "replace").translate(_ASCII_WORDS).decode().split()
    return _TOKEN.findall(text)


class Remembered(dict[str, T]):
    """What is computed of single tokens, such as bytes of 32-bit numbers; forgets all of it when there is too much.

    A bag is then one join of bytes: a quarter of the time of hashing every token anew. Tokens longer than LONGEST are
    not remembered.
    """

    __slots__ = ("_compute", "_most")

    def __init__(self, compute: Callable[[str], T], most: int = REMEMBERED) -> None:
        """Remember what `compute` returns for a token, of at most so many."""
        super().__init__()
        self._compute = compute
        self._most = most

    def __missing__(self, token: str) -> T:
        found = self._compute(token)
        if len(token) <= LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[token] = found
        return found


def _set(words: str) -> frozenset[str]:
    """Return the words of a text, which may be wrapped as it pleases."""
    return frozenset(words.split())


POINTERS = _set(
    "this that these those it them following below above attached attachment here he she they same previous earlier "
    "dies diese dieser dieses folgende folgenden unten oben angehängt anbei esto este esta estos siguiente adjunto "
    "aquí ceci cette ces suivant suivante ci joint ça questo questa seguente allegato isto isso seguinte anexo "
    "это этот эту этого следующий ниже выше прикреплён 这 此 下 上 これ この それ 이 هذا هذه التالي यह इस นี้"
)
HOLDERS = _set(
    "file document image picture photo screenshot attachment article text email letter message code script function "
    "table spreadsheet pdf log link paragraph essay draft report contract data dataset csv passage chart transcript "
    "datei dokument bild anhang artikel brief mail tabelle bericht vertrag archivo documento imagen correo tabla "
    "informe fichier image courriel tableau rapport contrat immagine tabella relazione arquivo tabela relatório "
    "файл документ письмо таблица отчёт договор текст код"
)
TRANSFORMS = _set(
    "summarize summarise translate rewrite fix debug improve edit proofread shorten correct review explain convert "
    "refactor optimize analyze check continue finish update extract classify paraphrase rephrase "
    "übersetze korrigiere verbessere kürze prüfe fasse traduce corrige resume mejora revisa traduis corrige résume "
    "améliore vérifie traduci correggi "
    " riassumi migliora traduza corrija resuma переведи исправь сократи проверь"
)
REASONING = _set(
    "prove proof derive rigorous rigorously theorem lemma show necessary sufficient asymptotic complexity optimal "
    "tradeoff tradeoffs why justify counterexample worst formally bound invariant deadlock race concurrency "
    "beweise beweis herleiten begründe demuestra demostrar prouver démontrer dimostra докажи доказать обоснуй"
)
CONSTRAINTS = _set(
    "must should exactly least most without only every each never always no not between within neither nor "
    "unless except both cannot"
)
QUESTIONS = _set(
    "what who when where which how why is are can does do did was were will would could should "
    "was wer wann wo welche wie warum qué quién cuándo dónde cómo quel quelle quand où comment pourquoi "
    "cosa chi quando dove come perché что кто когда где как почему"
)
TRIVIAL = _set(
    "yes no ok okay thanks thank hi hello hey sure great good nice cool bye please continue go next "
    "danke ja nein gracias sí merci oui grazie obrigado спасибо да 谢 好"
)
FAILURES = _set(
    "error errors failed fails failing failure exception traceback panic assert assertion assertionerror expected got "
    "undefined null segfault timeout denied refused cannot fatal warning"
)
SUCCESSES = _set("passed ok done applied success successfully written created saved updated clean exit")
CONNECTIVES = _set("and then also while but because if given when so that after before however plus")

LEXICONS = {
    "pointers": POINTERS,
    "holders": HOLDERS,
    "transforms": TRANSFORMS,
    "reasoning": REASONING,
    "constraints": CONSTRAINTS,
    "questions": QUESTIONS,
    "trivial": TRIVIAL,
    "connectives": CONNECTIVES,
}

KINDS = tuple(LEXICONS)
