"""Draw the default world into a folder: `python -m sandbox.world.drawing FOLDER`."""

import argparse
import sys
from pathlib import Path

from sandbox.world.drawing import DEFAULT_SEED, PHOTOS_PER_SIGHT, draw_world
from sandbox.world.world import WorldError


def main() -> int:
    """Parse the command line, draw, and say what was drawn."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.world.drawing", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to draw it; nothing is overwritten")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--photos-per-sight", type=int, default=PHOTOS_PER_SIGHT)
    arguments = parser.parse_args()
    try:
        world = draw_world(arguments.folder, arguments.seed, arguments.photos_per_sight)
    except WorldError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(
        f"{world.folder}: {world.city}, sights={len(world.sights)} photos={len(world.photos)} "
        f"boxes={sum(len(photo.boxes) for photo in world.photos)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
