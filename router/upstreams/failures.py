"""How a call can fail, in words that a client may read: the provider's name, never its address, key or own text."""

from router.errors import Overloaded, UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from router.wire.reply_limit import AnswerTooLarge


class ConnectionLost(UpstreamUnreachable):
    """The connection was lost after the request was sent and before a byte of the answer: it may have been read."""


def lost(provider: str) -> ConnectionLost:
    """Return the error for a call whose connection was lost before a byte of the answer."""
    return ConnectionLost(f"Provider '{provider}' could not be reached: it closed the connection before it answered.")


def unreachable(provider: str, why: str) -> UpstreamUnreachable:
    """Return the error for a call that was never sent."""
    return UpstreamUnreachable(f"Provider '{provider}' could not be reached: {why}.")


def crowded(provider: str, seconds: float) -> Overloaded:
    """Return the error for a call that found every connection allowed to its host in use."""
    why = f"every connection allowed to provider '{provider}' was in use for {seconds:g} seconds"
    return Overloaded(why, fix="Try again, or raise delivery.max_connections.", retry_after=1.0)


def no_room(provider: str) -> Overloaded:
    """Return the error for a call for which this machine has no socket left."""
    why = f"this machine has no room for one more connection to provider '{provider}'"
    return Overloaded(why, retry_after=1.0)


def no_headers(provider: str, seconds: float) -> UpstreamTimeout:
    """Return the error for an answer whose headers did not arrive in time."""
    return UpstreamTimeout(f"Provider '{provider}' did not begin to answer within {seconds:g} seconds.")


def idle(provider: str, seconds: float) -> UpstreamTimeout:
    """Return the error for an answer that began and then stood still."""
    return UpstreamTimeout(f"Provider '{provider}' stopped sending for {seconds:g} seconds.")


def broken(provider: str, why: str) -> UpstreamBroken:
    """Return the error for an answer that is not proper HTTP, or that ended before its end."""
    return UpstreamBroken(f"The answer of provider '{provider}' is broken: {why}.")


def too_large(provider: str) -> AnswerTooLarge:
    """Return the error for an answer whose body passes the limit."""
    return AnswerTooLarge(f"The answer of provider '{provider}' is broken: its body is too large.")
