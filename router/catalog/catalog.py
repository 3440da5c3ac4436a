"""All upstreams of one configuration, immutable: a reload makes a new one."""

from dataclasses import dataclass, field

from router.catalog.upstream import Service, Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The configured upstreams in file order, and the upstream whose price the savings are measured against.

    `retired` maps a name that used to be served (an upstream, a model or an alias) to one sentence: since when it is
    gone and what succeeds it. `upstreams` serve chat completions; the `embedders` serve embeddings and nothing else, so
    no decision on a chat completion meets them.
    """

    upstreams: tuple[Upstream, ...]
    baseline: Upstream | None = None
    retired: dict[str, str] = field(default_factory=dict)
    embedders: tuple[Upstream, ...] = ()
    by_name: dict[str, Upstream] = field(init=False)
    embedder_by_name: dict[str, Upstream] = field(init=False)

    def __post_init__(self) -> None:
        """Index by name; refuse two upstreams of one name, or one that serves something else (ValueError)."""
        if len({upstream.name for upstream in self.everybody}) != len(self.everybody):
            raise ValueError("two upstreams have the same name")
        for upstreams, service in ((self.upstreams, Service.CHAT), (self.embedders, Service.EMBEDDINGS)):
            stranger = next((upstream.name for upstream in upstreams if upstream.serves is not service), None)
            if stranger is not None:
                raise ValueError(f"upstream '{stranger}' does not serve {service}")
        object.__setattr__(self, "by_name", {upstream.name: upstream for upstream in self.upstreams})
        object.__setattr__(self, "embedder_by_name", {upstream.name: upstream for upstream in self.embedders})

    @property
    def everybody(self) -> tuple[Upstream, ...]:
        """All upstreams, whatever they serve: those of chat completions first."""
        return (*self.upstreams, *self.embedders)
