"""Short word lists behind a few handcrafted numbers: closed classes only, each word as `tokens_of` writes it.

What a topic's words say about difficulty is learnt from data through the hashed words; these lists hold what is too
rare in the data to be learnt from it, above all words that point at something which may not be there.
"""


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
