"""The only door to YOLOv5: its network, its loss, its optimiser groups and its moving average, typed.

Everything else of that package (data loaders, loggers, plots, downloads, check for updates) stays
unused.
"""

import importlib.resources
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from yolov5.models.yolo import DetectionModel
from yolov5.utils.loss import ComputeLoss
from yolov5.utils.torch_utils import ModelEMA, smart_optimizer

from trainer.recipe import Recipe

Loss = Callable[[list[Tensor], Tensor], tuple[Tensor, Tensor]]
_REFERENCE_IMAGE_SIZE = 640


def build_network(architecture: str, class_names: tuple[str, ...], seed: int) -> nn.Module:
    """Build an untrained network; the same seed gives the same weights."""
    # Its log tells the layers of each network that it builds; nobody watching a training asks for
    # that.
    logging.getLogger("yolov5").setLevel(logging.WARNING)
    torch.manual_seed(seed)
    plan = importlib.resources.files("yolov5") / "models" / f"{architecture}.yaml"
    network: nn.Module = DetectionModel(str(plan), ch=3, nc=len(class_names))  # type: ignore[no-untyped-call]
    network.names = dict(enumerate(class_names))  # type: ignore[assignment]
    return network


def build_loss(network: nn.Module, recipe: Recipe, image_size: int) -> Loss:
    """Build YOLOv5's loss: (raw outputs, targets) -> (sum over the batch, tensor of box, objectness, class parts)."""
    network.hyp = {  # type: ignore[assignment]
        "box": recipe.box_gain,
        "cls": recipe.class_gain,
        "obj": recipe.objectness_gain
        * (image_size / _REFERENCE_IMAGE_SIZE) ** recipe.objectness_size_power,
        "cls_pw": 1.0,
        "obj_pw": 1.0,
        "fl_gamma": 0.0,
        "anchor_t": recipe.anchor_ratio_limit,
        "label_smoothing": recipe.label_smoothing,
    }
    loss: Loss = ComputeLoss(network)  # type: ignore[no-untyped-call]
    return loss


def build_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Build AdamW with three groups: biases, decayed weights, normalisation weights (in this order)."""
    optimizer: torch.optim.Optimizer = smart_optimizer(  # type: ignore[no-untyped-call]
        network, "AdamW", recipe.learning_rate, recipe.momentum, recipe.weight_decay
    )
    return optimizer


class MovingAverage:
    """The mean of the weights over the last steps: steadier than any one step, and what is published."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self._average = ModelEMA(  # type: ignore[no-untyped-call]
            network, decay=recipe.average_decay, tau=recipe.average_ramp_steps
        )

    @property
    def network(self) -> nn.Module:
        """The averaged network, always in evaluation mode."""
        network: nn.Module = self._average.ema
        return network

    @property
    def steps(self) -> int:
        """How many steps went into the average."""
        return int(self._average.updates)

    def update(self, network: nn.Module) -> None:
        """Take one more step into the average."""
        self._average.update(network)  # type: ignore[no-untyped-call]

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint."""
        self.network.load_state_dict(tensors)
        self._average.updates = steps


def detect_with_map(network: nn.Module, images: Tensor, kept: int) -> tuple[Tensor, Tensor]:
    """Run a network in evaluation mode: its answer, (n, boxes, 5 + classes), and what layer `kept` gave.

    Layer by layer, as its own forward function does, which has only the answer to give.
    """
    outputs: list[Any] = []
    value: Any = images
    for layer in network.model:  # type: ignore[union-attr]
        if isinstance(layer.f, int):
            value = value if layer.f == -1 else outputs[layer.f]
        else:
            value = [value if source == -1 else outputs[source] for source in layer.f]
        value = layer(value)
        outputs.append(value)
    return value[0], outputs[kept]


def detect(network: nn.Module, images: NDArray[np.float32]) -> Tensor:
    """Run a network in evaluation mode: (n, 3, h, w) from 0 to 1 -> (n, boxes, 5 + classes)."""
    network.eval()
    device = next(network.parameters()).device
    with torch.no_grad():
        output: Tensor = network(torch.from_numpy(images).to(device))[0]
    return output
