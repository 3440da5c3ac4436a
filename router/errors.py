"""The whole error tree, by whose fault it is. Each error knows its HTTP status, its code and the fix.

RouterError
├─ ClientError                the caller must change the request
│  ├─ MalformedRequest 400 · UnknownCaller 401 · UnknownModel 404 · NoSuchPath 404
│  ├─ WrongMethod 405 · RequestTimeout 408 · RequestTooLarge 413 · NoUpgrade 400 (closes)
│  ├─ UnsupportedEncoding 415 · NoEligibleUpstream 422 · BudgetSpent 429 · RateLimited 429
│  └─ UpstreamRejected        the upstream blamed the request itself: its status is passed through
├─ UpstreamError              the far end failed
│  ├─ UpstreamUnreachable 503 · UpstreamTimeout 504 · UpstreamRateLimited 429 · UpstreamBroken 502
│  │  └─ StreamInterrupted · StreamFailed      a stream broke off, or reported an error
│  └─ UpstreamRefused 502     the operator's key, balance or model name was refused there
├─ Overloaded 503             this process has no room for one more request (ends: Stopping; lost it: WorkLost)
├─ ClassifierFailed 503       the classifier gave no answer, and nothing but its answer was asked for
└─ OperatorError              the operator must change something (at start-up: exit code 2, no traceback)
   └─ SettingsInvalid(problems) · SecretMissing · CannotListen · ArtifactRejected · LedgerUnavailable 503

`message` says what is wrong, `fix` what to do next. Clients see both: no key, no prompt, no upstream's address in them.
"""

from collections.abc import Sequence
from typing import ClassVar


class RouterError(Exception):
    """Base of everything that tierwise raises on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    type: ClassVar[str] = "api_error"
    closes: ClassVar[bool] = False  # whether the connection is of no use after this
    again: bool = False  # whether the client's own retry makes sense, as far as who raised this knows

    fix: str = "Report this with the x-request-id of the response."

    def __init__(
        self, message: str, *, fix: str | None = None, param: str | None = None, retry_after: float | None = None
    ) -> None:
        """Keep what is wrong, its fix, the offending request field and the seconds after which to try again."""
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        if fix is not None:
            self.fix = fix


class ClientError(RouterError):
    """The caller must change the request."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"
    fix = "Change the request and send it again."


class MalformedRequest(ClientError):
    """The body is not a request of this API."""

    code = "malformed_request"
    fix = "Send one JSON object as the OpenAI API reference describes it."


class UnknownCaller(ClientError):
    """No client key, or one that is not known."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    fix = "Send a client key of this proxy as 'Authorization: Bearer ...'."


class UnknownModel(ClientError):
    """The model asked for is neither a route nor an upstream."""

    status = 404
    code = "model_not_found"
    fix = "Ask for 'auto', or for a name that GET /v1/models lists."


class RequestTimeout(ClientError):
    """The client did not send its whole request in time."""

    status = 408
    code = "request_timeout"
    fix = "Send the request again; its body must arrive within the body time-out."


class RequestTooLarge(ClientError):
    """The body passes the size limit."""

    status = 413
    code = "request_too_large"
    fix = "Send less, or raise server.body_limit_bytes."


class NoUpgrade(MalformedRequest):
    """The client wants to speak another protocol on this connection, which is closed after the answer."""

    closes = True
    fix = "Speak plain HTTP 1.1, without an Upgrade header (no h2c, no websocket)."


class NoSuchPath(ClientError):
    """No path of this API, or not with this method."""

    status = 404
    code = "not_found"
    fix = (
        "The API is POST /v1/chat/completions, /v1/completions, /v1/messages, /v1/responses, /v1/embeddings, "
        "/v1/router/..., and GET /v1/models; GET /health says whether this serves."
    )


class WrongMethod(NoSuchPath):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class UnsupportedEncoding(ClientError):
    """The request body is compressed or is not JSON."""

    status = 415
    code = "unsupported_encoding"
    fix = "Send plain JSON without Content-Encoding."


class NoEligibleUpstream(ClientError):
    """No configured upstream can take the request; the message lists each with its reason."""

    status = 422
    code = "no_eligible_upstream"
    fix = "Ask for less, or add an upstream that can do it (`tierwise check` shows what is covered)."


class BudgetSpent(ClientError):
    """The caller's budget is used up."""

    status = 429
    type = "rate_limit_error"
    code = "insufficient_quota"
    fix = "Wait for the next period or have the budget raised."


