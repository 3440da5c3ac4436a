"""What stands in a turn and asks for nothing: pleas, strings of words that are no sentence, a bare yes; pure, bounded.

None of it is read. All of these are rules of form: they ask how words stand together, never which hard words they are.
"""

import re

_PLEA = re.compile(
    r"\b(?:classify|treat|label|mark|rate|route|consider|categori[sz]e|handle|score)\s+(?:this|it|that|me|my|the)\b"
    r"(?:\s+\w+){0,3}?\s+as\s+(?:an?\s+|very\s+|being\s+){0,2}"
    r"(?:simple|easy|trivial|basic|low|hard|difficult|complex|expert|advanced|high)\b(?!\s+(?:or|and|vs)\b)",
    re.IGNORECASE,
)
"""Words that tell the reader how hard the prompt is: their sentence says nothing of the prompt, so it is not read."""
_STOPS = re.compile(r"[.!?\n]")
_EDGE = 300

_LEAST, _EDGE_WORDS = 8, 80
"""Of how many a string of words are no part of a sentence, and how many are looked at."""
_PARAGRAPH, _SHARE = 12, 8
"""The same of a whole paragraph: as many words, fewer than one in so many of them a word of grammar."""


def _split(words: str, mark: str | None = None) -> frozenset[str]:
    """Return the words of a text that a mark divides, or spaces."""
    return frozenset(words.split(mark))


_GRAMMAR = _split(
    "a about after all also am an and any are as at be because been before but by can could did do does down each "
    "for from get had has have he her here him his how i if in into is it its just like make me more most my no "
    "not of off on one only or other our out over please same she should so some such than that the their them "
    "then there these they this those to too under up use using was we were what when where which while who why "
    "will with without would you your give show write explain list compare tell "
    "der die das den dem des ein eine einen einem einer und oder nicht ist sind war wie was wer wo warum ich du er "
    "sie es wir ihr mir mich mit von zu zum zur im auf aus bei nach wenn dass kann soll bitte auch "
    "le la les un une des du de et ou ne pas est sont que qui quoi comment pourquoi je tu il elle nous vous dans "
    "pour avec sur sans par ce cette mon ma mes plus si au aux en se "
    "el los las una unos y o no es son que quien como por para con sin mi tu su yo lo al del se si en cual "
    "i gli uno una e ed non sono che chi cosa come perché per con senza mio tua suo di da della del nel alla "
    "os as um uma e ou não são quem como porque para com sem meu minha seu do da no na ao "
    "het een en niet zijn wat wie hoe waarom ik jij hij wij met van naar voor op aan om te dit dat deze"
)
"""Words that hold sentences together, and verbs that open them, in seven languages of the Latin script."""

_ASSENTS = _split(
    "yes|yes please|yep|yeah|yup|go ahead|yes go ahead|continue|please continue|go on|do it|do that|yes do it|"
    "proceed|please proceed|yes proceed|please do|keep going|carry on|sounds good|sounds good go ahead|approved|"
    "ja|ja bitte|mach weiter|weiter|mach das|mach es|leg los|gerne|ja gerne|"
    "oui|oui vas y|vas y|continue s il te plaît|continuez|d accord|"
    "sí|si|sí por favor|adelante|continúa|sigue|hazlo|"
    "sì|vai avanti|continua|procedi|sim|sim por favor|continue por favor|prossiga|pode continuar|"
    "ga door|doe maar|ja graag|tak|kontynuuj|dalej|evet|devam|devam et|"
    "да|давай|продолжай|"
    "是|是的|好的|继续|请继续|可以|"
    "はい|続けて|お願いします|네|응|계속|계속해|계속해 줘|"
    "نعم|استمر|تابع|हाँ|हां|जारी रखो",
    "|",
)
"""What says yes to what was said before and nothing else, as `is_assent` spells it."""
_CONSENT = re.compile(
    r"(?:(?:yes|yeah|yep|yup|ok|okay|sure|great|good|perfect|fine|alright|all right|right|lgtm|cool|nice|thanks|"
    r"sounds good|looks good|that works|works for me|makes sense|good idea|perfect thanks|now|then|and|so|please) )*"
    r"(?:go ahead|go on|go for it|continue|proceed|carry on|keep going|"
    r"do (?:it|that|so|this)|let s (?:do (?:it|that|this)|go)|make it so|ship it|please do|"
    r"lgtm|sounds good|looks good|that works|works for me)"
    r"(?: (?:please|then|now|with (?:it|that|this)|thanks|thank you))*"
)
"""The same in English, in other words: consent, if anything before that what one says to it, and what is asked for."""

