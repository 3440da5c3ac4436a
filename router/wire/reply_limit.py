"""What becomes of an answer that is larger than is taken."""

from router.errors import UpstreamBroken


class AnswerTooLarge(UpstreamBroken):
    """The answer passes delivery.reply_limit_bytes: a request may ask for that much, so the upstream is not blamed."""
