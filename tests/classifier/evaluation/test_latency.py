from classifier.assess import DEFAULT_FOLDER, load_default
from classifier.evaluation.latency import LENGTHS, TEXTS, footprint, latencies, latencies_apart, long_text


def test_each_length_is_measured():
    """Every length has a median that its 99th percentile does not undercut."""
    found = latencies(load_default(), repeats=10)
    assert [one.tokens for one in found] == list(LENGTHS)
    assert all(0 < one.p50_ms <= one.p99_ms for one in found)


def test_a_process_of_its_own_measures_the_same():
    """What a fresh process finds is read back whole, whatever characters the texts hold."""
    found = latencies_apart(DEFAULT_FOLDER, texts=("été 証明\n", "\ud800"), repeats=2)
    assert [one.tokens for one in found] == list(LENGTHS)
    assert all(0 < one.p50_ms <= one.p99_ms for one in found)


def test_long_texts_begin_elsewhere():
    """A text has the wished size, begins with the wished piece and goes on with the others."""
    found = long_text(("one", "two"), 1, 12)
    assert found == "two\none\ntwo\n"
    assert len(long_text(TEXTS, 0, 100_000)) == 100_000


def test_a_fresh_process_pays_for_the_import():
    """Importing takes time and memory, and less than a minute and a gigabyte."""
    found = footprint(DEFAULT_FOLDER, repeats=1)
    assert 0 < found.seconds < 60
    assert found.megabytes is None or 0 < found.megabytes < 1000