_OKAYS = _split(
    "ok|okay|k|kk|okey|y|sure|of course|go|right|alright|fine|great|good|perfect|cool|nice|agreed|absolutely|"
    "sure thing|yes to all|all of them|both|i agree|👍|👌|✅|1|"
    "klar|genau|passt|einverstanden|vale|claro|de acuerdo|perfecto|bien|parfait|bien sûr|va bene|certo|perfetto|vai|"
    "claro que sim|beleza|prima|akkoord|jasne|dobrze|tamam|olur|хорошо|ок|конечно|согласен|"
    "好|行|没问题|当然|いいよ|いいです|はい お願いします|좋아|좋아요|그래|حسنا|ठीक है",
    "|",
)
"""What says yes to a question; said to anything else it may be no more than a nod."""

_LONGEST = 50
_AFTER_A_QUESTION = " \n\t*_)\"'"
_QUESTION_MARKS = ("?", "？", "؟")
_BETWEEN = re.compile(r"[\s.,;:!'’\-。，、！،]+")

_THANKS = (
    r"(?:thank you|thanks|thx|cheers|(?:best |kind |warm |many )?(?:regards|wishes|thanks)|sincerely|"
    r"(?:vielen |besten )?dank|danke|(?:viele |liebe |beste |schöne )?grüße|(?:un grand )?merci|"
    r"cordialement|(?:muchas |mil )?gracias|saludos|"
    r"grazie|cordiali saluti|(?:muito )?obrigad[oa]|abraços|(?:heel erg )?bedankt|dank je|dziękuję|dzięki|děkuji|"
    r"teşekkürler|(?:большое |заранее )?спасибо|дякую|谢谢|多谢|ありがとうございます|ありがとう|감사합니다|고마워요?|"
    r"cảm ơn|terima kasih|شكرا|धन्यवाद)"
)
_STEMS = _split(
    "thank thx cheers regards wishes sincerely dank grüße merci cordial gracias saludos grazie obrigad abraços dzięk "
    "děku teşekk спасибо дякую 谢 ありがと 감사 고마 cảm terima شكرا धन्य"
)
"""What is in all of these. Looking for it first takes 1 us."""
_CLOSING = re.compile(
    rf"(?:\n\s*|(?<=[.?!。？！])\s*){_THANKS}"
    r"(?: (?:a lot|so much|very much|in advance|again|you|schön|sehr|im voraus|vorab|d'avance|beaucoup|"
    r"mille|de antemano|por adelantado|desde já|in anticipo|alvast|på förhand|большое|заранее))*[\s.,!:)♥🙏😊-]*"
    r"(?:\n\s*[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,2}[.!]?)?\s*$",
    re.IGNORECASE,
)
"""Thanks or regards at the end, in a sentence or line of their own, with or without a name under them."""
_GREETING = re.compile(
    r"\s*(?:hi|hello|hey|good (?:morning|afternoon|evening)|hallo|guten (?:morgen|tag|abend)|bonjour|bonsoir|salut|"
    r"hola|buenos días|buenas tardes|ciao|buongiorno|olá|bom dia|boa tarde|hej|cześć|merhaba|привет|здравствуйте|"
    r"добрый день|你好|こんにちは|안녕하세요)"
    r"(?: (?:there|all|everyone|team|zusammen|à tous))?[\s,.!:)👋😊-]*\n\s*(?=\S)",
    re.IGNORECASE,
)
"""A greeting in a line of its own before anything else."""
_LAST = 90
"""In how many of the last characters thanks are looked for."""


