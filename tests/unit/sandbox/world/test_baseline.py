"""What colour alone scores, on tiny worlds and on the default one."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sandbox.world.baseline import nearest_colour_baseline
from sandbox.world.drawing import draw_world
from sandbox.world.world import WorldBox, WorldPhoto

MAX_BASELINE_MAP50 = 0.2  # what the design allows it on the default world


def _photo(folder: Path, number: int, sight: str, colour: str, x1: float = 20.0) -> WorldPhoto:
    path = folder / f"{number}.jpg"
    Image.new("RGB", (100, 80), colour).save(path)
    return WorldPhoto(path.name, path, 100, 80, (WorldBox(sight, x1, 20, x1 + 40, 60),))


def test_world_that_colour_solves_scores_one(tmp_path: Path) -> None:
    colours = {"Tower": "red", "Gate": "blue"}
    photos = [_photo(tmp_path, n, s, colours[s]) for n, s in enumerate(["Tower", "Gate"] * 3)]
    assert nearest_colour_baseline(photos[:4], photos[4:]) == pytest.approx(1.0)


def test_box_elsewhere_scores_nothing(tmp_path: Path) -> None:
    train = [_photo(tmp_path, 0, "Tower", "red", x1=0)]
    test = [_photo(tmp_path, 1, "Tower", "red", x1=60)]
    assert nearest_colour_baseline(train, test) == 0.0


def test_swapped_colours_score_nothing(tmp_path: Path) -> None:
    train = [_photo(tmp_path, 0, "Tower", "red"), _photo(tmp_path, 1, "Gate", "blue")]
    test = [_photo(tmp_path, 2, "Tower", "blue"), _photo(tmp_path, 3, "Gate", "red")]
    assert nearest_colour_baseline(train, test) == 0.0


def test_photo_without_a_sight_is_a_test_photo_too(tmp_path: Path) -> None:
    """What it answers for a street is wrong, and less sure than what it answers for a sight."""
    train = [_photo(tmp_path, 0, "Tower", "red")]
    street = replace(_photo(tmp_path, 1, "Tower", "blue"), boxes=())
    assert nearest_colour_baseline(train, [train[0], street]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="got 1 training and 0 test photos of sights"):
        nearest_colour_baseline(train, [street])


def test_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got 0 training and 1 test photos of sights"):
        nearest_colour_baseline([], [_photo(tmp_path, 0, "Tower", "red")])


@pytest.mark.nightly
@pytest.mark.slow  # draws the whole world: a minute of one core, more on a busy machine
@pytest.mark.timeout(900)
def test_default_world_cannot_be_solved_by_colour_and_mean_box(tmp_path: Path) -> None:
    world = draw_world(tmp_path / "world")
    test = world.photos[::5]
    train = [photo for photo in world.photos if photo not in test]
    assert nearest_colour_baseline(train, test) < MAX_BASELINE_MAP50
