from classifier.assess import load_default
from classifier.evaluation.latency import LENGTHS, latencies


def test_each_length_is_measured():
    """Every length has a median that its 99th percentile does not undercut."""
    found = latencies(load_default(), repeats=10)
    assert [one.tokens for one in found] == list(LENGTHS)
    assert all(0 < one.p50_ms <= one.p99_ms for one in found)
