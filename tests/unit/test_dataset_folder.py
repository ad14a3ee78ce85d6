"""The dataset folder as values: YOLO's lines, the manifest, the hash of the whole."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box
from sightscan.dataset_folder import (
    FrozenBox,
    FrozenDataset,
    FrozenPhoto,
    FrozenSight,
    hash_dataset,
)
from trainer.dataset_folder import parse_label

PHOTO = FrozenPhoto(b"\x01" * 32, "image/webp", "test", (FrozenBox(2, Box(0.0, 0.25, 0.5, 0.75)),))
NAMES = ("Tower", "Gate", "Museum Island, Berlin")


def test_files_are_named_by_hash() -> None:
    assert PHOTO.image_name == f"{'01' * 32}.webp"
    assert PHOTO.label_name == f"{'01' * 32}.txt"


def test_box_at_the_edge_is_a_yolo_line() -> None:
    assert PHOTO.label_text == "2 0.250000 0.500000 0.500000 0.500000\n"


def test_photo_without_boxes_has_an_empty_label() -> None:
    assert replace(PHOTO, boxes=()).label_text == ""


edges = st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)).filter(
    lambda pair: abs(pair[0] - pair[1]) > 1e-4
)


@given(edges, edges)
def test_trainer_accepts_every_box_inside_the_photo(
    across: tuple[float, float], down: tuple[float, float]
) -> None:
    box = Box(min(across), min(down), max(across), max(down))
    (parsed,) = parse_label(replace(PHOTO, boxes=(FrozenBox(2, box),)).label_text, 3, "label")
    assert parsed.class_index == 2


def test_manifest_says_what_the_trainer_reads() -> None:
    dataset = FrozenDataset("Q64", "berlin", 3, b"\xaa" * 32, NAMES, (5, 7, 9), 20, 4, 5)
    assert json.loads(dataset.manifest_of([PHOTO])) == {
        "city": "berlin",
        "version": 3,
        "class_names": list(NAMES),
        "sight_ids": [5, 7, 9],
        "counts": {"train": 20, "val": 4, "test": 5},
        "backgrounds": {"train": 0, "val": 0, "test": 0},
        "ignored_regions": {},
        "units": [],
        "sha256": "aa" * 32,
    }


def test_manifest_says_what_is_known_of_sights_backgrounds_and_what_to_ignore() -> None:
    tower = FrozenSight(5, "Q243", {"en": "Tower", "de": "Turm"}, 52.5, 13.4, is_asymmetric=True)
    dataset = FrozenDataset(
        "Q64", "berlin", 3, b"\xaa" * 32, ("Tower",), (5,), 20, 4, 5, (tower,), 4, 1, 2,
        ignored_regions={b"\x01" * 32: (Box(0.0, 0.25, 0.5, 0.75),)},
    )  # fmt: skip
    said = json.loads(dataset.manifest_of([PHOTO]))
    assert said["sights"] == [
        {
            "id": 5,
            "wikidata_id": "Q243",
            "names": {"en": "Tower", "de": "Turm"},
            "latitude": 52.5,
            "longitude": 13.4,
            "is_asymmetric": True,
        }
    ]
    assert said["backgrounds"] == {"train": 4, "val": 1, "test": 2}
    assert said["ignored_regions"] == {"01" * 32: [[0.25, 0.5, 0.5, 0.5]]}


def test_manifest_says_which_photos_are_linked_by_whatever_chain() -> None:
    def photo(number: int, *links: bytes) -> FrozenPhoto:
        return replace(PHOTO, sha256=bytes([number]) * 32, links=frozenset(links))

    # A cluster is named after one of its photos.
    photos = [photo(1, b"a"), photo(2, b"b"), photo(3, b"a", b"b"), photo(4, b"c"), photo(5)]
    photos += [photo(6, b"\x06" * 32), photo(7, b"\x06" * 32)]
    dataset = FrozenDataset("Q64", "berlin", 3, b"\xaa" * 32, NAMES, (5, 7, 9), 20, 4, 5)
    assert json.loads(dataset.manifest_of(photos))["units"] == [
        ["01" * 32, "02" * 32, "03" * 32],
        ["06" * 32, "07" * 32],
    ]
    assert dataset.manifest_of(photos[::-1]) == dataset.manifest_of(photos)


def test_hash_of_what_older_versions_could_freeze_stays() -> None:
    assert hash_dataset("Q64", NAMES, [PHOTO]).hex() == (
        "0d1849ce5f9a7ea3fefef47e647dd0c2c93e7ba659db05730d11100e9ed06a3d"
    )
    ignored = replace(PHOTO, ignored=(Box(0.5, 0.5, 1.0, 1.0),))
    hashes = [
        hash_dataset("Q64", NAMES, [PHOTO]),
        hash_dataset("Q64", NAMES, [ignored]),
        hash_dataset("Q64", NAMES, [PHOTO], asymmetric=[7]),
    ]
    assert len(set(hashes)) == 3


def test_hash_ignores_the_order_of_photos_and_sees_everything_else() -> None:
    other = replace(PHOTO, sha256=b"\x02" * 32, split="train")
    whole = hash_dataset("Q64", NAMES, [PHOTO, other])
    assert hash_dataset("Q64", NAMES, [other, PHOTO]) == whole
    changed = [
        hash_dataset("Q1754", NAMES, [PHOTO, other]),
        hash_dataset("Q64", NAMES[::-1], [PHOTO, other]),
        hash_dataset("Q64", NAMES, [PHOTO]),
        hash_dataset("Q64", NAMES, [replace(PHOTO, split="val"), other]),
        hash_dataset("Q64", NAMES, [replace(PHOTO, boxes=()), other]),
    ]
    assert len({whole, *changed}) == 6
