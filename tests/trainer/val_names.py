"""Names as a model gives them on val photos, for tests of what is learnt from them."""

import numpy as np

from trainer.calibration import Names

Row = tuple[int, int, float, bool]


def names(
    rows: list[Row], boxes: tuple[int, ...] = (5, 5), backgrounds: tuple[int, ...] = ()
) -> Names:
    """Return names from (photo, class, score, whether it is right)."""
    photos, classes, scores, right = (
        np.array([row[column] for row in rows], dtype=kind)
        for column, kind in enumerate((np.intp, np.intp, np.float64, np.bool_))
    )
    return Names(
        photos,
        classes,
        scores,
        right,
        np.array(boxes),
        len({*photos.tolist()} - {*backgrounds}),
        np.array(backgrounds, dtype=np.intp),
    )
