"""The bodies that the routing endpoints take. A member that is not described is not read."""

from router.api.classification import HEADS
from router.api.description.schema import TEXT, Schema, a_list, an_object, one_of, or_null
from router.api.routing_body import DIALS

_NAMES = or_null(a_list(TEXT))

CLASSIFY: Schema = an_object({"input": TEXT}, {"classes": or_null(a_list(one_of(*HEADS))), "model": or_null(TEXT)})

MULTIMODEL: Schema = an_object(
    {"input": TEXT},
    {
        "allowed_models": _NAMES,
        "allowed_providers": _NAMES,
        "policy": one_of(*DIALS, None),
        "default_model": or_null(TEXT),
        "model": or_null(TEXT),
    },
)
