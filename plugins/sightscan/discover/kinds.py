"""Decide by its classes what is a sight and what is a city; no I/O here.

An item has classes, and each class lies below some of the classes named here, its roots. Wikidata's
tree is tangled: a castle may be a settlement, a hotel a business, a statue a building. So a class
that speaks against a sight is outweighed by one that can be photographed from outside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ARCHITECTURE = "Q811979"  # architectural structure: buildings, towers, bridges, gates
MUSEUM = "Q33506"  # many museums have no class of a building
COLLECTION = "Q2668072"  # of a museum, an archive
SETTLEMENT = "Q486972"  # human settlement: a city, its neighbourhoods

# What can be photographed as one thing from outside.
SOLID = frozenset(
    {
        ARCHITECTURE,
        MUSEUM,
        "Q4989906",  # monument
        "Q174782",  # square
        "Q483453",  # fountain
        "Q839954",  # archaeological site
        "Q216107",  # department store
        "Q27686",  # hotel
    }
)
SCULPTURES = frozenset({"Q860861", "Q179700"})  # sculpture, statue
VISUAL = SOLID | SCULPTURES | {"Q570116"}  # tourist attraction
# What is kept in one of these is seen by who buys a ticket, and on no photo of the city.
HOUSES = frozenset(
    {
        "Q41176",  # building
        MUSEUM,
        "Q180516",  # room
        "Q1125776",  # wing
        COLLECTION,
    }
)

# What speaks against a sight: the root, and what outweighs it.
_AGAINST: Mapping[str, frozenset[str]] = {
    SETTLEMENT: SOLID,
    "Q56061": SOLID,  # administrative territorial entity: districts
    "Q4830453": SOLID,  # business: but hotels
    COLLECTION: frozenset({ARCHITECTURE, MUSEUM}),
    "Q1656682": frozenset(),  # event
    "Q1248784": frozenset(),  # airport
    "Q928830": frozenset(),  # metro station
    "Q4140840": frozenset(),  # lost work of art
}

# Municipalities of some countries lie outside the settlements, though each is a town to everybody.
MUNICIPALITIES = frozenset(
    {
        "Q15284",  # municipality
        "Q747074",  # comune of Italy
        "Q484170",  # commune of France
    }
)
_CITIES = MUNICIPALITIES | {"Q515", "Q3957"}  # city, town
# Neighbourhood, quarter, suburb: parts of a city.
_PARTS = frozenset({"Q123705", "Q2983893", "Q188509"})

# All that is asked of a class.
ROOTS = VISUAL | HOUSES | _AGAINST.keys() | {SETTLEMENT} | _CITIES | _PARTS

NO_SIGHT = "no sight to photograph"
HOUSED_SCULPTURE = "a sculpture inside a museum or another building"

Roots = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ItemKind:
    """What an item is: its classes, where it is (P276), and whose collection has it (P195)."""

    class_ids: tuple[str, ...] = ()
    location_ids: tuple[str, ...] = ()
    collection_ids: tuple[str, ...] = ()

    @property
    def holder_ids(self) -> tuple[str, ...]:
        """Return what it is kept in; museums also own what stands in the park, so that goes first."""
        return self.location_ids or self.collection_ids


def why_no_sight(kind: ItemKind, roots: Roots, holder_class_ids: Iterable[str] = ()) -> str | None:
    """Return why an item is no sight, None if it is one, given the roots of all classes."""
    own = [roots.get(class_id, frozenset()) for class_id in kind.class_ids]
    everything = frozenset().union(*own)
    # A statue is an architectural structure to Wikidata, which must not let it in by itself.
    solid = SOLID & frozenset().union(*(found for found in own if not found & SCULPTURES))
    if not everything & VISUAL:
        return NO_SIGHT
    if any(root in everything and not solid & better for root, better in _AGAINST.items()):
        return NO_SIGHT
    if everything & SCULPTURES and not solid and HOUSES & roots_of(holder_class_ids, roots):
        return HOUSED_SCULPTURE
    return None


def is_settlement(class_ids: Iterable[str], roots: Roots) -> bool:
    """Say whether an item of these classes is a city, town or village, not a part of one."""
    classes = frozenset(class_ids)
    found = roots_of(classes, roots)
    if classes & _PARTS:
        return False
    return bool(found & _CITIES) or (SETTLEMENT in found and not found & _PARTS)


def is_only_municipality(class_ids: Iterable[str], roots: Roots) -> bool:
    """Say whether it is the administration of a town, which may have an item of its own."""
    found = roots_of(class_ids, roots)
    return bool(found & MUNICIPALITIES) and SETTLEMENT not in found


def roots_of(class_ids: Iterable[str], roots: Roots) -> frozenset[str]:
    """Return the roots of several classes."""
    return frozenset().union(*(roots.get(class_id, frozenset()) for class_id in class_ids))
