"""tierwise, an OpenAI-compatible proxy: each prompt goes to the cheapest configured upstream that meets its tier.

A pure decision in the middle, formats around it, one shell that performs it, one door to the network. Read in this
order: `request` and `catalog` (the values), `policy.decide` (the decision), `wire` (the formats), `forward` (one
request, top to bottom), `upstreams.transport` (the only file that opens a socket to an upstream), `api` (what clients
see), `app` (where the concrete things are put together), `cli` (the commands). docs/architecture.md draws it.
"""

__version__ = "0.1.0"
