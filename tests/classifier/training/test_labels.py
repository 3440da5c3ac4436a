from dataclasses import replace

import pytest

from classifier.tier import Tier
from classifier.training.labels import OWN, flagged, is_own, own, public, session, worth_of, written

ROW = {
    "id": "wc-0001",
    "messages": [{"role": "user", "content": "hi"}],
    "tier": "medium",
    "ambiguity": "high",
    "domain": "coding",
    "language": "en",
}


def test_a_written_row():
    """Tier, ambiguity and domain come from the row; ambiguity high means that something is missing."""
    example = written(ROW)
    assert (example.tier, example.ambiguity, example.missing, example.domain) == (Tier.MEDIUM, 2, True, "coding")
    assert (example.source, example.group, example.public) == ("written", "wc-0001", False)


def test_what_comes_with_a_request_is_read():
    """Pictures, functions that are offered and a demanded format stand in the prompt; without them there are none."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "what is this"}, picture]}]
    (example,) = own({**ROW, "messages": messages, "tools": 3, "json_output": True}, "x")
    prompt = example.prompt
    assert (prompt.turns[0].text, prompt.images, prompt.tools, prompt.json_output) == ("what is this", 1, 3, True)
    plain = written(ROW).prompt
    assert (plain.images, plain.tools, plain.json_output) == (0, 0, False)


@pytest.mark.parametrize(("identity", "source"), [("np-1-h", "pairs"), ("tr-2-e", "triplets"), ("ap-3", "apps")])
def test_kinds_of_written_rows_are_sources(identity: str, source: str):
    """Pairs, triplets and application requests count as sources of their own."""
    assert written({**ROW, "id": identity, "group": "g"}).source == source


def test_applications_with_one_system_prompt_are_a_family():
    """Requests under the same system prompt stay together."""
    messages = [{"role": "system", "content": "You sort mail."}, {"role": "user", "content": "sort"}]
    one, other = (written({**ROW, "id": f"ap-{place}", "messages": messages}) for place in (1, 2))
    assert one.group == other.group


@pytest.mark.parametrize(
    ("source", "first", "second"),
    [
        ("mip", "mip:gsm8k-1-ok", "mip:gsm8k-1-mip"),
        ("exercism", "exercism:java/affine-cipher", "exercism:rust/affine-cipher"),
        ("bfcl_multi", "bfcl_multi:x_104-0", "bfcl_multi:x_104-1"),
    ],
)
def test_variants_of_one_item_are_a_family(source: str, first: str, second: str):
    """A question with and without its premise, an exercise in two languages: one side of every split."""
    one, other = (public({**ROW, "id": identity, "source": source}) for identity in (first, second))
    assert one.group == other.group


def test_seed_tasks_and_their_derived_rows_are_a_family():
    """A task that two sets hold has one family name."""
    task = public({**ROW, "id": "self_instruct_seed:seed_task_7", "source": "self_instruct_seed"})
    derived = flagged({"id": "synth_needs_info:si-ok-seed_task_7", "source": "synth_needs_info", "prompt": "x"})
    assert task.group == derived.group


def test_each_call_of_a_session_is_an_example_of_what_it_saw():
    """A call sees the messages before it and no more; the calls of a session are a family."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "tool", "content": "c"}]
    call = {"tier": "easy", "ambiguity": "low", "domain": "coding"}
    row = {"id": "se-1", "language": "en", "messages": turns, "calls": [{**call, "upto": 1}, {**call, "upto": 3}]}
    first, second = session(row)
    assert [len(example.prompt.turns) for example in (first, second)] == [1, 3]
    assert first.group == second.group == "se-1"
    assert first.id != second.id


def test_own_rows_have_a_source_and_families_of_their_own():
    """A row of the project's own file is named for the file; its group cannot meet one of another set."""
    (example,) = own({**ROW, "group": "g"}, "coding")
    assert (example.source, example.group, example.public) == ("own_coding", "own_g", False)
    assert is_own(example)
    assert not is_own(written(ROW))


def test_own_sessions_are_read_call_by_call():
    """An own file may hold sessions: each labelled call is an example, all under the file's name."""
    call = {"tier": "easy", "ambiguity": "low", "domain": "coding", "upto": 1}
    found = list(own({"id": "ms-1", "language": "en", "messages": ROW["messages"], "calls": [call, call]}, "sessions"))
    assert [example.source for example in found] == ["own_sessions"] * 2


def test_a_flagged_row_has_no_tier():
    """A row that only says whether something is missing trains nothing else."""
    example = flagged({"id": "umwp:1", "source": "umwp", "prompt": "x", "needs_info": 1})
    assert example.missing
    assert (example.tier, example.ambiguity, example.domain) == (None, None, None)


def test_a_prompt_without_a_language_is_named_by_its_script():
    """Public rows carry no language: the script says what it can."""
    messages = [{"role": "user", "content": "请帮忙估算下面电器每日的耗电量"}]
    assert public({**ROW, "source": "arena_hard", "language": None, "messages": messages}).language == "zh"
    assert public({**ROW, "source": "arena_hard", "language": None}).language == "en"


def test_own_rows_count_less_and_more_where_others_have_none():
    """A row of others counts whole, an own one a tenth in English and half in any other language."""
    theirs = written(ROW)
    ours = replace(theirs, source=f"{OWN}math")
    assert worth_of(theirs) == 1.0
    assert worth_of(replace(ours, language="en")) == 0.1
    assert worth_of(replace(ours, language="vi")) == 0.5
