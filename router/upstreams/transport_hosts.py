"""The pool under the native transport: connections to each address, how many there may be, how long they idle."""

import asyncio
from collections import deque

from router.upstreams.transport_dial import Address, Dialler
from router.upstreams.transport_link import Link


class Host:
    """The connections to one address: those that are idle, the most recently used last, and how many are in use."""

    __slots__ = ("address", "idle", "in_use", "waiting")

    def __init__(self, address: Address) -> None:
        """Begin without any."""
        self.address = address
        self.idle: deque[Link] = deque()
        self.in_use = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Hosts:
    """All connections. Whoever got one from `idle` or `opened` gives it to `release`, whatever happened to it.

    The most recently used connection is taken first, so that those which a burst has left over grow old and go.
    """

    def __init__(self, dialler: Dialler, *, per_host: int | None, keepalive: float, body_limit: int) -> None:
        """Open with `dialler` at most `per_host` connections to one address (None: no limit).

        `keepalive`: how many seconds a connection may idle; `body_limit`: the most bytes of one answer's body.
        """
        self._dialler = dialler
        self._per_host = per_host
        self._keepalive = keepalive
        self._body_limit = body_limit
        self._hosts: dict[Address, Host] = {}
        self._links: set[Link] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def in_use(self) -> int:
        """How many connections are in use, or being opened."""
        return sum(host.in_use for host in self._hosts.values())

    def at(self, address: Address) -> Host:
        """Return the connections to an address."""
        host = self._hosts.get(address)
        if host is None:
            host = self._hosts[address] = Host(address)
        return host

    def idle(self, host: Host) -> Link | None:
        """Take an idle connection that is still good, None if there is none."""
        while host.idle:
            link = host.idle.pop()
            if link.since + self._keepalive > link.now() and link.reusable():
                host.in_use += 1
                return link
            self._forget(link)
        return None

    def full(self, host: Host) -> bool:
        """Whether as many connections to `host` are in use as may be."""
        return self._per_host is not None and host.in_use >= self._per_host

    async def opened(self, host: Host) -> Link:
        """Open a connection, after waiting for a place where there is a limit; OSError if there is none to be had."""
        while self.full(host):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            host.waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                self._call_next(host)
                raise
            link = self.idle(host)
            if link is not None:
                return link
        loop = asyncio.get_running_loop()
        host.in_use += 1
        try:
            link = await self._dialler.dial(host.address, lambda: Link(loop, self._body_limit))
        except BaseException:
            self._give_way(host)
            raise
        self._links.add(link)
        if self._closed:
            link.abort()
        return link

    def release(self, host: Host, link: Link) -> None:
        """Take back a connection: for the next call if it is good for one."""
        link.take()
        if link.reusable() and not self._closed:
            link.since = link.now()
            host.idle.append(link)
            if self._sweeper is None:
                self._sweeper = asyncio.get_running_loop().call_later(self._keepalive, self._sweep)
        else:
            self._forget(link)
        self._give_way(host)

    def close(self) -> None:
        """Close every connection. Safe to call twice."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for link in [*self._links]:
            self._forget(link)
        self._dialler.close()

    def _forget(self, link: Link) -> None:
        link.abort()
        self._links.discard(link)

    def _give_way(self, host: Host) -> None:
        """Count one connection less in use, and let somebody who waits have the place."""
        host.in_use -= 1
        self._call_next(host)

    def _call_next(self, host: Host) -> None:
        while host.waiting:
            waiter = host.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _sweep(self) -> None:
        """Close what has idled too long, and look again while anything idles."""
        self._sweeper = None
        left = False
        for host in self._hosts.values():
            while host.idle and not (host.idle[0].since + self._keepalive > host.idle[0].now() and host.idle[0].open):
                self._forget(host.idle.popleft())
            left = left or bool(host.idle)
        if left:
            self._sweeper = asyncio.get_running_loop().call_later(self._keepalive, self._sweep)
