"""Train a network epoch by epoch, keep the best average, and be ready to be killed between any two instructions.

A compact loop of our own over YOLOv5's network and loss: its `train.run` cannot be made to resume
exactly, writes pickles beside the photos, and talks to a dozen services.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trainer import network as yolo
from trainer.batches import Batches
from trainer.checkpoint import CheckpointFolder
from trainer.errors import TrainingFailed
from trainer.evaluation import MAX_DETECTED_AT_ONCE, detect_split
from trainer.memory import batches_of, fitting_batch_size, halve_until_it_fits
from trainer.metrics import PhotoResult, measure
from trainer.photos import PhotoStore
from trainer.progress import EpochRecord, say
from trainer.recipe import Recipe
from trainer.request import TrainingRequest
from trainer.schedule import MEASURED_EPOCHS, Schedule, plan_training
from trainer.weights import StartingWeights, transfer_weights

StoppedBy = Literal["epochs", "time_limit", "patience"]
_MAX_LOADING_PROCESSES = 8
# A checkpoint holds the network four times; written after each epoch, it can take as long as a short one.
_MIN_CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True)
class TrainedNetwork:
    """The best average of a training and how it came about: the last epoch that validation photos do not speak against."""

    network: nn.Module
    history: tuple[EpochRecord, ...]
    best_epoch: int
    seconds: float
    stopped_by: StoppedBy
    batch_size: int


@dataclass
class _State:
    """Everything that changes during a training; a checkpoint holds all of it."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    average: yolo.MovingAverage
    scaler: torch.amp.GradScaler
    history: list[EpochRecord] = field(default_factory=list)
    peak_fitness: float = -1.0
    peak_epoch: int = 0
    best_epoch: int = 0
    best_tensors: dict[str, Tensor] = field(default_factory=dict)
    # In float32, which takes more of a photo than training does on a GPU, but no gradients.
    val_batch_size: int = MAX_DETECTED_AT_ONCE


