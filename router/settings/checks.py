"""What only the whole file shows: names that must exist, prices that must be known, URLs that a kind needs."""

import re
from collections.abc import Mapping
from typing import Any

from router.catalog.upstream import Service
from router.settings.alias_checks import check_aliases
from router.settings.catalogue import Catalogue
from router.settings.checked import Checked
from router.settings.embedding_checks import check_embeddings
from router.settings.facts import account, complete
from router.settings.one_line import check_accounts
from router.settings.prices import CataloguePrice
from router.settings.problems import Problems, meant
from router.settings.schema import RouteSettings, SettingsFile, UpstreamSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}(?:/[A-Za-z0-9._-]{1,80}){0,3}")
_ROUTER_NAME = re.compile(r"auto(?:[:/_-].*)?", re.IGNORECASE)
_SECTIONS = ("providers", "upstreams", "routes", "policies", "embeddings")


def check(
    file: SettingsFile, data: Mapping[str, Any], catalogue: Catalogue, environ: Mapping[str, str], problems: Problems
) -> None:
    """Add to `problems` whatever is wrong between the sections of `file`; `data` is the file as it was read."""
    accounts = {
        name: account(provider, catalogue.providers[provider.kind], environ)
        for name, provider in file.providers.items()
        if provider.kind in catalogue.providers
    }
    facts = {
        name: complete(upstream, accounts[upstream.provider], catalogue)
        for name, upstream in file.upstreams.items()
        if upstream.provider in accounts
    }
    names = {section: _declared(data, section) for section in _SECTIONS}
    checked = Checked(
        file=file,
        names=names,
        written={name: data["upstreams"][name] for name in file.upstreams},
        own_urls=frozenset(name for name in file.providers if data["providers"][name].get("base_url") is not None),
        accounts=accounts,
        facts=facts,
        catalogue=catalogue,
    )
    _check_names(checked, problems)
    for name in file.providers:
        _check_provider(checked, name, problems)
    for name, upstream in file.upstreams.items():
        _check_upstream(checked, name, upstream, problems)
    for name, route in file.routes.items():
        _check_route(checked, name, route, problems)
    check_accounts(accounts, problems)
    check_embeddings(checked, problems)
    check_aliases(checked, problems)
    _check_whole(checked, problems)


def _declared(data: Mapping[str, Any], section: str) -> tuple[str, ...]:
    """Return the names that a section declares, whatever is wrong with what they name."""
    entries = data.get(section)
    return tuple(entries) if isinstance(entries, dict) else ()


def _check_names(checked: Checked, problems: Problems) -> None:
    """Refuse names that a client could not ask for, or that mean something else."""
    for section, names in checked.names.items():
        for name in names:
            path = (section, name)
            if not _NAME.fullmatch(name):
                problems.add(path, f"'{name[:60]}' cannot be a name: letters, digits and . _ - / only, and no ':'.")
            elif section == "upstreams" and (_ROUTER_NAME.fullmatch(name) or name.startswith("tier/")):
                problems.add(path, f"'{name}' is a name of the router itself. Call the upstream something else.")
            elif section == "routes" and "/" in name:
                problems.add(path, f"A route's name has no '/': '{name}'.")
            elif section == "routes" and name in checked.names["upstreams"] and not _ROUTER_NAME.fullmatch(name):
                problems.add(path, f"'{name}' is both a route and an upstream. Rename one of them.")


def _check_provider(checked: Checked, name: str, problems: Problems) -> None:
    """Check one provider's kind and base URL."""
    provider, path = checked.file.providers[name], ("providers", name)
    kind = checked.catalogue.providers.get(provider.kind)
    if kind is None:
        kinds = tuple(checked.catalogue.providers)
        hint = meant(provider.kind, kinds) or f" Known kinds: {', '.join(kinds)}."
        problems.add((*path, "kind"), f"'{provider.kind}' is not a kind of provider.{hint}")
    elif kind.status == "shut_down":
        problems.add((*path, "kind"), f"{kind.title} shut down on {kind.retires_on}. Take this provider out.")
    elif name not in checked.own_urls and kind.base_url is None:
        problems.add(path, f"Provider '{name}' needs a base_url: every {provider.kind} server has its own.")
    elif name not in checked.own_urls and _lacks(checked, name):
        problems.add(path, f"Provider '{name}' is not complete: {checked.accounts[name].missing}.")
    ways = [key for key in ("api_key", "token_command", "application_default", "profile") if getattr(provider, key)]
    if len(ways) > 1:
        problems.add((*path, ways[1]), f"Provider '{name}' has {' and '.join(ways)}. Keep one of them.")
    elif provider.application_default and provider.kind not in ("vertex", "bedrock"):
        message = f"Only vertex and bedrock have default credentials; provider '{name}' is a {provider.kind} one."
        problems.add((*path, "application_default"), message)
    elif provider.profile and provider.kind != "bedrock":
        message = f"A profile is AWS's, for bedrock; provider '{name}' is a {provider.kind} one."
        problems.add((*path, "profile"), message)


