"""Weights to start from: our own safetensors, or a YOLOv5 checkpoint whose pickle is read without running any of it.

A `.pt` file is a program in pickle's language: it may name any function and have it called. Here it
can name nothing but tensors, containers and layers, and a layer is only a shell that holds its
state: no code of the file's choosing runs, and whatever else it names is refused by that name.
"""

import collections
import importlib.resources
import json
import math
import pickle
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from trainer.errors import BadWeights

_LAYER_MODULES = ("models.", "yolov5.models.", "torch.nn.modules.")
# Box and objectness channels come before the classes in each anchor's outputs.
_BOX_CHANNELS = 5
_COCO_NAME = re.compile(r"^  \d+: (.+)$", re.MULTILINE)
_Item = TypeVar("_Item")


# Less than this share of a network's tensors is another network.
_MIN_SHARE_TAKEN = 0.9
# What YOLOv5's plans are scaled by: depth, width.
_ARCHITECTURES = {
    (0.33, 0.25): "yolov5n",
    (0.33, 0.5): "yolov5s",
    (0.67, 0.75): "yolov5m",
    (1.0, 1.0): "yolov5l",
    (1.33, 1.25): "yolov5x",
}


@dataclass(frozen=True)
class StartingWeights:
    """Named tensors of an earlier network, and its classes and architecture where it kept them.

    `class_names` are in the order of the head's channels, None for a class that no other is; so are
    `sight_ids`, the ids of the sights.
    """

    tensors: dict[str, Tensor]
    class_names: tuple[str | None, ...] | None
    sight_ids: tuple[int, ...] | None = None
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """How much of the starting weights fitted: tensors taken over whole, in part (known classes), and left out."""

    whole: int
    in_part: int
    left_out: int


def read_weights(path: Path) -> StartingWeights:
    """Read a `.safetensors` or a `.pt` file; raises BadWeights, naming what was refused."""
    try:
        if path.suffix == ".safetensors":
            return _read_safetensors(path)
        return _read_pt(path)
    except (
        SafetensorError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
    ) as error:
        msg = f"{path.name} is damaged or no {path.suffix} file ({error}); upload it again"
        raise BadWeights(msg) from error


def match_classes(
    weights: StartingWeights, class_names: tuple[str, ...], sight_ids: tuple[int, ...] | None
) -> StartingWeights:
    """Give the classes of the weights the names that the same sights have now.

    By the ids of the sights; by name only where either side knows no ids, since two sights may have
    exchanged their names, or one got another.
    """
    if weights.sight_ids is None or sight_ids is None or weights.class_names is None:
        return weights
    names = dict(zip(sight_ids, class_names, strict=True))
    return replace(weights, class_names=tuple(names.get(each) for each in weights.sight_ids))


def transfer_weights(weights: StartingWeights, network: nn.Module) -> Transfer:
    """Copy into `network` every tensor of the same name and shape; of the detection head, the classes known by name.

    Raises:
        BadWeights: they are of another network: too few of its tensors fit.

    """
    target = network.state_dict()
    class_names = tuple(network.names.values())  # type: ignore[operator]
    heads = _head_names(network)
    whole = in_part = 0
    for name, tensor in weights.tensors.items():
        if name not in target:
            continue
        if name in heads and weights.class_names is not None:
            in_part += _transfer_head(tensor, weights.class_names, target[name], class_names)
        elif tensor.shape == target[name].shape:
            target[name].copy_(tensor)
            whole += 1
    asked = architecture_of(network.yaml)
    if weights.architecture not in (asked, None) or whole + in_part < _MIN_SHARE_TAKEN * len(
        target
    ):
        msg = (
            f"the weights to start from are of {weights.architecture or 'an unknown architecture'}, but "
            f"the request asks for {asked or 'another'}: {whole + in_part} of its {len(target)} tensors "
            "fit; start from weights of the same architecture, or from null"
        )
        raise BadWeights(msg)
    network.load_state_dict(target)
    return Transfer(whole=whole, in_part=in_part, left_out=len(target) - whole - in_part)


def architecture_of(plan: Any) -> str | None:
    """Return what a network is called that was built by this plan of YOLOv5's; None if by none of ours."""
    if not isinstance(plan, dict):
        return None
    scale = plan.get("depth_multiple"), plan.get("width_multiple")
    return _ARCHITECTURES.get(scale)  # type: ignore[arg-type]  # whatever the file has there


def _read_safetensors(path: Path) -> StartingWeights:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        names = _list_of(
            metadata.get("class_names"), lambda name: None if name is None else str(name)
        )
        ids = _list_of(metadata.get("sight_ids"), int)
        return StartingWeights(
            tensors={name: file.get_tensor(name) for name in file.keys()},  # noqa: SIM118 - not a dict
            class_names=None if names is None else _without_coco(names),
            sight_ids=ids
            if names is not None and ids is not None and len(ids) == len(names)
            else None,
            architecture=metadata.get("architecture"),
        )


def _list_of(text: str | None, kind: Callable[[Any], _Item]) -> tuple[_Item, ...] | None:
    return None if text is None else tuple(kind(each) for each in json.loads(text))


