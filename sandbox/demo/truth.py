"""What the world's manifest says of photos as the warehouse has them.

A crawl changes bytes: it fetches thumbnails, turns photos upright, strips metadata, converts colours.
So a photo is known by where it was found, as the stand-ins name what they show of the world.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.catalogues.search_pages import photo_at
from sandbox.commons.files import catalogue_of
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World, WorldBox, WorldPhoto
from sightscan.warehouse.photos.identity import COMMONS, commons_file, provider_identifiers

# By how many pixels the height of a scaled photo may be rounded off.
MAX_ROUNDED_PIXELS = 2


@dataclass(frozen=True)
class Truth:
    """The photos of a world and their copies, by what the stand-ins call them."""

    world: World
    by_identifier: Mapping[str, WorldPhoto]

    def of(self, addresses: Sequence[str], width: int, height: int) -> WorldPhoto | None:
        """Return the photo found at these addresses, with its boxes in pixels of this size.

        None if the world does not know it, or it was stored in another shape.
        """
        known = (self.by_identifier.get(name) for name in provider_identifiers(*addresses))
        elsewhere = (photo_at(self.world, address) for address in addresses)
        photo = next(filter(None, (*known, *elsewhere)), None)
        if photo is None or abs(photo.height * width / photo.width - height) > MAX_ROUNDED_PIXELS:
            return None
        across, down = width / photo.width, height / photo.height
        boxes = tuple(
            WorldBox(box.sight, box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down)
            for box in photo.boxes
        )
        return replace(photo, width=width, height=height, boxes=boxes)


def truth_of(world: World) -> Truth:
    """Return what is known of all that the stand-ins show of a world."""
    by_identifier: dict[str, WorldPhoto] = {}
    for file in catalogue_of(world, facts_of(world)).files:
        if file.shows is not None:
            by_identifier[commons_file(file.name)] = file.shows
            by_identifier[f"{COMMONS}{file.page_id}"] = file.shows
    return Truth(world, by_identifier)
