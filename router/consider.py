"""What is decided of one request now: sized, resolved and ranked; nothing is sent or recorded."""

from classifier.assessment import Assessment
from router.catalog.catalog import Catalog
from router.errors import NoEligibleUpstream
from router.policy.decide import View, baseline, decide
from router.policy.decision import Decision
from router.policy.embeddings import decide_embedding, require_room
from router.policy.explanation import DryRun, Unserved
from router.policy.resolve import RouteTarget, Target, resolve
from router.ports import Ports
from router.request import Request


def consider(request: Request, ports: Ports) -> tuple[Target, Assessment | None, Decision]:
    """Return what is asked for, what the classifier says and the decision; nothing is sent (UnknownModel, 422)."""
    target, assessment = considered(request, ports)
    return target, assessment, decide(request, target, assessment, view_of(ports, ports.catalog))


def considered(request: Request, ports: Ports) -> tuple[Target, Assessment | None]:
    """Return what is asked for and what the classifier says; nothing is decided (UnknownModel)."""
    target = resolve(request.model_asked, ports.rules, ports.catalog)
    return target, ports.size(request.prompt, target.thresholds) if isinstance(target, RouteTarget) else None


def decided(request: Request, ports: Ports) -> Decision:
    """Return the decision for `request`, whatever it asks for; nothing is sent (UnknownModel, MalformedRequest)."""
    if request.vectors is not None:
        decision = decide_embedding(request, ports.rules, view_of(ports, ports.catalog))
        require_room(request, decision, ports.limits.reply_limit_bytes)
        return decision
    return consider(request, ports)[2]


def rehearse(request: Request, ports: Ports) -> DryRun:
    """Return everything that would be decided for `request` now; nothing is sent (UnknownModel, Unserved)."""
    target, assessment = considered(request, ports)
    try:
        decision = decide(request, target, assessment, view_of(ports, ports.catalog))
    except NoEligibleUpstream as refusal:
        raise Unserved(refusal, request, assessment) from None
    return DryRun(
        request=request,
        target=target,
        assessment=assessment,
        decision=decision,
        baseline=baseline(request, decision.tier, view_of(ports, ports.catalog)),
    )


def view_of(ports: Ports, catalog: Catalog) -> View:
    """Return what is known now of the upstreams in `catalog`."""
    now = ports.now()
    return View(
        catalog=catalog,
        today=now.date(),
        at=now,
        resting=ports.state.resting(ports.clock()),
        observed=ports.state.observed,
    )
