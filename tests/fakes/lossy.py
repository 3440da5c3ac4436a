"""A process for large bodies that is ended whenever it has work."""

from collections.abc import Callable
from typing import Any, TypeVar

from router.aside import Aside, WorkLost

T = TypeVar("T")


class LossyAside(Aside):
    """Loses every piece of work that is sent away."""

    async def run(self, _caller: str, _function: Callable[..., T], *_arguments: Any) -> T:
        """Raise WorkLost."""
        raise WorkLost("the process for large bodies ended before its work was done")
