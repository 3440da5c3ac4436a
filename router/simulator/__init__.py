"""Simulated upstreams: an OpenAI-compatible server on loopback that needs no model and says so in every answer."""
