"""The two pictures are drawn whatever sights are called: a model is never lost for its name."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.nasty_names import NASTY_NAMES
from trainer.drawing import draw_confusion_matrix, draw_curves
from trainer.progress import EpochRecord

EPOCH = EpochRecord(
    epoch=1,
    epochs=1,
    seconds=1.0,
    box_loss=0.1,
    obj_loss=0.2,
    class_loss=0.3,
    val_map50=0.5,
    val_map50_95=0.4,
)


@pytest.mark.parametrize("name", NASTY_NAMES, ids=ascii)
def test_any_name_is_drawn_and_leaves_the_plot_its_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "confusion_matrix.png"
    with warnings.catch_warnings():
        # Glyphs that DejaVu lacks are drawn as boxes; a plot without room for itself is none.
        warnings.filterwarnings("error", message=".*layout not applied.*")
        draw_confusion_matrix(np.eye(3, dtype=np.int64), [name, "Other"], name[:40], path)
    drawn = np.asarray(Image.open(path).convert("RGB"))
    # Dark cells of the matrix: what was found as what it is.
    assert (drawn.max(axis=2) < 160).mean() > 0.02


def test_curves_are_drawn_under_any_title(tmp_path: Path) -> None:
    draw_curves([EPOCH], 1, " ".join(NASTY_NAMES[:4]), tmp_path / "curves.png")
    assert Image.open(tmp_path / "curves.png").size == (1300, 546)
