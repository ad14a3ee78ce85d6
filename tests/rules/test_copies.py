"""Where programs that share no code need the same, each has a copy, and all copies are one text."""

import pytest

from tests.rules.source_tree import REPOSITORY

COPIES = {
    "what an answer of a model means": (
        "trainer/decoding.py",
        "plugins/sightscan/publish/decoding.py",
        "detector_app/models/decoding.py",
    ),
    "what models are refused": (
        "detector_app/models/onnx_file.py",
        "plugins/sightscan/publish/onnx_file.py",
    ),
    "what of a photo's file is read": (
        "detector_app/photos/photo_metadata.py",
        "plugins/sightscan/photo_metadata.py",
    ),
    "how a photo's colours are shown": (
        "detector_app/photos/photo_colour.py",
        "plugins/sightscan/photo_colour.py",
    ),
    "whose signature is believed": (
        "detector_app/signature.py",
        "plugins/sightscan/signature.py",
    ),
    "how secrets are read from files": (
        "detector_app/secret_files.py",
        "plugins/sightscan/secret_files.py",
    ),
    "how a model is tried": (
        "detector_app/models/onnx_trial.py",
        "plugins/sightscan/publish/onnx_trial.py",
    ),
}


@pytest.mark.parametrize("what", COPIES)
def test_copies_are_the_same(what: str) -> None:
    first, *others = COPIES[what]
    for other in others:
        assert (REPOSITORY / first).read_bytes() == (REPOSITORY / other).read_bytes(), (
            f"{first} and {other} are one text in two places: cp the one that was changed"
        )
