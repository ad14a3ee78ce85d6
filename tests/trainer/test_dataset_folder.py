"""What makes a dataset folder usable, and how each kind of damage is named before training starts."""

import json
import shutil
from pathlib import Path

import pytest

from trainer.dataset_folder import Box, Region, parse_label, read_dataset
from trainer.errors import BadDataset


def first(folder: Path) -> Path:
    return min(folder.iterdir())


def edit_manifest(dataset_dir: Path, **changes: object) -> None:
    path = dataset_dir / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_whole_folder_is_read(dataset_dir: Path) -> None:
    dataset = read_dataset(dataset_dir)
    assert (dataset.city, dataset.version, len(dataset.train), len(dataset.val)) == (
        "testville",
        3,
        8,
        4,
    )


def test_linked_photos_are_as_good_as_copies(dataset_dir: Path, tmp_path: Path) -> None:
    store = tmp_path / "kept by hash"
    store.mkdir()
    for photo in (dataset_dir / "images" / "train").iterdir():
        shutil.move(photo, store / photo.name)
        photo.symlink_to(store / photo.name)
    assert len(read_dataset(dataset_dir).train) == 8


def test_empty_label_file_is_a_photo_of_nothing(dataset_dir: Path) -> None:
    label = first(dataset_dir / "labels" / "train")
    label.write_text("")
    photos = {photo.sha256: photo for photo in read_dataset(dataset_dir).train}
    assert photos[label.stem].boxes == ()


def test_label_lines_become_boxes() -> None:
    assert parse_label("1 0.5 0.5 0.2 0.4\n\n0 0.1 0.1 0.2 0.2\n", 2, "x") == (
        Box(1, 0.5, 0.5, 0.2, 0.4),
        Box(0, 0.1, 0.1, 0.2, 0.2),
    )


@pytest.mark.parametrize(
    "line",
    [
        "0 0.5 0.5 0.2",
        "0 0.5 0.5 0.2 0.2 0.9",
        "a 0.5 0.5 0.2 0.2",
        "0 0.5 0.5 x 0.2",
        "0.5 0.5 0.5 0.2 0.2",
        "2 0.5 0.5 0.2 0.2",
        "-1 0.5 0.5 0.2 0.2",
        "0 0.95 0.5 0.2 0.2",
        "0 0.5 0.5 0 0.2",
        "0 0.5 0.5 -0.1 0.2",
        "0 nan 0.5 0.2 0.2",
        "0 0.5 0.5 inf 0.2",
        "0 320 240 100 100",
    ],
)
def test_junk_in_a_label_is_named_with_file_and_line(line: str) -> None:
    with pytest.raises(BadDataset, match=r"some\.txt, line 2"):
        parse_label(f"0 0.5 0.5 0.1 0.1\n{line}\n", 2, "some.txt")


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_missing_split_is_named(dataset_dir: Path, split: str) -> None:
    shutil.rmtree(dataset_dir / "images" / split)
    with pytest.raises(BadDataset, match=f"'{split}' is missing"):
        read_dataset(dataset_dir)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_empty_split_is_named(dataset_dir: Path, split: str) -> None:
    for photo in (dataset_dir / "images" / split).iterdir():
        photo.unlink()
    with pytest.raises(BadDataset, match=f"'{split}' is empty"):
        read_dataset(dataset_dir)


def test_photo_lost_on_the_way_is_noticed(dataset_dir: Path) -> None:
    first(dataset_dir / "images" / "val").unlink()
    with pytest.raises(BadDataset, match=r"3 photos, but dataset\.json counts 4"):
        read_dataset(dataset_dir)


def test_photo_without_label_file_is_refused(dataset_dir: Path) -> None:
    first(dataset_dir / "labels" / "train").unlink()
    with pytest.raises(BadDataset, match=r"\.txt is missing"):
        read_dataset(dataset_dir)


def test_class_without_training_box_is_named(dataset_dir: Path) -> None:
    edit_manifest(dataset_dir, class_names=["Round Tower", "Square Hall", "Long Bridge"])
    with pytest.raises(BadDataset, match="Long Bridge"):
        read_dataset(dataset_dir)


def test_split_of_nothing_but_empty_photos_is_refused(dataset_dir: Path) -> None:
    for label in (dataset_dir / "labels" / "val").iterdir():
        label.write_text("")
    with pytest.raises(BadDataset, match="'val' has no box"):
        read_dataset(dataset_dir)


