"""From how far a sight can be recognised: by its kind and its height; no I/O here.

It tells what cannot be on a photo that was taken at a place, so it errs on the far side: a name that
is left out by mistake costs more than one that is named by mistake where it might stand.
"""

from collections.abc import Collection

from sightscan.discover.kinds import ARCHITECTURE, SCULPTURES

# What stands in streets, between houses.
NEAR_KINDS = SCULPTURES | {"Q483453"}  # fountain
SQUARE = "Q174782"
NEAR_VIEW_METERS = 300.0
SQUARE_VIEW_METERS = 500.0
# Of a building of 30 m, and of what nothing is known.
USUAL_VIEW_METERS = 1_500.0
# At 50 times its height a sight has a fiftieth of the picture's height: what a phone's lens shows of
# it are some ten pixels of what a detector sees.
VIEW_PER_HEIGHT = 50.0
# Haze and houses: nothing is recognised farther away.
MAX_VIEW_METERS = 20_000.0


def view_meters(kinds: Collection[str], height_meters: float | None) -> float:
    """Return the distance in metres for a sight under these roots (`kinds.ROOTS`) and of this height."""
    usual = USUAL_VIEW_METERS
    # A square with a column is a square, a monument with a statue is not only a statue.
    if SQUARE in kinds:
        usual = SQUARE_VIEW_METERS
    elif NEAR_KINDS & set(kinds) and set(kinds) <= _BESIDE_NEAR:
        usual = NEAR_VIEW_METERS
    return min(max(usual, VIEW_PER_HEIGHT * (height_meters or 0.0)), MAX_VIEW_METERS)


# Sculptures and fountains are architecture and attractions to Wikidata as well.
_BESIDE_NEAR = NEAR_KINDS | {ARCHITECTURE, "Q570116", "Q4989906"}
