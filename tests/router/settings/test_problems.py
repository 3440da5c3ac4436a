import pytest

from router.errors import SettingsInvalid
from router.settings.problems import Problems, dotted, meant, nearest


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("opnai", ("openai", "mistral"), "openai"),
        ("Mistral", ("mistral",), "mistral"),
        ("upsteams", ("upstreams", "routes"), "upstreams"),
        ("zzz", ("openai", "mistral"), None),
        ("x", (), None),
    ],
)
def test_nearest(word, choices, expected):
    """The nearest choice is named, case aside, and none where none is near."""
    assert nearest(word, choices) == expected
    assert meant(word, choices) == (f" Did you mean '{expected}'?" if expected else "")


def test_dotted_paths():
    """A path reads as the operator would write it."""
    assert dotted(("routes", "auto", "promises", 1)) == "routes.auto.promises[1]"
    assert dotted(()) == ""


def test_the_line_is_that_of_the_nearest_thing_above():
    """A problem at something that is not in the file points at what holds it."""
    problems = Problems(origin="x.yaml", lines={("a",): 3, ("a", "b"): 4})
    problems.add(("a", "b"), "Bad.")
    problems.add(("a", "missing"), "Missing.")
    problems.add((), "Whole.")
    assert problems.found == ["Bad. (x.yaml:4, a.b)", "Missing. (x.yaml:3, a.missing)", "Whole. (x.yaml)"]


def test_all_are_raised_once():
    """Everything found is in one error, in order, without doubles; nothing found raises nothing."""
    problems = Problems(origin="x.yaml")
    problems.raise_if_any()
    for message in ("One.", "Two.", "One."):
        problems.add((), message)
    with pytest.raises(SettingsInvalid) as raised:
        problems.raise_if_any()
    assert raised.value.problems == ("One. (x.yaml)", "Two. (x.yaml)")
