"""What only the whole file shows of embeddings: who serves them, and that a group is one model."""

from router.catalog.upstream import Service
from router.settings.checked import Checked
from router.settings.problems import Path, Problems, meant

_CHAT_ALONE = ("tier", "max_output", "capabilities", "always_reasons")
_EMBEDDINGS_ALONE = ("family", "dimensions")


def check_embeddings(checked: Checked, problems: Problems) -> None:
    """Add to `problems` what is wrong with who serves embeddings, and under which names."""
    for name in checked.facts:
        _check_keys(checked, name, problems)
    for name in checked.file.routes:
        _check_route(checked, name, problems)
    for name in checked.file.embeddings:
        _check_group(checked, name, problems)
    baseline = checked.file.baseline
    if baseline is not None and _embeds(checked, baseline):
        message = f"Baseline '{baseline}' serves embeddings. Name an upstream that answers chat completions."
        problems.add(("baseline",), message)


def _embeds(checked: Checked, name: str) -> bool:
    """Whether an upstream is known to serve embeddings."""
    return name in checked.facts and checked.facts[name].serves is Service.EMBEDDINGS


def _check_keys(checked: Checked, name: str, problems: Problems) -> None:
    """Refuse keys that mean nothing for what an upstream serves, and a price without what it needs."""
    path, facts, upstream = ("upstreams", name), checked.facts[name], checked.file.upstreams[name]
    known = checked.catalogue.models[facts.offer.model].serves if facts.offer else None
    if known is not None and facts.serves is not known:
        message = f"'{upstream.model}' serves {known}, so upstream '{name}' cannot serve {facts.serves}."
        problems.add((*path, "serves"), message)
        return
    embeds = facts.serves is Service.EMBEDDINGS
    for key in _CHAT_ALONE if embeds else _EMBEDDINGS_ALONE:
        if getattr(upstream, key) is not None:
            hint = "" if embeds else " Write serves: embeddings if it embeds texts."
            problems.add((*path, key), f"'{key}' means nothing where an upstream serves {facts.serves}.{hint}")
    if not embeds and upstream.price is not None and upstream.price.output is None:
        problems.add((*path, "price", "output"), "'output' is missing.")


def _check_route(checked: Checked, name: str, problems: Problems) -> None:
    """Refuse a route that names who embeds texts."""
    for tier, names in checked.file.routes[name].tiers.items():
        for upstream in names or ():
            if _embeds(checked, upstream):
                message = f"Upstream '{upstream}' serves embeddings, so route '{name}' cannot name it."
                problems.add(("routes", name, "tiers", tier.label), message)


def _check_group(checked: Checked, name: str, problems: Problems) -> None:
    """Check that a group's upstreams are there and serve one model, and that its policy is there."""
    group, path = checked.file.embeddings[name], ("embeddings", name)
    if name in checked.names["upstreams"] and group.upstreams != (name,):
        problems.add(path, f"'{name}' is both a group of embedding upstreams and an upstream. Rename one of them.")
    members = [upstream for upstream in group.upstreams if _check_member(checked, name, upstream, problems)]
    _check_one_model(checked, name, members, problems)
    policies = checked.names["policies"]
    if group.policy is not None and group.policy not in policies:
        message = f"Group '{name}' names policy '{group.policy}', which is not declared.{meant(group.policy, policies)}"
        problems.add((*path, "policy"), message)


def _check_member(checked: Checked, group: str, name: str, problems: Problems) -> bool:
    """Check that `name` is an embedding upstream; whether it is one of which enough is known."""
    declared, path = checked.names["upstreams"], ("embeddings", group)
    if name not in declared:
        hint = meant(name, declared)
        problems.add(path, f"Group '{group}' names upstream '{name}', which is not declared.{hint}")
    elif name in checked.facts and not _embeds(checked, name):
        message = (
            f"Upstream '{name}' of group '{group}' does not serve embeddings. Write serves: embeddings if it does."
        )
        problems.add(path, message)
    return _embeds(checked, name)


def _check_one_model(checked: Checked, group: str, members: list[str], problems: Problems) -> None:
    """Check that several members are declared to be one model: their vectors are compared with each other."""
    path: Path = ("embeddings", group)
    if len(members) < 2:
        return
    nameless = [name for name in members if checked.facts[name].family is None]
    for name in nameless:
        message = (
            f"Upstream '{name}' is one of several in group '{group}', so say which model it serves (family: with one "
            "name at all of them). Vectors of different models cannot be compared."
        )
        problems.add(("upstreams", name), message)
    families = {name: checked.facts[name].family for name in members if name not in nameless}
    if len(set(families.values())) > 1:
        told = ", ".join(f"'{name}' {family}" for name, family in families.items())
        message = f"Group '{group}' mixes models, whose vectors cannot be compared: {told}. Make a group of each."
        problems.add(path, message)
        return
    lengths = {name: checked.facts[name].dimensions for name in members if checked.facts[name].dimensions}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        problems.add(path, f"Group '{group}' mixes vectors of different lengths: {told}. Declare the same dimensions.")
