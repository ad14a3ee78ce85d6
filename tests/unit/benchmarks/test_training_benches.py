"""The benches of training: nobody judges who was learnt from, and bounds say what they promise."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import openset, train
from benchmarks.one_training import LANDED, change
from benchmarks.world_dataset import (
    City,
    cap_backgrounds,
    divide,
    label_of,
    write_dataset,
    write_unknown,
)
from sandbox.world.world import WorldBox, WorldPhoto, write_manifest


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sights with ten photos each, of noise."""
    folder = tmp_path_factory.mktemp("world")
    chance, photos = np.random.default_rng(0), []
    for number in range(50):
        pixels = chance.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        box = WorldBox(f"Sight {number % 5}", 2, 2, 10, 10)
        photos.append(WorldPhoto(path.name, path, 16, 12, (box,)))
    write_manifest(folder, "Port Aurel", photos)
    return folder


def files(photos: list[WorldPhoto]) -> set[str]:
    return {photo.file for photo in photos}


def parts_of(city: City) -> list[set[str]]:
    every = [*city.photos.values(), *city.known.values(), city.unknown]
    return [files(list(part)) for part in every]


@pytest.mark.parametrize("seed", [1, 2])
def test_each_photo_is_in_one_part_and_unknown_sights_are_in_none(world: Path, seed: int) -> None:
    city = divide(world, None, seed)
    parts = parts_of(city)
    assert sum(map(len, parts)) == len(set().union(*parts))
    taught = [photo for part in (*city.photos.values(), *city.known.values()) for photo in part]
    known = {box.sight for photo in taught for box in photo.boxes}
    assert city.unknown
    assert known.isdisjoint(box.sight for photo in city.unknown for box in photo.boxes)
    assert parts == parts_of(divide(world, None, seed))


def test_another_city_leaves_all_sights_of_this_one(world: Path) -> None:
    assert len(divide(world, world, 1).sights) == 5
    assert len(divide(world, None, 1).sights) == 3


def test_backgrounds_have_empty_labels(world: Path, tmp_path: Path) -> None:
    city = divide(world, None, 1)
    folder = write_dataset(tmp_path / "dataset", city, with_backgrounds=True, request={})
    labels = [path.read_text() for path in (folder / "labels" / "train").iterdir()]
    assert labels.count("") == len(city.known["train"]) > 0
    assert write_unknown(folder, city)["of unknown sights"] == len(city.unknown)


def test_box_beyond_the_edge_is_cut_to_the_photo() -> None:
    box, other = WorldBox("Hall", -0.4, 10, 50, 60), WorldBox("Tower", 0, 0, 1, 1)
    photo = WorldPhoto("a.jpg", Path("a.jpg"), 100, 100, (other, box))
    assert label_of(photo, ["Bridge", "Hall"]) == "1 0.250000 0.350000 0.500000 0.500000\n"


def test_levers_change_a_recipe_and_unknown_ones_are_named() -> None:
    changed = change(LANDED, ["mosaic=1.0", "average_ramp_steps=2000"])
    assert (changed.mosaic, changed.average_ramp_steps, changed.scale) == (1.0, 2000, 0.4)
    with pytest.raises(SystemExit, match="lever 'mosaik=1'"):
        change(LANDED, ["mosaik=1"])


@pytest.mark.parametrize(
    ("ours", "broken"),
    [(0.72, []), (0.70, ["ours: mAP50-95, by the better of stock and landed + 0.02"])],
)
def test_ours_must_reach_stock_and_landed_by_a_margin(ours: float, broken: list[str]) -> None:
    def tries(map50_95: float) -> list[dict[str, float]]:
        return [dict.fromkeys(train.MEASURES, 1.0) | {"map50_95": map50_95}] * 3

    rows = train.rows_of(
        {"stock": tries(0.71), "landed": tries(0.685), "ours": tries(ours)}, {"test": 3}
    )
    assert [row.measure for row in rows if row.holds is False] == broken


@pytest.mark.parametrize(("count", "named"), [(1, 0), (49, 0), (50, 1), (100, 2)])
def test_threshold_of_a_model_without_any_leaves_two_in_a_hundred(count: int, named: int) -> None:
    surest = np.linspace(0.1, 0.9, count)
    decoding = openset.global_decoding([np.array([[each, 0.0]]) for each in surest], 2)
    assert sum(decoding.name(np.array([[each, 0.0]]))[2] for each in surest) == named


def test_name_is_the_surest_of_those_that_may_be_shown() -> None:
    decoding = openset.Decoding(np.array([[0, 0], [0.5, 0.8], [1, 1]]), np.array([0.9, 0.5]))
    assert decoding.name(np.array([[0.5, 0.1], [0.2, 0.4]])) == (1, pytest.approx(0.64), True)
    assert decoding.name(np.array([[0.5, 0.1]])) == (0, pytest.approx(0.8), False)


def test_own_and_unknown_photos_count_the_same_for_the_calibration_error() -> None:
    # Of the own ones all are right, of a hundred unknown ones none is.
    own, unknown = [(0.9, True, True)] * 10, [(0.3, False, False)] * 100
    answers = [openset.Answer(*one) for one in own + unknown]
    error, by_chance = openset.calibrate(answers)
    assert error == pytest.approx((0.1 + 0.3) / 2)
    # Ten of 0.9 are off by 0.076 by chance, a hundred of 0.3 by 0.037.
    assert by_chance == pytest.approx((0.076 + 0.037) / 2, abs=0.005)
    assert openset.calibrate([]) == (0, 0)


def test_backgrounds_are_no_more_than_a_dataset_would_have() -> None:
    for known, own in ((20, 40), (1000, 40), (1000, 400)):
        parts = cap_backgrounds(list(range(known)), own)
        assert len(parts["train"]) <= 3 / 7 * own
        assert len(parts["val"]) <= 50
        assert parts["test"] == []
        assert {*parts["train"]}.isdisjoint(parts["val"])
    assert [len(part) for part in cap_backgrounds(list(range(24)), 40).values()] == [0, 7, 17]
    assert [len(part) for part in cap_backgrounds(list(range(374)), 40).values()] == [0, 50, 17]
    assert [len(part) for part in cap_backgrounds(list(range(10)), 40).values()] == [0, 3, 7]


def test_separation_is_by_order_alone_and_what_is_right_is_above_all_but_two_in_a_hundred() -> None:
    unknown = np.linspace(0.01, 0.50, 50)
    own = np.array([0.495, 0.60, 0.70, 0.255])
    right = np.array([True, True, False, True])
    # One of 50 may be named: from above 0.49 on.
    assert openset.separate(own, right, unknown) == (
        pytest.approx((49 + 50 + 50 + 25) / 200),
        pytest.approx(2 / 4),
    )
