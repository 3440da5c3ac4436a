"""What is served after everything else has begun: an app whose imports would keep the first requests waiting."""

import asyncio
from collections.abc import Callable

from router.api.gate import AsgiApp, Receive, Scope, Send


class LateApp:
    """An ASGI app that is made in a thread, soon after the start or when it is first asked for.

    FastAPI takes longer to import than all the rest of a start; nothing of the hot path needs it.
    """

    def __init__(self, make: Callable[[], AsgiApp], loaded: Callable[[], object]) -> None:
        """Take what makes the app, and what is called on the loop once it is there."""
        self._make = make
        self._loaded = loaded
        self._loading: asyncio.Task[AsgiApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope, after waiting for the app if it is not there yet."""
        app = await asyncio.shield(self.load())
        await app(scope, receive, send)

    def load(self) -> "asyncio.Task[AsgiApp]":
        """Begin to load unless that has begun, and return what is done when the app is there."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _load(self) -> AsgiApp:
        try:
            app = await asyncio.to_thread(self._make)
        except BaseException:
            self._loading = None  # whoever asks next tries again: what was missing may be there then
            raise
        self._loaded()
        return app

    async def close(self) -> None:
        """Wait for what is being loaded: a thread cannot be stopped."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
