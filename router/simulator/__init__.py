"""Simulated upstreams, so that the proxy works at once where no key is configured."""
