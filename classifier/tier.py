"""The required strength of a model, ordered: a tier that is met by an upstream is met by every stronger one."""

from enum import IntEnum


class Tier(IntEnum):
    """How strong a model must be to answer a prompt acceptably almost every time."""

    EASY = 0
    MEDIUM = 1
    HARD = 2

    @property
    def label(self) -> str:
        """The name used in headers, YAML and the ledger: `easy`, `medium` or `hard`."""
        return _LABELS[self]

    @classmethod
    def parse(cls, label: str) -> "Tier":
        """Return the tier called `label`; ValueError when there is none."""
        try:
            return _BY_LABEL[label]
        except KeyError:
            raise ValueError(f"'{label}' is not a tier (easy, medium, hard)") from None


_LABELS = ("easy", "medium", "hard")
_BY_LABEL = {tier.label: tier for tier in Tier}
