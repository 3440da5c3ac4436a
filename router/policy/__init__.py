"""The decision: pure functions of values. No I/O, no clock, no randomness."""