def test_photo_in_two_splits_is_a_leak(dataset_dir: Path) -> None:
    photo = first(dataset_dir / "images" / "train")
    shutil.copy(photo, dataset_dir / "images" / "test")
    shutil.copy(
        dataset_dir / "labels" / "train" / f"{photo.stem}.txt", dataset_dir / "labels" / "test"
    )
    edit_manifest(dataset_dir, counts={"train": 8, "val": 4, "test": 5})
    with pytest.raises(BadDataset, match="is in train and in test"):
        read_dataset(dataset_dir)


@pytest.mark.parametrize(
    ("key", "value"),
    [("city", ""), ("version", "1"), ("class_names", []), ("counts", None), ("sha256", 5)],
)
def test_wrong_manifest_value_is_named(dataset_dir: Path, key: str, value: object) -> None:
    edit_manifest(dataset_dir, **{key: value})
    with pytest.raises(BadDataset, match=key):
        read_dataset(dataset_dir)


def test_class_named_twice_is_refused(dataset_dir: Path) -> None:
    edit_manifest(dataset_dir, class_names=["Gate", "Gate"])
    with pytest.raises(BadDataset, match="different"):
        read_dataset(dataset_dir)


@pytest.mark.parametrize("text", [None, "", "[]", "{", "3"])
def test_folder_without_readable_manifest_is_refused(dataset_dir: Path, text: str | None) -> None:
    (dataset_dir / "dataset.json").unlink()
    if text is not None:
        (dataset_dir / "dataset.json").write_text(text)
    with pytest.raises(BadDataset, match=r"dataset\.json"):
        read_dataset(dataset_dir)


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        ({}, (11, 12)),
        ({"sight_ids": None}, None),
        ({"sights": [{"id": 7, "names": {"en": "Round Tower"}}, {"id": 5}]}, (7, 5)),
    ],
)
def test_sights_are_known_by_their_ids(
    dataset_dir: Path, told: dict[str, object], ids: tuple[int, ...] | None
) -> None:
    edit_manifest(dataset_dir, **told)
    assert read_dataset(dataset_dir).sight_ids == ids


@pytest.mark.parametrize(
    "told",
    [
        {"sight_ids": [11]},
        {"sight_ids": [11, 11]},
        {"sight_ids": [11, "12"]},
        {"sight_ids": [11, True]},
        {"sight_ids": 11},
        {"sights": [{"id": 11}, {}]},
        {"sights": {"id": 11}},
        {"sights": "none"},
    ],
)
def test_ids_that_are_none_are_refused(dataset_dir: Path, told: dict[str, object]) -> None:
    edit_manifest(dataset_dir, **told)
    with pytest.raises(BadDataset, match="one number for each class"):
        read_dataset(dataset_dir)


def test_units_of_photos_are_read(dataset_dir: Path) -> None:
    one, two, three, *_ = read_dataset(dataset_dir).train
    assert one.unit == ""
    edit_manifest(dataset_dir, units=[[three.sha256, one.sha256]])
    read = read_dataset(dataset_dir).train
    assert read[0].unit == read[2].unit != ""
    assert read[1] == two


def test_asymmetric_sights_and_ignored_regions_are_read(dataset_dir: Path) -> None:
    sha256 = first(dataset_dir / "images" / "train").stem
    edit_manifest(
        dataset_dir,
        sights=[{"id": 11, "is_asymmetric": False}, {"id": 12, "is_asymmetric": True}],
        ignored_regions={sha256: [[0.2, 0.3, 0.1, 0.2], [0.5, 0.5, 1, 1]]},
    )
    dataset = read_dataset(dataset_dir)
    assert dataset.asymmetric == {1}
    ignored = {photo.sha256: photo.ignored for photo in dataset.train}
    assert ignored.pop(sha256) == (Region(0.2, 0.3, 0.1, 0.2), Region(0.5, 0.5, 1.0, 1.0))
    assert set(ignored.values()) == {()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sights", [{"id": 11}]),
        ("sights", {"id": 11}),
        ("units", "ab"),
        ("units", ["ab"]),
        ("units", [[]]),
        ("units", [[1, 2]]),
        ("ignored_regions", []),
        ("ignored_regions", {"a": [[0.5, 0.5, 1]]}),
        ("ignored_regions", {"a": [[0.5, 0.5, 1, "x"]]}),
        ("ignored_regions", {"a": [[0.5, 0.5, 1, float("nan")]]}),
        ("ignored_regions", {"a": [[0.5, 0.5, 640, 20]]}),
    ],
)
def test_wrong_sights_and_ignored_regions_are_named(
    dataset_dir: Path, key: str, value: object
) -> None:
    edit_manifest(dataset_dir, **{key: value})
    with pytest.raises(BadDataset, match=key):
        read_dataset(dataset_dir)
