"""What is decided of one request: how it is sized, and the same for a rehearsal."""

from dataclasses import replace

from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.consider import consider, decided, rehearse
from router.ledger.watch import WatchedLedger
from router.policy.decision import Reason
from router.policy.resolve import RouteTarget, UpstreamTarget
from router.policy.rules import Limits, Route, Rules
from router.ports import Ports
from router.shared_state.memory import MemoryState
from tests.fakes.ledger import MemoryLedger
from tests.fakes.reply import FakeSend
from tests.fakes.values import NOW, a_request, an_assessment, an_embedder, an_embedding_request, an_upstream


def some_ports(sized: list[Thresholds], assessed: bool = True) -> Ports:
    """Return ports whose classifier notes the cut points that it is asked for."""

    def size(_prompt: Prompt, cuts: Thresholds):
        sized.append(cuts)
        return an_assessment() if assessed else None

    return Ports(
        catalog=Catalog(upstreams=(an_upstream(),)),
        rules=Rules(routes={"auto": Route(name="auto")}),
        limits=Limits(),
        size=size,
        send=FakeSend(),
        ledger=WatchedLedger(MemoryLedger(), lambda: 0.0),
        state=MemoryState(Limits()),
        clock=lambda: 0.0,
        now=lambda: NOW,
        new_id=lambda: "id-1",
    )


def test_a_route_is_sized_at_its_own_cut_points() -> None:
    """The dial that the client asked for chooses the thresholds."""
    sized: list[Thresholds] = []
    ports = some_ports(sized)

    target, assessment, decision = consider(a_request(model_asked="auto:cheap"), ports)

    assert isinstance(target, RouteTarget)
    assert sized == [ports.rules.routes["auto"].thresholds["cheap"]]
    assert (assessment, decision.reason) == (an_assessment(), Reason.CLASSIFIED)


def test_a_named_upstream_is_not_sized() -> None:
    """What the classifier could say would change nothing, so it is not asked."""
    sized: list[Thresholds] = []

    target, assessment, _ = consider(a_request(model_asked="small"), some_ports(sized))

    assert isinstance(target, UpstreamTarget)
    assert (sized, assessment) == ([], None)


def test_without_an_assessment_the_default_tier_is_decided() -> None:
    """A failed classifier decides nothing and fails nothing."""
    ports = replace(some_ports([], assessed=False), catalog=Catalog(upstreams=(an_upstream("large", Tier.HARD),)))

    _, assessment, decision = consider(a_request(), ports)

    assert (assessment, decision.reason) == (None, Reason.CLASSIFIER_FAILED)


def test_a_rehearsal_is_the_same_decision_with_its_baseline() -> None:
    """Nothing is sent for it, and what has no baseline has none."""
    ports = some_ports([])
    run = rehearse(a_request(), ports)
    assert (run.target, run.assessment, run.decision) == consider(a_request(), ports)
    assert run.baseline is None
    held = replace(ports, catalog=Catalog(upstreams=(an_upstream(),), baseline=an_upstream()))
    assert rehearse(a_request(), held).baseline.upstream == an_upstream()
    assert ports.send.calls == []


def test_embeddings_are_decided_without_sizing() -> None:
    """No prompt is read; the named upstream serves."""
    sized: list[Thresholds] = []
    ports = some_ports(sized)
    ports = replace(ports, catalog=replace(ports.catalog, embedders=(an_embedder("vectors"),)))

    decision = decided(an_embedding_request("vectors"), ports)

    assert [candidate.upstream.name for candidate in decision.ranked] == ["vectors"]
    assert sized == []
    assert decided(a_request(), ports).reason is Reason.CLASSIFIED
