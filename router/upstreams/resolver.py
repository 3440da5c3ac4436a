"""Names to addresses in threads of our own, so that one provider's slow DNS holds up nobody else's work."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

_THREADS = 8


class NameResolver:
    """Resolve host names with the system's resolver. Each look-up that hangs costs one of eight threads, no more.

    The threads start with the first look-up. Callers keep one look-up a host in flight and cache the answers.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="tierwise-dns")

    async def addresses(self, host: str, port: int, family: int) -> tuple[tuple[int, str], ...]:
        """Return (family, address) pairs in the system's order; OSError if the name has none."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )
        return tuple((int(kind), str(address[0])) for kind, _, _, _, address in found)

    def close(self) -> None:
        """Let the threads go; a look-up that still hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
