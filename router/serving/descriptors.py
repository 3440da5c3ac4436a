"""How many files this process may have open: each connection is one, a client's as well as an upstream's."""

import resource
import sys

MOST_WANTED = 65_536
"""More than one process can serve; some systems have a limit so high that it is none."""

_KEPT = 64
"""For everything else: the ledger, the listener, the log, pipes."""

_LEAST = 8


def raise_limit() -> None:
    """Raise the soft limit as far as the hard one lets a process without rights do that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = MOST_WANTED if hard == resource.RLIM_INFINITY else min(hard, MOST_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))


def most_connections() -> int:
    """Return how many connections clients may have, so that each of them can have one to an upstream as well."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(_LEAST, (soft - _KEPT) // 2)
