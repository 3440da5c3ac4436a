"""The clients that are too large for every run of the tests: aider and Morph's SDK. `make clients` runs them."""

COMMITS = ["Greet Paris", "Begin"]


def test_aider_edits_and_commits(ran_by_aider):
    """Aider's edit, streamed through the proxy, is in the file, and committed under the message it asked for."""
    assert ran_by_aider.results["an_edit_is_committed"] == ['print("hello, Paris")\n', COMMITS, ""]


def test_morphs_sdk_classifies(ran_by_morph):
    """Morph's own client reads the proxy's answers by its own names, and gets its own error for a wrong key."""
    seen = ran_by_morph.results

    assert seen["classified"]["difficulty"]["label"] in {"easy", "medium", "hard", "needs_info"}
    assert 0 < seen["classified"]["difficulty"]["confidence"] <= 1
    assert {"difficulty", "ambiguity"} <= set(seen["classified"])
    assert set(seen["classified_by_one_class"]) == {"difficulty"}
    assert seen["raw"]["difficulty"] in {"easy", "medium", "hard", "needs_info"}
    assert seen["a_wrong_key"].startswith("Error: Router API error (401)")