def is_assent(text: str, before: str = "") -> bool:
    """Return whether a text says yes to what was said before and nothing else; `before` is the turn that it follows."""
    if len(text) > _LONGEST:
        return False
    words = _BETWEEN.sub(" ", text).strip().lower()
    if words in _ASSENTS or _CONSENT.fullmatch(words) is not None:
        return True
    return words in _OKAYS and before.rstrip(_AFTER_A_QUESTION).endswith(_QUESTION_MARKS)


def without_noise(text: str) -> str:
    """Return `text` without pleas about its difficulty and without strings of words that are no sentence.

    All of it where nothing else would be left.
    """
    return _without_string(_without_paragraph(_without_plea(_without_courtesy(text))))


def _without_courtesy(text: str) -> str:
    """Return `text` without a greeting in a line of its own and without thanks at its end: they ask for nothing.

    "Thanks!" under a request moved 15 of 102 prompts to another tier, most of them down.
    """
    greeting = _GREETING.match(text)
    if greeting is not None:
        text = text[greeting.end() :]
    end = text[-_LAST:]
    if not any(map(end.lower().__contains__, _STEMS)):
        return text
    closing = _CLOSING.search(end)
    kept = text[: closing.start() - len(end)].rstrip() if closing is not None else text
    return kept or text


def _without_string(text: str) -> str:
    """Return `text` without the words at its end that stand in a row with no grammar and no mark between them.

    Where they follow a word of grammar, the first two of them may belong to its sentence and stay.
    """
    if not text[-1:].isalpha():
        return text
    words = text.rsplit(" ", _LEAST)
    if len(words) <= _LEAST or not all(map(_is_bare, words[1:])):
        return text
    words = text.rsplit(" ", _EDGE_WORDS)
    start = len(words) - _LEAST
    while start > 0 and _is_bare(words[start - 1]):
        start -= 1
    if start == 0:
        return text
    if words[start - 1].lower() in _GRAMMAR:
        start += 2
    cut = len(" ".join(words[start:]))
    return text[:-cut].rstrip() if len(words) - start >= _LEAST - 2 else text


def _is_bare(word: str) -> bool:
    """Return whether a word is letters and digits of ASCII alone and no word of grammar."""
    return word.isascii() and word.isalnum() and word.lower() not in _GRAMMAR


def _without_paragraph(text: str) -> str:
    """Return `text` without a first paragraph that is words in a row, hardly any of them of grammar."""
    if "\n\n" not in text:
        return text
    first, _, rest = text.partition("\n\n")
    if not first[-1:].isalpha() or not rest.strip():
        return text
    words = first[: _EDGE_WORDS * 20].split(" ")
    if len(words) < _PARAGRAPH or not all(word.isascii() and word.isalnum() for word in words[:-1]):
        return text
    grammar = sum(word.lower() in _GRAMMAR for word in words)
    return rest.strip() if grammar * _SHARE < len(words) else text


def _without_plea(text: str) -> str:
    """Return `text` without sentences at its edges that say how hard it is; all of it where nothing else is left."""
    if " as " not in text:
        return text
    if len(text) <= 2 * _EDGE:
        return _without_sentence(text).strip() or text
    return (_without_sentence(text[:_EDGE]) + text[_EDGE:-_EDGE] + _without_sentence(text[-_EDGE:])).strip()


def _without_sentence(text: str) -> str:
    """Return `text` without the first sentence that holds a plea."""
    plea = _PLEA.search(text)
    if plea is None:
        return text
    start = max(text.rfind(stop, 0, plea.start()) for stop in ".!?\n") + 1
    stop = _STOPS.search(text, plea.end())
    return text[:start] + (text[stop.end() :] if stop else "")
