"""The handcrafted numbers in words that a person understands: for each, what more and what less of it means."""

from collections.abc import Mapping

_SIZE = ("long text", "short text")
_BACK = ("much was said before", "little was said before")
_AFTER = ("much came back since the request", "nothing or little came back since the request")
_FORMULAS = ("formulas or markup", "no formulas or markup")
_CODE = ("code-like marks", "few code-like marks")
_LONG_WORDS = ("long words", "short words")
_POINTING = ("seems to point at something that is not there", "points at nothing that is not there")
_PHRASES: Mapping[str, tuple[str, str]] = {
    "log_ask_chars": _SIZE,
    "log_words": _SIZE,
    "log_words_squared": _SIZE,
    "word_length": _LONG_WORDS,
    "long_words": _LONG_WORDS,
    "distinct_words": ("hardly any word comes twice", "many words come again"),
    "lines": ("many lines", "few lines"),
    "sentence_words": ("long sentences", "short sentences"),
    "log_all_chars": ("much context around the request", "little context around the request"),
    "digits": ("many digits", "few digits"),
    "capitals": ("many capitals", "few capitals"),
    "fenced": ("a block of code is pasted", "no block of code is pasted"),
    "not_ascii": ("letters beyond plain English ones", "plain English letters only"),
    "wide": ("written in another script", "written in Latin script"),
    "short_pointer": _POINTING,
    "pointer_to_holder": ("seems to speak of a document that is not there", "speaks of no absent document"),
    "transform_of_nothing": (
        "seems to ask for a change of a text that is not there",
        "asks for no change of an absent text",
    ),
    "ends_open": ("ends as if something were to follow", "ends as a finished sentence"),
    "has_body": ("brings its material along", "brings no material along"),
    "starts_with_transform": (
        "starts with a verb such as fix or summarize",
        "starts otherwise than with fix or summarize",
    ),
    "placeholder": ("has a placeholder in brackets", "has no placeholder in brackets"),
    "log_turns": ("a long conversation", "a short conversation"),
    "log_user_turns": ("a long conversation", "a short conversation"),
    "log_tool_results": ("many results of tools", "no or few results of tools"),
    "log_tail_tools": ("tools have answered since the request", "no tool has answered since the request"),
    "has_system": ("has instructions of the application", "has no instructions of the application"),
    "has_before": _BACK,
    "ends_with_tool": ("the last message is a tool's result", "the last message is no tool's result"),
    "log_after_words": _AFTER,
    "log_before_words": _BACK,
    "failures_after": ("something failed since the request", "nothing failed since the request"),
    "successes_after": ("something succeeded since the request", "no success was told since the request"),
    "failures_before": ("errors were told earlier", "no errors were told earlier"),
    "short_after_long": ("a short reply to a long conversation", "not just a short reply"),
    "tools": ("offers tools", "offers no tools"),
    "images": ("has pictures", "has no pictures"),
    "json_output": ("asks for JSON output", "asks for no JSON output"),
    "empty": ("says nothing", "says something"),
    "before_digits": ("figures were told before", "no or few figures were told before"),
    "before_marks": ("code or a list was there before", "no code or list was there before"),
    "before_asks": ("answers a question", "answers no question"),
    "told_parameters": ("the instructions name required parameters", "the instructions name no required parameters"),
    "told_brackets": ("the instructions have brackets", "the instructions have no brackets"),
    "told_ask_words": ("much to work on beside instructions", "little or nothing beside instructions"),
}

_KINDS: Mapping[str, tuple[str, str]] = {
    "pointers": ("words that point at something (this, above, attached)", "no or few words that point at something"),
    "holders": ("names a kind of document (file, table, code)", "names no kind of document"),
    "transforms": ("asks to change or check a text (fix, translate)", "does not ask to change or check a text"),
    "reasoning": ("asks for proof or reasons (prove, derive, why)", "asks for no proof or reasons"),
    "constraints": ("sets conditions (must, exactly, unless)", "sets few conditions"),
    "questions": ("question words (what, how, why)", "few question words"),
    "trivial": ("small talk (hi, thanks, ok)", "no small talk"),
    "connectives": ("joins several things (and, then, because)", "joins few things"),
    "idle_words": ("words of everyday requests", "no or few words of everyday requests"),
    "simple_words": ("words of simple requests", "no or few words of simple requests"),
    "usual_words": ("words of ordinary work", "no or few words of ordinary work"),
    "medium_words": ("words of work that takes several steps", "no or few words of work that takes several steps"),
    "demanding_words": ("words of demanding work", "no or few words of demanding work"),
    "expert_words": ("words of expert work", "no words of expert work"),
    "complete_words": ("words of requests that stand by themselves", "few words of requests that stand by themselves"),
    "rather_complete_words": ("words of requests that lack little", "few words of requests that lack little"),
    "rather_lacking_words": (
        "words of requests that may lack something",
        "few words of requests that may lack something",
    ),
    "lacking_words": (
        "words of requests that at times lack something",
        "no words of requests that at times lack something",
    ),
    "often_lacking_words": (
        "words of requests that often lack something",
        "no words of requests that often lack something",
    ),
    "mostly_lacking_words": ("words that point at what is not there", "no words that point at what is not there"),
    "fact_words": ("words of requests for a fact", "no or few words of requests for a fact"),
    "sentence_words": ("words of requests for a sentence", "no or few words of requests for a sentence"),
    "paragraph_words": ("words of requests for a paragraph", "no or few words of requests for a paragraph"),
    "page_words": (
        "words of requests for a page or a function",
        "no or few words of requests for a page or a function",
    ),
    "pages_words": ("words of requests for several pages", "no or few words of requests for several pages"),
    "project_words": ("words of whole programs, reports and plans", "no words of whole programs, reports and plans"),
}

_TOPICS: Mapping[str, str] = {
    "code": "programming",
    "maths": "mathematics and science",
    "figures": "data and statistics",
    "plans": "design and plans",
    "digests": "summaries and sorting",
    "texts": "writing and translating",
    "life": "general knowledge and errands",
}
_PARTS: Mapping[str, str] = {
    "topic": "the request",
    "task": "its beginning",
    "setting": "instructions and earlier turns",
}

_MARKS: Mapping[str, tuple[str, str]] = {
    "?": ("question marks", "no or few question marks"),
    "!": ("exclamation marks", "no or few exclamation marks"),
    ",": ("many commas", "few commas"),
    "$": _FORMULAS,
    "\\": _FORMULAS,
    "^": _FORMULAS,
    '"': ("quotes something", "quotes nothing"),
    "'": ("apostrophes", "few apostrophes"),
    "-": ("hyphens or lists", "few hyphens or lists"),
    "%": ("percent signs", "no percent signs"),
    ".": ("many full stops", "few full stops"),
}
"""Marks that are not listed are those of code."""


def phrase(name: str, *, more: bool) -> str:
    """Return what a number called `name` says of a prompt that has more of it than usual, or less.

    A name that is not known is told as it is, so that nothing is ever left unsaid.
    """
    place = 0 if more else 1
    if name in _PHRASES:
        return _PHRASES[name][place]
    group, _, rest = name.partition("_")
    if group in ("any", "share") and rest in _KINDS:
        return _KINDS[rest][place]
    if group in _PARTS and rest in _TOPICS:
        return f"{'words' if more else 'few or no words'} of {_TOPICS[rest]} in {_PARTS[group]}"
    if group == "mark" and rest.isdigit():
        return _MARKS.get(chr(int(rest)), _CODE)[place]
    return f"{'more' if more else 'less'} {name.replace('_', ' ')} than usual"