def train(
    request: TrainingRequest,
    class_names: tuple[str, ...],
    train_photos: PhotoStore,
    val_photos: PhotoStore,
    *,
    starting_weights: StartingWeights | None,
    recipe: Recipe,
    checkpoints: CheckpointFolder,
    on_start: Callable[[list[EpochRecord]], None],
    on_epoch: Callable[[list[EpochRecord], float], None],
) -> TrainedNetwork:
    """Train as requested, going on from a checkpoint if there is one; raises TrainingFailed if it diverges.

    Raises BatchTooLarge if a batch does not fit into memory: a smaller one goes on after the last epoch.
    `on_start` gets the epochs already done, `on_epoch` all epochs and the seconds left after each one.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    state = _fresh_state(request, class_names, starting_weights, recipe, device)
    if (saved := checkpoints.load()) is not None:
        _restore(state, saved, device)
        # What did not fit into memory before a kill would not after it.
        batch_size = saved["batch_size"]
        request = replace(request, batch_size=min(request.batch_size or batch_size, batch_size))
        say(f"going on after epoch {len(state.history)} of {request.epochs}")
    if request.batch_size == 0:
        batch_size = fitting_batch_size(state.network, request.image_size, len(train_photos))
        request = replace(request, batch_size=batch_size)
        say(f"batches of {batch_size} photos fit into memory")
    state.val_batch_size = min(state.val_batch_size, request.batch_size)
    val_noise = recipe.val_noise / math.sqrt(sum(bool(one.boxes) for one in val_photos.photos))
    on_start(state.history)
    loss = yolo.build_loss(state.network, recipe, request.image_size)
    with batches_of(request.batch_size):
        batches = Batches(
            train_photos,
            recipe,
            seed=request.seed,
            batch_size=request.batch_size,
            workers=_loading_processes(device),
        )
    # The first epoch of each start is saved, too: it may be the first of a smaller batch.
    saved_at = -math.inf
    while (stopped_by := _stop_reason(state, request, recipe)) is None:
        schedule = plan_training(request, recipe, state.history)
        started = time.monotonic()
        with batches_of(request.batch_size):
            losses = _train_epoch(state, loss, batches, schedule)
        detected = _detect(state, val_photos)
        metrics = measure(detected, class_names)
        if metrics.fitness > state.peak_fitness:
            state.peak_fitness, state.peak_epoch = metrics.fitness, len(state.history) + 1
        if metrics.fitness >= state.peak_fitness - val_noise:
            state.best_epoch = len(state.history) + 1
            state.best_tensors = _copy_tensors(state.average.network)
        state.history.append(
            EpochRecord(
                epoch=len(state.history) + 1,
                epochs=schedule.epochs,
                seconds=time.monotonic() - started,
                box_loss=losses[0],
                obj_loss=losses[1],
                class_loss=losses[2],
                val_map50=metrics.map50,
                val_map50_95=metrics.map50_95,
            )
        )
        # The first two always: the plan is made by what they took, and must stay the same.
        if (
            len(state.history) <= MEASURED_EPOCHS
            or time.monotonic() - saved_at >= _MIN_CHECKPOINT_SECONDS
            or _stop_reason(state, request, recipe) is not None
        ):
            checkpoints.save(_as_checkpoint(state) | {"batch_size": request.batch_size})
            saved_at = time.monotonic()
        schedule = plan_training(request, recipe, state.history)
        on_epoch(state.history, schedule.seconds_left(state.history))
    state.average.network.load_state_dict(state.best_tensors)
    network = state.average.network.to(device="cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return TrainedNetwork(
        network=network,
        history=tuple(state.history),
        best_epoch=state.best_epoch,
        seconds=sum(record.seconds for record in state.history),
        stopped_by=stopped_by,
        batch_size=request.batch_size,
    )


def _fresh_state(
    request: TrainingRequest,
    class_names: tuple[str, ...],
    starting_weights: StartingWeights | None,
    recipe: Recipe,
    device: torch.device,
) -> _State:
    network = yolo.build_network(request.architecture, class_names, request.seed)
    if starting_weights is not None:
        transfer = transfer_weights(starting_weights, network)
        say(
            f"weights {request.weights}: tensors taken over whole={transfer.whole} "
            f"in_part={transfer.in_part} left_out={transfer.left_out}"
        )
    # Convolutions are a sixth faster where the channels of a pixel lie side by side.
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return _State(
        network=network,
        optimizer=yolo.build_optimizer(network, recipe),
        average=yolo.MovingAverage(network, recipe),
        # Mixed precision is a matter of GPUs; on a CPU it only loses digits.
        scaler=torch.amp.GradScaler(device.type, enabled=device.type == "cuda"),
    )


def _stop_reason(state: _State, request: TrainingRequest, recipe: Recipe) -> StoppedBy | None:
    """Say why no epoch follows, or None."""
    done = len(state.history)
    schedule = plan_training(request, recipe, state.history)
    if done >= request.epochs:
        return "epochs"
    if done >= schedule.epochs or schedule.next_epoch_passes_limit(state.history):
        return "time_limit"
    if 0 < request.patience <= done - state.peak_epoch:
        return "patience"
    return None


def _train_epoch(
    state: _State, loss: yolo.Loss, batches: Batches, schedule: Schedule
) -> tuple[float, float, float]:
    """Run one epoch; return the mean box, objectness and class loss."""
    device = next(state.network.parameters()).device
    epoch, full_size = len(state.history), schedule.request.image_size
    size = schedule.image_size(epoch)
    state.network.train()
    state.optimizer.zero_grad()
    sums = torch.zeros(3, device=device)
    waiting = 0  # batches whose gradients are summed but not yet used
    for number, (images, targets) in enumerate(
        batches.of_epoch(epoch, allow_mosaic=schedule.has_mosaics(epoch))
    ):
        done = epoch + number / len(batches)
        _set_rates(state.optimizer, schedule, done)
        with torch.autocast(device.type, enabled=state.scaler.is_enabled()):
            pixels = images.to(device, non_blocking=True).float() / 255
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            if size != full_size:
                pixels = functional.interpolate(pixels, size=(size, size), mode="area")
            outputs = state.network(pixels)
            total, parts = loss(outputs, targets.to(device))
        if not math.isfinite(total.item()):
            msg = (
                f"the loss became {total.item()} in epoch {epoch + 1}, batch {number + 1}; "
                "try another seed or a larger batch_size, and look at the boxes of the photos"
            )
            raise TrainingFailed(msg)
        state.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        sums += parts
        waiting += 1
        if waiting >= schedule.batches_a_step(done) or number == len(batches) - 1:
            _step(state, schedule.recipe)
            waiting = 0
    box, objectness, classes = (sums / len(batches)).tolist()
    return box, objectness, classes


def _set_rates(optimizer: torch.optim.Optimizer, schedule: Schedule, epochs_done: float) -> None:
    rate = schedule.learning_rate(epochs_done / schedule.epochs) * schedule.warmth(epochs_done)
    for group in optimizer.param_groups:
        group["lr"] = rate


def _step(state: _State, recipe: Recipe) -> None:
    state.scaler.unscale_(state.optimizer)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), recipe.gradient_norm_limit)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.optimizer.zero_grad()
    state.average.update(state.network)


def _detect(state: _State, val_photos: PhotoStore) -> list[PhotoResult]:
    """Return what the average finds on the val photos, in smaller batches from now on if they do not fit."""

    def detector(images: NDArray[np.float32]) -> Tensor:
        return yolo.detect(state.average.network, images)

    def detect(batch_size: int) -> list[PhotoResult]:
        with batches_of(batch_size):
            detected = detect_split(detector, val_photos, batch_size)
        state.val_batch_size = batch_size
        return detected

    return halve_until_it_fits(state.val_batch_size, detect, of="validation photos")


def _loading_processes(device: torch.device) -> int:
    # On a CPU the network needs the cores, and augmenting a cached photo takes a twentieth of its
    # time.
    if device.type == "cpu":
        return 0
    return min(_MAX_LOADING_PROCESSES, len(os.sched_getaffinity(0)))


def _as_checkpoint(state: _State) -> dict[str, Any]:
    return {
        "network": state.network.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "average": state.average.network.state_dict(),
        "average_steps": state.average.steps,
        "scaler": state.scaler.state_dict(),
        "history": [asdict(record) for record in state.history],
        "peak_fitness": state.peak_fitness,
        "peak_epoch": state.peak_epoch,
        "best_epoch": state.best_epoch,
        "best_tensors": state.best_tensors,
        "val_batch_size": state.val_batch_size,
    }


def _restore(state: _State, saved: dict[str, Any], device: torch.device) -> None:
    state.network.load_state_dict(saved["network"])
    state.optimizer.load_state_dict(saved["optimizer"])
    state.average.restore(saved["average"], saved["average_steps"])
    if state.scaler.is_enabled() and saved["scaler"]:
        state.scaler.load_state_dict(saved["scaler"])
    state.history = [EpochRecord(**record) for record in saved["history"]]
    state.peak_fitness, state.peak_epoch = saved["peak_fitness"], saved["peak_epoch"]
    state.best_epoch = saved["best_epoch"]
    state.val_batch_size = saved["val_batch_size"]
    state.best_tensors = {name: tensor.to(device) for name, tensor in saved["best_tensors"].items()}


def _copy_tensors(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