class RateLimited(ClientError):
    """The caller sends too fast."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"
    fix = "Wait as long as Retry-After says."


class UpstreamRejected(ClientError):
    """The upstream says that the request itself is at fault; `upstream_status` is its status (400, 413 or 422)."""

    fix = "Change the request: another upstream would refuse it as well."

    def __init__(
        self, message: str, *, upstream_status: int = 400, code: str | None = None, param: str | None = None
    ) -> None:
        """Keep the status, code and param that the upstream answered with."""
        super().__init__(message, param=param)
        self.status = upstream_status  # type: ignore[misc]  # the one error whose status is the far end's
        if code:
            self.code = code  # type: ignore[misc]  # and whose code is


class UpstreamError(RouterError):
    """The far end failed, on every upstream that was tried."""

    status = 502
    code = "upstream_error"
    fix = "Try again; if it stays, the operator finds each attempt in the log and in the ledger's view `attempt`."


class UpstreamUnreachable(UpstreamError):
    """No connection, or it was closed before an answer."""

    status = 503
    code = "upstream_unavailable"


class UpstreamBroken(UpstreamError):
    """The answer is not what was asked for: HTML, empty, malformed, cut short."""

    code = "upstream_broken"


class StreamInterrupted(UpstreamBroken):
    """A stream ended without a finish, or in the middle of an event."""

    code = "upstream_stream_interrupted"


class StreamFailed(UpstreamBroken):
    """The upstream reported an error inside its stream."""

    code = "upstream_stream_error"


class UpstreamTimeout(UpstreamError):
    """No answer in time."""

    status = 504
    code = "upstream_timeout"


class UpstreamRateLimited(UpstreamError):
    """Every upstream that was tried answered 429."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"
    fix = "Wait as long as Retry-After says."


class UpstreamRefused(UpstreamError):
    """The upstream refused the operator: a bad key, no balance, a model that is gone.

    `lacks` says which (a word of policy.outcome.Lack); None where only this request may have been refused.
    """

    status = 502
    code = "upstream_refused"
    fix = "The operator must look at the provider's key, balance and model name."
    lacks: str | None = None


class Overloaded(RouterError):
    """This process has no room for one more request."""

    status = 503
    code = "overloaded"
    fix = "Try again as Retry-After says."


class Stopping(Overloaded):
    """This process was told to end, and the time it gave to what was under way is over."""

    code = "shutting_down"


class ClassifierFailed(RouterError):
    """The classifier gave no answer, and nothing but its answer was asked for."""

    status = 503
    code = "classifier_failed"
    fix = "Try again as Retry-After says; the operator finds the reason in the proxy's log."


class OperatorError(RouterError):
    """The operator must change something; at start-up the process ends with exit code 2 and no traceback."""

    code = "operator_error"
    fix = "Change the configuration and start again."


class SettingsInvalid(OperatorError):
    """The YAML has problems; all of them are gathered here and raised once."""

    code = "settings_invalid"
    fix = "Mend the lines named above, then run `tierwise check`."

    def __init__(self, problems: Sequence[str], *, fix: str | None = None) -> None:
        """Keep the problems, each one line that names its place in the file."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems), fix=fix)


class SecretMissing(OperatorError):
    """A key is named by reference and is not there."""

    code = "secret_missing"
    fix = "Set the environment variable or file that the reference names."


class CannotListen(OperatorError):
    """The address cannot be listened on."""

    code = "cannot_listen"
    fix = "Stop what listens there, or choose another with --listen HOST:PORT."


class ArtifactRejected(OperatorError):
    """The classifier's artifact cannot be trusted."""

    code = "artifact_rejected"
    fix = "Install tierwise again, or run `make train`."


class LedgerUnavailable(OperatorError):
    """The ledger cannot be opened or written, so nothing that costs money is started."""

    status = 503
    code = "ledger_unavailable"
    fix = "Free disk space or mend the path in ledger.path."
    again, kept = True, False  # `again`: not for a withheld answer, which was paid; `kept`: the journal has the row
