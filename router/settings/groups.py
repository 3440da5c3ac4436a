"""Who may stand in for whom: policies, and the groups of embedding upstreams, as the core's values."""

from router.catalog.upstream import Upstream
from router.policy.rules import EmbeddingGroup, Policy
from router.settings.catalogue import area
from router.settings.load import Settings
from router.settings.schema import PolicySettings


def embedding_groups(settings: Settings, embedders: tuple[Upstream, ...]) -> dict[str, EmbeddingGroup]:
    """Return every group by name; its members without a key stay named, and are not called."""
    return {
        name: EmbeddingGroup(name=name, upstreams=group.upstreams, policy=policy_of(settings, group.policy, embedders))
        for name, group in settings.embeddings.items()
    }


def policy_of(settings: Settings, name: str | None, upstreams: tuple[Upstream, ...]) -> Policy:
    """Turn a policy's words into the exact regions and licences of the upstreams that it allows; None: all.

    `eu` allows every region of that area (eu-north-1, europe-west4); licences are compared without regard to case.
    """
    words = settings.policies[name] if name else PolicySettings()
    regions = {region.lower() for region in words.regions}
    licences = {licence.casefold() for licence in words.licences}
    present = {upstream.region for upstream in upstreams if upstream.region} | {
        upstream.provider.region for upstream in upstreams if upstream.provider.region
    }
    licensed = {upstream.licence for upstream in upstreams if upstream.licence}
    return Policy(
        name=name or "default",
        regions=words.regions | {region for region in present if {region.lower(), area(region)} & regions},
        licences=words.licences | {licence for licence in licensed if licence.casefold() in licences},
    )
