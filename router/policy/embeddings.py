"""Who may embed a text: the upstream that is named, or the cheapest of a group that serves the same model. Pure.

Vectors of two models cannot be compared, so nothing here ever leads from one model to another.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.price import MILLION
from router.catalog.upstream import Upstream
from router.errors import MalformedRequest, NoEligibleUpstream, UnknownModel
from router.policy.decide import View, resting_rejection
from router.policy.decision import Candidate, Decision, Reason, Rejection
from router.policy.eligibility import Demand, exclusion, rejection
from router.policy.resolve import LONGEST_NAME, alias_of, by_wire_id, shortened
from router.policy.rules import OPEN, EmbeddingGroup, Policy, Rules
from router.request import Needs, Request

_FREE = Decimal(0)

_NUMBER_BYTES = 12
"""A number of a vector as JSON and its comma: what short ones take. Hosts that write more digits take up to 22."""

_BASE64_BYTES = 16 / 3
"""A number of a vector in base64: four bytes, four characters for three of them."""


def resolve_embedder(model_asked: str, rules: Rules, catalog: Catalog) -> EmbeddingGroup | Upstream:
    """Return the group or the upstream that `model_asked` names; UnknownModel (404) when it names neither.

    In this order: a group, an upstream's name, an alias of that very name, `provider/model`, a model id on the wire
    that only one upstream has, an alias with a `*`.
    """
    meant = rules.aliases.get(model_asked)
    found = _own_name(model_asked, rules, catalog)
    if found is None and meant is None:
        found = by_wire_id(model_asked, catalog.embedders)
        meant = alias_of(model_asked, rules)
    if found is None and meant is not None:
        found = _own_name(meant, rules, catalog)
    if found is None:
        raise _unknown(meant or model_asked, rules, catalog)
    return found


def _own_name(name: str, rules: Rules, catalog: Catalog) -> EmbeddingGroup | Upstream | None:
    """Return what `name` is the own name of; None if of nothing that embeds."""
    return rules.embeddings.get(name) or catalog.embedder_by_name.get(name)


def decide_embedding(request: Request, rules: Rules, view: View) -> Decision:
    """Return who may serve `request`, the cheapest first; UnknownModel (404), NoEligibleUpstream (422).

    Of a group, whoever its policy forbids, is retired or rests after a failure is left out; where all rest, they are
    ranked, soonest back first. Upstreams whose window is smaller than the longest text is likely to be come last, and
    are not left out: our estimate is no reason to refuse what an upstream may take.
    """
    asked = resolve_embedder(request.model_asked, rules, view.catalog)
    if isinstance(asked, Upstream):
        return _decision(None, Reason.EXPLICIT, _rank(_open([asked], OPEN, view)[0], request, view, tired=True), ())
    members = [view.catalog.embedder_by_name[name] for name in asked.upstreams if name in view.catalog.embedder_by_name]
    able, rejected = _open(members, asked.policy, view)
    awake = [upstream for upstream in able if upstream.name not in view.resting]
    if awake:
        rejected += [resting_rejection(upstream, view.resting) for upstream in able if upstream.name in view.resting]
    ranked = _rank(awake or able, request, view, tired=not awake)
    return _decision(asked.name, Reason.CHEAPEST, ranked, tuple(rejected))


def require_room(request: Request, decision: Decision, most_bytes: int) -> None:
    """Refuse vectors that cannot fit into an answer of `most_bytes` (MalformedRequest), before anybody is asked.

    Nothing is refused where the length of the vectors is neither asked for nor declared, or where their numbers are not
    floats. The guess is a low one: an answer that passes the limit all the same is no fault of the upstream's.
    """
    vectors = request.vectors
    if vectors is None or not vectors.floats:
        return
    declared = (candidate.upstream.dimensions for candidate in decision.ranked)
    dimensions = vectors.dimensions or next((length for length in declared if length), None)
    if dimensions is None:
        return
    each = dimensions * (_BASE64_BYTES if vectors.base64 else _NUMBER_BYTES)
    if vectors.count * each <= most_bytes:
        return
    most, better = int(most_bytes / each), int(most_bytes / (dimensions * _BASE64_BYTES))
    fix = f"Send at most {most:,} of them at once" if most else "Ask for fewer dimensions"
    if better > most:
        fix += f", or at most {better:,} with encoding_format base64"
    raise MalformedRequest(
        f"'input' has {vectors.count:,} texts; their vectors of {dimensions:,} numbers would take more than the "
        f"{most_bytes:,} bytes that an answer may have.",
        param="input",
        fix=f"{fix} (the operator's limit is delivery.reply_limit_bytes).",
    )


def embedding_cost(upstream: Upstream, tokens: int, at: datetime | None = None) -> Decimal | None:
    """Return what `tokens` of input cost at `upstream` at a moment in USD; None where its price is unknown."""
    return None if upstream.price is None else tokens * upstream.price.at(at).input / MILLION


def _decision(
    route: str | None, reason: Reason, ranked: tuple[Candidate, ...], rejected: tuple[Rejection, ...]
) -> Decision:
    return Decision(
        route=route, label=None, tier=None, reason=reason, assessment=None, ranked=ranked, rejected=rejected
    )


def _open(members: Sequence[Upstream], policy: Policy, view: View) -> tuple[list[Upstream], list[Rejection]]:
    """Return who may be called under this policy today, and why the others may not; NoEligibleUpstream if nobody."""
    demand = Demand(needs=Needs(), tier=Tier.EASY, today=view.today, policy=policy)
    able = [upstream for upstream in members if exclusion(upstream, policy, view.today) is None]
    refused = [rejection(upstream, demand) for upstream in members if upstream not in able]
    rejected = [refusal for refusal in refused if refusal is not None]
    if not able:
        reasons = "; ".join(f"{refusal.upstream.name}: {refusal.detail}" for refusal in rejected)
        raise NoEligibleUpstream(
            f"No upstream may embed this. {reasons or 'None of those that are named has its key'}.",
            fix="Ask for another of the names that GET /v1/models lists with output modality embeddings.",
        )
    return able, rejected


def _rank(upstreams: Sequence[Upstream], request: Request, view: View, *, tired: bool) -> tuple[Candidate, ...]:
    """Order by expected cost, known prices first; before that by what is too small and, if `tired`, by the rest."""
    longest = 0 if request.vectors is None else request.vectors.longest
    keyed = []
    for place, upstream in enumerate(upstreams):
        cost = embedding_cost(upstream, request.input_tokens, view.at)
        group = 2 if cost is None else int(upstream.trial)
        wait = view.resting.get(upstream.name, 0.0) if tired else 0.0
        small = longest > upstream.window
        keyed.append((wait, small, group, cost or _FREE, place, Candidate(upstream=upstream, expected_cost=cost)))
    keyed.sort(key=lambda entry: entry[:-1])
    return tuple(entry[-1] for entry in keyed)


def _unknown(model_asked: str, rules: Rules, catalog: Catalog) -> UnknownModel:
    """Build the 404: what the name means elsewhere, since when it is gone, or the nearest names there are."""
    name = shortened(model_asked)
    known = tuple(dict.fromkeys((*rules.embeddings, *catalog.embedder_by_name)))
    listed = f"Ask for {' or '.join(repr(one) for one in known[:5])}." if known else "This proxy serves no embeddings."
    if model_asked in catalog.retired:
        return UnknownModel(f"Model '{name}' is not served: {catalog.retired[model_asked]}", fix=listed, param="model")
    if model_asked in rules.routes or model_asked in catalog.by_name:
        return UnknownModel(f"'{name}' answers chat completions and embeds nothing.", fix=listed, param="model")
    near = get_close_matches(model_asked[:LONGEST_NAME], known, n=3, cutoff=0.6)
    fix = f"Did you mean {' or '.join(repr(one) for one in near)}?" if near else listed
    message = f"Model '{name}' is neither a group of embedding upstreams nor an embedding upstream of this proxy."
    return UnknownModel(message, fix=fix, param="model")
