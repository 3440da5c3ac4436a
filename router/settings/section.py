"""What every map of the operator's YAML and of the catalogue is: closed, and immutable."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A map of the YAML: frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
