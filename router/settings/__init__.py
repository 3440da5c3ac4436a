"""The operator's YAML: pydantic at this one edge, values of the core behind it."""
