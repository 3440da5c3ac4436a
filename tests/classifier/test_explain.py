"""Why a prompt was assessed as it was."""

import gzip
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.assess import DEFAULT_FOLDER, load_default
from classifier.explain import Account, Kind, Move, document, load_explainer
from classifier.numbers import NUMBERS
from classifier.phrases import phrase
from classifier.prompt import Prompt
from classifier.weights import HEADS

CLASSIFIER = load_default()
EXPLAINER = load_explainer(DEFAULT_FOLDER)
LIMIT = 29.0
"""Logits beyond this are cut by the classifier itself."""

TEXTS = (
    "fix this",
    "Prove that the square root of 2 plus the square root of 3 is irrational.",
    "证明 √2 是无理数, и объясни, почему; مرحبا नमस्ते สวัสดี",
    "Write a Python function that merges overlapping intervals, with tests. " * 40,
    "```py\nx = [1, 2]\n```\n\x1b[31mred\x1b[0m İstanbul ﬁ é e\u0301 \ud800",
    "",
    "a",
)


def said(text: str) -> Prompt:
    return Prompt.of((("user", text),))


def talk(text: str) -> Prompt:
    """Return a conversation around a text."""
    turns = (("system", "Be brief, " + text), ("user", text), ("assistant", "I shall"), ("user", "go on"))
    return Prompt.of((*turns, ("tool", f"error: 1 failed\n{text}")), tools=3, images=1, json_output=True)


def logits(prompt: Prompt) -> dict[str, float]:
    """Return the logits that an assessment shows: at least medium and missing, and hard where it is not cut off."""
    found = CLASSIFIER.assess(prompt, CLASSIFIER.presets["balanced"])
    easy, medium, hard = found.probabilities
    shown = {"medium": 1.0 - easy, "missing": found.missing} | ({"hard": hard} if medium > 1e-9 else {})
    return {head: math.log(share / (1.0 - share)) for head, share in shown.items() if 0.0 < share < 1.0}


def assert_exact(prompt: Prompt) -> None:
    """Check that bias and moves sum to the logit, and that the logit is the classifier's."""
    accounts = EXPLAINER.explain(prompt).accounts
    assert tuple(accounts) == HEADS
    for account in accounts.values():
        assert math.fsum([account.bias, *(move.logit for move in account.moves)]) == pytest.approx(account.logit)
        assert math.fsum(move.share for move in account.moves) == pytest.approx(1.0)
    for head, logit in logits(prompt).items():
        if abs(logit) < LIMIT:
            assert accounts[head].logit == pytest.approx(logit, abs=1e-3), head


@pytest.mark.parametrize("prompt", [*map(said, TEXTS), *map(talk, TEXTS), Prompt.of(())], ids=range(2 * len(TEXTS) + 1))
def test_moves_and_bias_sum_to_the_classifiers_logit(prompt):
    """Within a thousandth, for texts of any script, broken ones and conversations too."""
    assert_exact(prompt)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_the_sum_holds_for_any_text(text):
    """Whatever somebody writes is taken apart without a rest."""
    assert_exact(said(text))


def test_the_sum_holds_for_real_prompts(data_dir):
    """For two hundred of the annotated public ones."""
    with gzip.open(data_dir / "annotated" / "public.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(200), strict=False)]
    assert len(rows) == 200
    for row in rows:
        assert_exact(Prompt.from_messages(row["messages"]))


def moves(prompt: Prompt, head: str) -> dict[tuple[Kind, str], float]:
    return {(move.kind, move.what): move.logit for move in EXPLAINER.explain(prompt).accounts[head].moves}


def test_words_that_ask_for_a_proof_raise_and_are_named():
    """Among the strongest for hard stand the word itself and the trait in plain words."""
    account = EXPLAINER.explain(said(TEXTS[1])).accounts["hard"]
    strongest = {(move.kind, move.what) for move in account.up(6)}
    assert (Kind.WORD, "prove") in strongest
    assert (Kind.TRAIT, "asks for proof or reasons (prove, derive, why)") in strongest


def test_what_points_at_nothing_is_named():
    """Among the strongest for missing information are that something is pointed at and that it is not there."""
    named = {move.what for move in EXPLAINER.explain(said("fix this")).accounts["missing"].up(6)}
    absent = ("seems to ask for a change of a text that is not there", "seems to point at something that is not there")
    assert "words that point at something (this, above, attached)" in named
    assert named & {*absent, "brings no material along"}


def test_words_are_shown_as_written_and_pairs_in_their_order():
    """Digits are not shown as the zeros that the model reads, nor letters without their marks."""
    found = moves(said("Naïve sorting takes 437 steps"), "medium")
    words = {what for kind, what in found if kind is Kind.WORD}
    assert words == {"naïve", "sorting", "takes", "437", "steps"}
    assert {what for kind, what in found if kind is Kind.PAIR} <= {
        "naïve sorting",
        "sorting takes",
        "takes 437",
        "437 steps",
    }


def test_words_around_the_request_are_told_apart():
    """What was said earlier is not shown as a word of the request."""
    found = moves(Prompt.of((("system", "You know theorems"), ("user", "prove it"))), "hard")
    earlier = {what for kind, what in found if kind is Kind.EARLIER}
    assert earlier <= {"you", "know", "theorems"}
    assert earlier
    assert not {what for kind, what in found if kind is Kind.WORD} & {"know", "theorems"}


def test_little_is_left_without_a_name():
    """Of what moves a score of a plain sentence, marks and spaces between words make the smallest part."""
    for text in TEXTS[:2]:
        for account in EXPLAINER.explain(said(text)).accounts.values():
            assert sum(move.share for move in account.moves if move.kind is Kind.REST) < 0.1


def test_the_strongest_come_first_each_way():
    """At most so many are returned, sorted by strength, signs apart."""
    account = EXPLAINER.explain(said(TEXTS[1])).accounts["hard"]
    for way, sign in ((account.up(3), 1), (account.down(3), -1)):
        strengths = [move.logit * sign for move in way]
        assert len(way) == 3
        assert strengths == sorted(strengths, reverse=True)
        assert min(strengths) > 0
    assert account.up(0) == ()


def test_the_document_has_so_many_moves_each_way():
    """It is JSON, with every head."""
    found = json.loads(json.dumps(document(EXPLAINER.explain(said(TEXTS[1])), 2)))
    assert tuple(found) == HEADS
    assert {len(account[way]) for account in found.values() for way in ("up", "down")} == {2}
    assert found["hard"]["up"][0]["logit"] > 0


def test_an_explanation_shows_no_prompt_by_accident():
    """What is logged or printed as a value does not hold the prompt's words."""
    shown = repr(EXPLAINER.explain(said("zanzibar")))
    assert "zanzibar" not in shown
    assert "zanzibar" not in repr(
        Account(logit=1, bias=0, moves=(Move(kind=Kind.WORD, what="zanzibar", logit=1, share=1),))
    )


@pytest.mark.parametrize("text", ["fix it", "summarize the attached report", "Prove that there are many primes.", "hi"])
def test_nothing_is_said_of_a_prompt_and_its_contrary(text: str):
    """Numbers that speak of the same thing are told as one, on the side of those that weigh more."""
    told = {move.what for move in EXPLAINER.explain(Prompt.of([("user", text)])).accounts["missing"].moves}
    pairs = {(phrase(name, more=True), phrase(name, more=False)) for name in NUMBERS}
    assert not {pair for pair in pairs if set(pair) <= told}
