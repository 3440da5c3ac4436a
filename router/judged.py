"""A large whole answer, judged beside the event loop: reading one of 10 MB would hold everybody up for 20 to 140 ms."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from router.aside import WorkLost, is_large
from router.catalog.upstream import Upstream
from router.errors import RouterError
from router.policy.rules import Limits
from router.ports import Ports
from router.request import Request
from router.usage import Usage
from router.wire.call import Relay
from router.wire.calls import reply_reader
from router.wire.openai_chat import ReplyReader
from router.wire.whole_body import WholeBody

_log = logging.getLogger("tierwise.forward")


@dataclass(slots=True, kw_only=True)
class Judged:
    """A ReplyReader at its end: `tail` is what goes to the client, unless there is a `failure`; `usage` was counted."""

    tail: bytes
    failure: RouterError | None
    usage: Usage | None
    finished: bool
    began: bool = True
    done: bool = False
    held: int = 0

    def feed(self, chunk: bytes) -> bytes:
        """Nothing comes after the end (RuntimeError)."""
        raise RuntimeError(f"{len(chunk)} bytes came after the end of an answer")

    def relaying(self, _push: Callable[[bytes], bool]) -> Relay | None:
        """Nothing is relayed after the end."""
        return None

    def finish(self) -> bytes:
        """Return the answer for the client; a RouterError when it is none."""
        if self.failure is not None:
            raise self.failure
        return self.tail

    def consumed(self) -> Usage | None:
        """Return the tokens used, reported or estimated; None where there is no answer."""
        return self.usage


async def judged(
    reader: ReplyReader, request: Request, upstream: Upstream, headers: Mapping[str, str], ports: Ports
) -> ReplyReader:
    """Return what stands for `reader` at the end of its body; itself where that is not large, or was judged before."""
    if not isinstance(reader, WholeBody) or reader.failure is not None or not is_large(reader.body()):
        return reader
    bare = replace(request, body=b"", prompt=replace(request.prompt, turns=()))
    told = dict(headers)
    try:
        found: Judged = await ports.aside.run(request.caller, judge, reader.body(), bare, upstream, told, ports.limits)
    except WorkLost as lost:
        _log.warning("request %s: %s: the answer is judged here", request.id, lost)
        return reader
    return found


def judge(body: bytes, request: Request, upstream: Upstream, headers: Mapping[str, str], limits: Limits) -> Judged:
    """Return what a reader makes of a whole `body` of a reply with these headers. Pure."""
    reader = reply_reader(request, upstream, headers, limits)
    tail = b""
    try:
        reader.feed(body)
        tail = reader.finish()
    except RouterError as failure:
        reader.failure = failure
    return Judged(
        tail=tail, failure=reader.failure, usage=reader.consumed(), finished=reader.finished, began=reader.began
    )
