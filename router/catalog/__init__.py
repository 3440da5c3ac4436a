"""What exists and what it costs: pure values, filled from the operator's YAML and the shipped catalogue."""
