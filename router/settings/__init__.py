"""The operator's YAML: pydantic at this one edge, values of the core behind it.

Read in this order: `document` (bytes to data, with line numbers), `problems` (what is wrong, gathered), `scalars` and
`schema` (the shape), `catalogue` (the shipped facts), `facts` (an upstream as configured, completed by them), `checks`
(what only the whole file shows), `load` (all of that in a row), `references` (names of keys to keys), `assemble`
(settings to Catalog, Rules and Limits, the only things that travel further).
"""
