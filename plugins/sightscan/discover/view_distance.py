"""From how far a sight can be recognised: by its kind and its height, else by where photos of it were taken.

It tells what cannot be on a photo that was taken at a place, so it errs on the far side: a name that
is left out by mistake costs more than one that is named by mistake where it might stand. No I/O here.
"""

from collections.abc import Collection, Iterable

from sightscan.city import Place
from sightscan.discover.kinds import ARCHITECTURE, SCULPTURES
from sightscan.warehouse.registry.sight_facts import ViewDistance

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

# Fewer viewpoints say where a few people stood, not from where a sight is seen.
MIN_VIEWPOINTS = 20
# Eleven metres of latitude: a burst, a copied place and a town's middle are one viewpoint each.
VIEWPOINT_DECIMALS = 4
# One viewpoint of twenty may be wrong within the city; what is wrong by more than that is left out.
TRUSTED_SHARE = 0.95
# Whoever points a phone may stand farther away than nearly all who thought the view worth a photo.
VIEW_PER_VIEWPOINT = 2.0


def view_distance(kinds: Collection[str], height_meters: float | None) -> ViewDistance:
    """Return the distance for a sight under these roots (`kinds.ROOTS`) and of this height."""
    usual = ViewDistance(USUAL_VIEW_METERS, "usual")
    # A square with a column is a square, a monument with a statue is not only a statue.
    if SQUARE in kinds:
        usual = ViewDistance(SQUARE_VIEW_METERS, "kind")
    elif NEAR_KINDS & set(kinds) and set(kinds) <= _BESIDE_NEAR:
        usual = ViewDistance(NEAR_VIEW_METERS, "kind")
    if height_meters is None:
        return usual
    return ViewDistance(
        min(max(usual.meters, VIEW_PER_HEIGHT * height_meters), MAX_VIEW_METERS), "height"
    )


def learn_view_distance(sight: Place, cameras: Iterable[Place]) -> ViewDistance:
    """Return the distance for a sight of which kind and height say nothing, by where photos of it were taken.

    Where that is known of too few, it is the usual one.
    """
    viewpoints = {_rounded(camera) for camera in cameras}
    distances = sorted(sight.distance_meters(viewpoint) for viewpoint in viewpoints)
    likely = [meters for meters in distances if meters <= MAX_VIEW_METERS]
    if len(likely) < MIN_VIEWPOINTS:
        return ViewDistance(USUAL_VIEW_METERS, "usual")
    farthest = likely[int(TRUSTED_SHARE * (len(likely) - 1))]
    meters = min(max(VIEW_PER_VIEWPOINT * farthest, NEAR_VIEW_METERS), MAX_VIEW_METERS)
    return ViewDistance(meters, "photos")


def _rounded(place: Place) -> Place:
    return Place(
        round(place.latitude, VIEWPOINT_DECIMALS), round(place.longitude, VIEWPOINT_DECIMALS)
    )


# Sculptures and fountains are architecture and attractions to Wikidata as well.
_BESIDE_NEAR = NEAR_KINDS | {ARCHITECTURE, "Q570116", "Q4989906"}