def _broken(checked: Checked, provider: str) -> bool:
    """Whether a provider has a fault of its own, so that nothing said of its models would help."""
    settings = checked.file.providers[provider]
    shut_down = checked.catalogue.providers[settings.kind].status == "shut_down"
    return shut_down or (settings.base_url is None and _lacks(checked, provider))


def _lacks(checked: Checked, name: str) -> bool:
    """Whether a provider's entry lacks a part of the kind's base URL (not: names a variable that is not set)."""
    missing = checked.accounts[name].missing
    return missing is not None and not missing.startswith("set ")


def _check_upstream(checked: Checked, name: str, upstream: UpstreamSettings, problems: Problems) -> None:
    """Check that one upstream's provider exists and that its tier, window and price are known."""
    path = ("upstreams", name)
    declared = checked.names["providers"]
    if upstream.provider not in declared:
        hint = meant(upstream.provider, declared)
        message = f"Upstream '{name}' names provider '{upstream.provider}', which is not declared.{hint}"
        problems.add((*path, "provider"), message)
        return
    facts = checked.facts.get(name)
    if facts is None or _broken(checked, upstream.provider):
        return
    if facts.gone is not None:
        own = "Or, if you know better, write its price and status yourself."
        problems.add((*path, "model"), f"{facts.gone} {own}")
    elif facts.offer is None:
        _check_unknown(checked, name, upstream, problems)


def _check_unknown(checked: Checked, name: str, upstream: UpstreamSettings, problems: Problems) -> None:
    """Check an upstream that the catalogue does not know: then the operator must say what it would have said."""
    at = checked.accounts[upstream.provider]
    path = ("upstreams", name)
    near = checked.catalogue.nearest_id(at.kind, upstream.model)
    hint = f" Did you mean '{near}'?" if near else ""
    regions = checked.catalogue.regions(at.kind, upstream.model)
    if regions:
        hint = f" It is offered in: {', '.join(dict.fromkeys(regions))}."
    place = f" in region {at.region}" if regions else ""
    stranger = f"The catalogue has no '{upstream.model[:80]}' at {at.kind}{place}"
    if "price" in upstream.model_fields_set and isinstance(upstream.price, CataloguePrice):
        message = f"{stranger}, so it has no price for it. Write a price, or null if it is not known.{hint}"
        problems.add((*path, "price"), message)
        hint = ""
    wanted = (("tier", upstream.tier), ("window", upstream.window))
    for key, value in wanted[1:] if upstream.serves is Service.EMBEDDINGS else wanted:
        if value is None and key not in checked.written[name]:
            example = "easy, medium or hard" if key == "tier" else "its context in tokens"
            problems.add(path, f"{stranger}, so upstream '{name}' needs a {key} ({example}).{hint}")
            hint = ""


def _check_route(checked: Checked, name: str, route: RouteSettings, problems: Problems) -> None:
    """Check the upstreams and the policy that one route names."""
    declared = checked.names["upstreams"]
    for tier, names in route.tiers.items():
        for upstream in names or ():
            path = ("routes", name, "tiers", tier.label)
            if upstream not in declared:
                hint = meant(upstream, (*declared, "cheapest"))
                problems.add(path, f"Route '{name}' names upstream '{upstream}', which is not declared.{hint}")
                continue
            own = checked.facts[upstream].tier if upstream in checked.facts else None
            if own is not None and own < tier:
                message = (
                    f"Upstream '{upstream}' may do {own.label} work at most, so it cannot serve tier {tier.label} of "
                    f"route '{name}'. Raise its tier, or name another."
                )
                problems.add(path, message)
    policies = checked.names["policies"]
    if route.policy is not None and route.policy not in policies:
        hint = meant(route.policy, policies)
        message = f"Route '{name}' names policy '{route.policy}', which is not declared.{hint}"
        problems.add(("routes", name, "policy"), message)


def _check_whole(checked: Checked, problems: Problems) -> None:
    """Check that there is something to route, by the route that every client knows, against a priced baseline."""
    if not checked.names["upstreams"]:
        problems.add((), "No upstream is declared, so there is nothing to route to. Add one under upstreams:.")
    if "auto" not in checked.names["routes"]:
        hint = meant("auto", checked.names["routes"])
        problems.add(("routes",), f"The route 'auto' is missing. Add it under routes: (auto: {{}} will do).{hint}")
    baseline = checked.file.baseline
    if baseline is None:
        return
    declared = checked.names["upstreams"]
    if baseline not in declared:
        hint = meant(baseline, declared)
        problems.add(("baseline",), f"Baseline '{baseline}' is not a declared upstream.{hint}")
    elif baseline in checked.facts and checked.facts[baseline].price is None:
        problems.add(("baseline",), f"Baseline '{baseline}' has no price, so no saving can be computed against it.")
