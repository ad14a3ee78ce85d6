"""Draw the default world: photos of a fictional city, made by code alone.

`python -m sandbox.world.drawing FOLDER` draws it. A small 3D model of each sight stands in a street of
ordinary buildings under a drawn light, and a drawn camera takes the photo:

    sights, street, nature, passers   meshes, in metres
    framing, light                    where the photographer stands, and when
    scene, painter, sky, ground       radiance on a canvas
    finish                            tilt, exposure, lens, sensor
    default_world                     the folder: photos and manifest
"""

from sandbox.world.drawing.default_world import DEFAULT_SEED, PHOTOS_PER_SIGHT, draw_world

__all__ = ["DEFAULT_SEED", "PHOTOS_PER_SIGHT", "draw_world"]
