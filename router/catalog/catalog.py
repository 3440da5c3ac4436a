"""All upstreams of one configuration, immutable: a reload makes a new one."""

from dataclasses import dataclass, field

from router.catalog.upstream import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The configured upstreams in file order, and the upstream whose price the savings are measured against.

    `retired` maps a name that used to be served (an upstream, a model or an alias) to one sentence: since when it is
    gone and what succeeds it.
    """

    upstreams: tuple[Upstream, ...]
    baseline: Upstream | None = None
    retired: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, Upstream] = field(init=False)

    def __post_init__(self) -> None:
        """Index by name; refuse two upstreams of one name (ValueError)."""
        index = {upstream.name: upstream for upstream in self.upstreams}
        if len(index) != len(self.upstreams):
            raise ValueError("two upstreams have the same name")
        object.__setattr__(self, "by_name", index)
