"""Who is called: an account at a host. Its key is not here (see router.upstreams.credentials)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One account at one host. `kind` selects the wire dialect; `base_url` ends before /chat/completions."""

    name: str
    kind: str
    base_url: str
    region: str | None = None

    def __post_init__(self) -> None:
        """Refuse a base URL that is not http(s) (ValueError)."""
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"provider '{self.name}': base_url must start with http:// or https://")
