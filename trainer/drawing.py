"""Two pictures of a training for people: how it went, and what the model confuses with what.

Names are written as they are: to matplotlib, what stands between dollars would be a formula.
"""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trainer import model_folder
from trainer.dataset_folder import Dataset
from trainer.metrics import PhotoResult, confusion_matrix
from trainer.progress import EpochRecord, say
from trainer.training import TrainedNetwork

_INK, _FAINT = "#1f2933", "#9aa5b1"
_BLUE, _TEAL, _ORANGE, _RED = "#2563eb", "#0d9488", "#ea8a0c", "#c0392b"
_DOTS_AN_INCH = 130
_LABEL_WIDTH = 16
_LABEL_LINES = 3


def draw_model(
    trained: TrainedNetwork, shown: Sequence[PhotoResult], dataset: Dataset, model_dir: Path
) -> None:
    """Draw both beside a model; one that cannot be drawn is no reason to lose it."""
    name = f"{dataset.city}, version {dataset.version}"
    curves, confusion = (
        model_dir / file for file in (model_folder.CURVES_FILE, model_folder.CONFUSION_FILE)
    )
    with no_model_lost_for(curves):
        draw_curves(trained.history, trained.best_epoch, name, curves)
    with no_model_lost_for(confusion):
        draw_confusion_matrix(
            confusion_matrix(shown, len(dataset.class_names)),
            dataset.class_names,
            f"{name}: {len(shown)} test photos",
            confusion,
        )


@contextmanager
def no_model_lost_for(path: Path) -> Iterator[None]:
    """Do without a picture that cannot be drawn, whatever the reason: people paid for the model."""
    # One that another training left here is none of this one.
    with suppress(OSError):
        path.unlink()
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a drawing library raises what it likes
        say(f"{path.name} could not be drawn ({type(error).__name__}: {error})")
        with suppress(OSError):
            path.unlink()


@mpl.rc_context({"text.parse_math": False, "text.usetex": False})
def draw_curves(history: Sequence[EpochRecord], best_epoch: int, title: str, path: Path) -> None:
    """Draw validation quality and training losses over the epochs."""
    epochs = [record.epoch for record in history]
    figure = _figure(10, 4.2)
    quality, losses = figure.subplots(1, 2)
    figure.suptitle(title, color=_INK, fontsize=13, fontweight="bold", x=0.02, ha="left")

    quality.plot(
        epochs, [record.val_map50 for record in history], color=_BLUE, linewidth=2, label="mAP50"
    )
    quality.plot(
        epochs,
        [record.val_map50_95 for record in history],
        color=_TEAL,
        linewidth=2,
        label="mAP50-95",
    )
    best = next(record for record in history if record.epoch == best_epoch)
    quality.plot([best_epoch], [best.val_map50], "o", color=_BLUE, markersize=7)
    quality.axvline(best_epoch, color=_FAINT, linewidth=1, linestyle="--", zorder=0)
    quality.set_ylim(0, 1.02)
    _style(
        quality,
        f"Quality on validation photos; best in epoch {best_epoch} (mAP50 {best.val_map50:.3f})",
    )

    losses.plot(
        epochs, [record.box_loss for record in history], color=_ORANGE, linewidth=2, label="box"
    )
    losses.plot(
        epochs,
        [record.obj_loss for record in history],
        color=_BLUE,
        linewidth=2,
        label="objectness",
    )
    losses.plot(
        epochs, [record.class_loss for record in history], color=_RED, linewidth=2, label="class"
    )
    losses.set_ylim(bottom=0)
    _style(losses, "Training losses")
    for axes in (quality, losses):
        axes.set_xlabel("epoch", color=_INK)
        axes.set_xlim(0.5, max(epochs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=_DOTS_AN_INCH)


@mpl.rc_context({"text.parse_math": False, "text.usetex": False})
def draw_confusion_matrix(
    counts: NDArray[np.int64], class_names: Sequence[str], title: str, path: Path
) -> None:
    """Draw how often each sight (columns) was found as what (rows), as counts over the share of its column."""
    size = len(class_names) + 1
    labels = [_write_label(name) for name in class_names]
    shares = counts / np.maximum(counts.sum(axis=0, keepdims=True), 1)
    # "Nothing taken for nothing" is not counted by anyone; the last column is about false alarms.
    side = min(24.0, max(5.5, 1.5 + 0.85 * size))
    figure = _figure(side + 0.8, side)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for row in range(size):
        for column in range(size):
            if counts[row, column]:
                axes.text(
                    column,
                    row,
                    str(counts[row, column]),
                    ha="center",
                    va="center",
                    fontsize=11,
                    color="white" if shares[row, column] > 0.55 else _INK,
                )
    axes.set_xticks(
        range(size), [*labels, "nothing"], rotation=40, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(size), [*labels, "nothing"])
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0, colors=_INK)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("what it is", color=_INK, fontsize=11)
    axes.set_ylabel("what the model says", color=_INK, fontsize=11)
    axes.set_title(title, color=_INK, fontsize=13, fontweight="bold", loc="left", pad=12)
    figure.savefig(path, dpi=_DOTS_AN_INCH)


def _write_label(name: str) -> str:
    """Return a name in lines; what no font can draw is left out."""
    drawable = "".join(letter if letter.isprintable() else " " for letter in name)
    return textwrap.fill(drawable, _LABEL_WIDTH, max_lines=_LABEL_LINES, placeholder=" …")


def _figure(width_inches: float, height_inches: float) -> Figure:
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _style(axes: Axes, title: str) -> None:
    axes.set_title(title, color=_INK, fontsize=11, loc="left")
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_FAINT)
    axes.tick_params(colors=_INK, labelsize=9)