def _without_coco(names: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Return the names, but none where they are COCO's: its bench is no sight that is called so."""
    listed = importlib.resources.files("yolov5") / "data" / "coco.yaml"
    coco = _COCO_NAME.findall(listed.read_text(encoding="utf-8"))
    return (None,) * len(names) if set(names) == set(coco) else names


def _read_pt(path: Path) -> StartingWeights:
    with zipfile.ZipFile(path) as archive:
        # torch compresses nothing: what claims to be larger inside is made to fill the memory.
        if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
            msg = f"{path.name} was refused: it unpacks to more than its size; save it with torch.save"
            raise BadWeights(msg)
        program = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if program is None:
            msg = f"{path.name} holds no data.pkl; expected a checkpoint of YOLOv5 (torch 1.6 or later)"
            raise BadWeights(msg)
        with archive.open(program) as stream:
            content = _TensorReader(
                stream, archive, program.removesuffix("data.pkl"), path.name
            ).load()
    network = content
    if isinstance(
        content, dict
    ):  # a training checkpoint; the average is the better of its two networks
        network = content.get("ema") or content.get("model")
    if not isinstance(network, _Shell):
        msg = (
            f"{path.name} holds no network under 'model' or 'ema'; expected a checkpoint of YOLOv5"
        )
        raise BadWeights(msg)
    names = network.__dict__.get("names")
    if isinstance(names, dict):
        names = list(names.values())
    return StartingWeights(
        tensors=_collect_tensors(network, ""),
        class_names=(
            _without_coco(tuple(str(name) for name in names)) if isinstance(names, list) else None
        ),
        architecture=architecture_of(network.__dict__.get("yaml")),
    )


class _Shell:
    """Stands in for a layer class of the file: keeps its state, has no behaviour."""

    def __init__(self, *_arguments: object) -> None:
        pass


def _rebuild_tensor(
    storage: Tensor,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_gradient_settings: object,
) -> Tensor:
    # A stride of nought would make any size of a few bytes.
    if math.prod(size) > len(storage):
        msg = f"a tensor of {tuple(size)} is said to be in {len(storage)} values"
        raise pickle.UnpicklingError(msg)
    return torch.as_strided(storage, size, stride, offset)


def _rebuild_parameter(data: Tensor, *_gradient_settings: object) -> Tensor:
    return data


# Everything that a pickle may name, besides layers; our own builders stand in for torch's.
_ADMITTED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,  # as protocol 2 spells it
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "FloatStorage"): torch.float32,
    ("torch", "HalfStorage"): torch.float16,
    ("torch", "BFloat16Storage"): torch.bfloat16,
    ("torch", "DoubleStorage"): torch.float64,
    ("torch", "LongStorage"): torch.int64,
    ("torch", "IntStorage"): torch.int32,
    ("torch", "ShortStorage"): torch.int16,
    ("torch", "CharStorage"): torch.int8,
    ("torch", "ByteStorage"): torch.uint8,
    ("torch", "BoolStorage"): torch.bool,
}


class _TensorReader(pickle.Unpickler):
    """An unpickler that can build tensors, containers and shells, and nothing else."""

    def __init__(self, stream: Any, archive: zipfile.ZipFile, prefix: str, file_name: str) -> None:
        super().__init__(stream)
        self._archive, self._prefix, self._file_name = archive, prefix, file_name

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ADMITTED:
            return _ADMITTED[module, name]
        if f"{module}.".startswith(_LAYER_MODULES) and name.isidentifier():
            return _Shell
        msg = (
            f"{self._file_name} was refused: its pickle names {module}.{name}, but only tensors, containers and "
            "layers of YOLOv5 may be in it; use weights from a source that you trust, or .safetensors"
        )
        raise BadWeights(msg)

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _device, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            msg = f"{self._file_name} was refused: it refers to {kind!r}, but only tensors may be outside"
            raise BadWeights(msg)
        content = bytearray(self._archive.read(f"{self._prefix}data/{key}"))
        storage = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
        if len(storage) != count:
            msg = (
                f"{self._file_name} is damaged: tensor {key} has {len(storage)} values, not {count}"
            )
            raise BadWeights(msg)
        return storage


def _collect_tensors(shell: _Shell, prefix: str) -> dict[str, Tensor]:
    """Name the tensors of a tree of shells as torch's state_dict() does."""
    state = shell.__dict__
    tensors = {
        f"{prefix}{name}": tensor.float() if tensor.is_floating_point() else tensor
        for group in ("_parameters", "_buffers")
        for name, tensor in state.get(group, {}).items()
        if isinstance(tensor, Tensor)
    }
    for name, child in state.get("_modules", {}).items():
        if isinstance(child, _Shell):
            tensors |= _collect_tensors(child, f"{prefix}{name}.")
    return tensors


def _head_names(network: nn.Module) -> frozenset[str]:
    """Name the tensors whose channels stand for classes: the last convolutions of the detection layer."""
    position = len(network.model) - 1  # type: ignore[arg-type]
    return frozenset(
        name for name in network.state_dict() if name.startswith(f"model.{position}.m.")
    )


def _transfer_head(
    source: Tensor,
    source_classes: tuple[str | None, ...],
    target: Tensor,
    target_classes: tuple[str, ...],
) -> bool:
    """Copy box and objectness channels, and those of each class that both know; say whether shapes allowed it."""
    source_outputs, target_outputs = (
        _BOX_CHANNELS + len(source_classes),
        _BOX_CHANNELS + len(target_classes),
    )
    anchors = target.shape[0] // target_outputs
    if source.shape != (anchors * source_outputs, *target.shape[1:]):
        return False
    old = source.view(anchors, source_outputs, *source.shape[1:])
    new = target.view(anchors, target_outputs, *target.shape[1:])
    new[:, :_BOX_CHANNELS] = old[:, :_BOX_CHANNELS]
    for index, name in enumerate(target_classes):
        if name in source_classes:
            new[:, _BOX_CHANNELS + index] = old[:, _BOX_CHANNELS + source_classes.index(name)]
    return True
