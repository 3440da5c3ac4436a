"""The local difficulty model of tierwise; it knows nothing of the router.

Read in this order: `tier` and `assessment` (what it says), `prompt` (what it reads), `features` (text to numbers),
`thresholds` (numbers to a tier), `assess` (the three in a row), `artifact` (how it is kept), then `training` and
`evaluation`, which serving never imports. Only the standard-library values are re-exported here: who needs the
model itself imports `classifier.assess` by path.
"""

from classifier.assessment import Assessment, Doubt
from classifier.tier import Tier

__all__ = ["Assessment", "Doubt", "Tier"]
