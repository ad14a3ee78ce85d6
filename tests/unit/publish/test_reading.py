"""One pass: photo by photo, each model answers it once, and says what it says alone."""

from collections.abc import Iterator

import pytest

from sightscan.box import Box
from sightscan.errors import PublicationError
from sightscan.publish import reading
from sightscan.publish.detector import OnnxDetector, Pixels, decode_photo
from sightscan.publish.reading import Entrant, JudgedPhoto, read_photos
from tests.cities.colour_city import COLOURS, FIXTURES, draw_patch
from tests.judged_photos import Labelled, read


@pytest.fixture(scope="module")
def patches() -> list[Labelled]:
    return [
        (content, [(name, box)])
        for name, (content, box) in ((name, draw_patch(name, name)) for name in COLOURS)
    ]


def load(onnx: str) -> Entrant:
    detector = OnnxDetector((FIXTURES / onnx).read_bytes())
    return Entrant(detector, detector.class_names)


@pytest.mark.parametrize("onnx", ["colours.onnx", "permuted.onnx"])
def test_onnx_file_is_measured_by_names_whatever_their_order(
    onnx: str, patches: list[Labelled]
) -> None:
    assert read(load(onnx).detector, patches).measure.map50 == pytest.approx(1)


def test_models_say_together_what_they_say_alone(patches: list[Labelled]) -> None:
    entrants = [load(onnx) for onnx in ("colours.onnx", "loose.onnx", "blind.onnx")]
    photos = [(JudgedPhoto(bytes([n]), tuple(t)), c) for n, (c, t) in enumerate(patches)]
    together = read_photos(entrants, photos)
    for one, entrant in zip(together, entrants, strict=True):
        alone = read(entrant.detector, patches)
        assert one.photos == alone.photos
        assert one.measure.map50_95 == alone.measure.map50_95
        assert one.list_named(COLOURS) == alone.list_named(COLOURS)
    assert [len(one.shown.right) for one in together] == [5, 5, 0]


def test_sights_on_a_photo_are_told_without_what_is_ignored() -> None:
    whole = Box(0, 0, 1, 1)
    photo = JudgedPhoto(b"", (("Gate", whole), ("", whole), ("Arch", whole), ("Gate", whole)))
    assert photo.sights == ("Arch", "Gate")


def test_photos_come_one_by_one(patches: list[Labelled], monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    def note(content: bytes) -> Pixels:
        events.append("decoded")
        return decode_photo(content)

    def photos() -> Iterator[tuple[JudgedPhoto, bytes]]:
        for content, truth in patches[:2]:
            events.append("came")
            yield JudgedPhoto(b"", tuple(truth)), content

    monkeypatch.setattr(reading, "decode_photo", note)
    read_photos([load("colours.onnx"), load("loose.onnx")], photos())
    assert events == ["came", "decoded"] * 2


def test_test_photo_that_is_no_image_says_so() -> None:
    with pytest.raises(PublicationError, match="is no image"):
        read(load("colours.onnx").detector, [(b"nothing", [("Tower", Box(0, 0, 1, 1))])])
