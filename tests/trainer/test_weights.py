"""Starting weights are taken over by name and shape, and a pickle with code in it is refused by what it names."""

import importlib.resources
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from drawn_dataset import CLASS_NAMES
from safetensors.torch import save_file
from yolov5.models.yolo import DetectionModel

from trainer.errors import BadWeights
from trainer.network import build_network
from trainer.weights import StartingWeights, match_classes, read_weights, transfer_weights

Build = Callable[..., Any]


class _Command:
    """Pickled as a call of a function, as an attacker would."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def archive_of(content: object, path: Path) -> Path:
    stream = io.BytesIO()
    pickle.dump(content, stream, protocol=2)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
    return path


def save_pt(network: Any, path: Path) -> Path:
    torch.save({"epoch": 3, "model": network, "ema": None, "optimizer": None}, path)
    return path


def test_all_tensors_of_a_yolov5_checkpoint_are_read(network: Build, tmp_path: Path) -> None:
    original = network(seed=1)
    tensors = read_weights(save_pt(original, tmp_path / "w.pt")).tensors
    expected = original.state_dict()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name].float()) for name in expected)


def test_half_precision_checkpoint_becomes_single(network: Build, tmp_path: Path) -> None:
    tensors = read_weights(save_pt(network().half(), tmp_path / "w.pt")).tensors
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32, torch.int64}


def test_class_names_of_a_checkpoint_are_known(network: Build, tmp_path: Path) -> None:
    assert read_weights(save_pt(network(), tmp_path / "w.pt")).class_names == (
        "Round Tower",
        "Square Hall",
    )


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (os.system, "touch {canary}"),
        (eval, "open('{canary}', 'w')"),
        (torch.load, "{canary}"),
        (torch.hub.load, "{canary}"),
        (open, "{canary}"),
        (getattr, "{canary}"),
        (torch.nn.Module.load_state_dict, "{canary}"),
    ],
)
def test_code_in_a_checkpoint_is_refused_by_name_and_not_run(
    tmp_path: Path, function: Any, argument: str
) -> None:
    canary = tmp_path / "canary"
    path = archive_of(
        {"model": _Command(function, argument.format(canary=canary))}, tmp_path / "evil.pt"
    )
    with pytest.raises(BadWeights, match=r"refused: its pickle names \S+\.\w+"):
        read_weights(path)
    assert not canary.exists()


def test_constructor_of_a_real_layer_is_not_called(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    plan = {
        "nc": 1,
        "anchors": [[1, 1]],
        "backbone": [[-1, 1, f"open({str(canary)!r}, 'w')", []]],
        "head": [],
    }
    read_weights(archive_of({"model": _Command(DetectionModel, plan)}, tmp_path / "evil.pt"))
    assert not canary.exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK junk", b"<html></html>"])
def test_junk_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadWeights, match=name):
        read_weights(tmp_path / name)


def test_archive_that_unpacks_to_more_than_its_size_is_refused(tmp_path: Path) -> None:
    path = archive_of({"model": None}, tmp_path / "w.pt")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(1_000_000))
    with pytest.raises(BadWeights, match="unpacks to more than its size"):
        read_weights(path)


def test_tensor_that_is_larger_than_its_values_is_refused(network: Build, tmp_path: Path) -> None:
    untrained = network()
    untrained.model[0].conv.weight = torch.nn.Parameter(torch.zeros(1).expand(1_000, 1_000))
    with pytest.raises(BadWeights, match=r"of \(1000, 1000\) is said to be in 1 values"):
        read_weights(save_pt(untrained, tmp_path / "w.pt"))


def test_checkpoint_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="no network"):
        read_weights(archive_of({"epoch": 1}, tmp_path / "w.pt"))


def test_own_weights_are_taken_over_whole(network: Build, tmp_path: Path) -> None:
    parent, child = network(seed=1), network(seed=2)
    names = json.dumps(["Round Tower", "Square Hall"])
    save_file(parent.state_dict(), tmp_path / "w.safetensors", metadata={"class_names": names})
    transfer = transfer_weights(read_weights(tmp_path / "w.safetensors"), child)
    assert transfer.left_out == 0
    assert all(
        torch.equal(tensor, parent.state_dict()[name])
        for name, tensor in child.state_dict().items()
    )


def test_classes_keep_their_channels_when_their_order_changes(network: Build) -> None:
    parent = network(("Gate", "Tower"), seed=1)
    child = network(("Bridge", "Tower", "Gate"), seed=2)
    untouched = child.state_dict()["model.24.m.0.weight"].clone()
    transfer = transfer_weights(StartingWeights(parent.state_dict(), ("Gate", "Tower")), child)
    old = parent.state_dict()["model.24.m.0.weight"].view(3, 7, -1)
    new = child.state_dict()["model.24.m.0.weight"].view(3, 8, -1)
    assert transfer.in_part == 6
    assert torch.equal(new[:, :5], old[:, :5])
    assert torch.equal(new[:, 6], old[:, 6])
    assert torch.equal(new[:, 7], old[:, 5])
    assert torch.equal(new[:, 5], untouched.view(3, 8, -1)[:, 5])


def head_of(network: Any, channel: int) -> torch.Tensor:
    """Return a class's weights in the first head of a network of three classes."""
    return network.state_dict()["model.24.m.0.weight"].view(3, 8, -1)[:, 5 + channel]


def test_sights_keep_their_channels_whatever_they_are_called(network: Build) -> None:
    """Gate (1) and Tower (2) have exchanged their names, Bridge (3) is called Arch now."""
    parent = network(("Gate", "Tower", "Bridge"), seed=1)
    child = network(("Arch", "Gate", "Tower"), seed=2)
    weights = StartingWeights(parent.state_dict(), ("Gate", "Tower", "Bridge"), (1, 2, 3))
    transfer_weights(match_classes(weights, ("Arch", "Gate", "Tower"), (3, 2, 1)), child)
    for now, before in ((0, 2), (1, 1), (2, 0)):
        assert torch.equal(head_of(child, now), head_of(parent, before))


def test_sight_of_a_known_name_but_another_id_begins_anew(network: Build) -> None:
    parent = network(("Gate", "Tower", "Bridge"), seed=1)
    child = network(("Gate", "Tower", "Bridge"), seed=2)
    untouched = head_of(child, 0).clone()
    weights = StartingWeights(parent.state_dict(), ("Gate", "Tower", "Bridge"), (1, 2, 3))
    transfer_weights(match_classes(weights, ("Gate", "Tower", "Bridge"), (9, 2, 3)), child)
    assert torch.equal(head_of(child, 0), untouched)
    assert torch.equal(head_of(child, 1), head_of(parent, 1))


@pytest.mark.parametrize(("known", "asked"), [(None, (1, 2)), ((1, 2), None)])
def test_names_count_where_either_side_knows_no_ids(known: Any, asked: Any) -> None:
    weights = StartingWeights({}, ("Gate", "Tower"), known)
    assert match_classes(weights, ("Tower", "Gate"), asked).class_names == ("Gate", "Tower")


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_bench_of_coco_is_no_sight_that_is_called_bench(
    network: Build, tmp_path: Path, kind: str
) -> None:
    listed = importlib.resources.files("yolov5") / "data" / "coco.yaml"
    coco = tuple(yaml.safe_load(listed.read_text(encoding="utf-8"))["names"].values())
    assert (len(coco), coco[13]) == (80, "bench")
    parent, child = network(coco, seed=1), network(("bench",), seed=2)
    path = tmp_path / f"w.{kind}"
    if kind == "pt":
        save_pt(parent, path)
    else:
        save_file(parent.state_dict(), path, metadata={"class_names": json.dumps(coco)})
    untouched = child.state_dict()["model.24.m.0.weight"].view(3, 6, -1)[:, 5].clone()
    transfer = transfer_weights(read_weights(path), child)
    assert (transfer.in_part, transfer.left_out) == (6, 0)
    new = child.state_dict()["model.24.m.0.weight"].view(3, 6, -1)
    assert torch.equal(new[:, 5], untouched)
    assert torch.equal(
        new[:, :5], parent.state_dict()["model.24.m.0.weight"].view(3, 85, -1)[:, :5]
    )


@pytest.mark.parametrize("kind", ["pt", "safetensors", "safetensors that do not say"])
def test_weights_of_another_architecture_end_the_training_before_it_starts(
    network: Build, tmp_path: Path, kind: str
) -> None:
    parent = network()
    path = tmp_path / ("w.pt" if kind == "pt" else "w.safetensors")
    if kind == "pt":
        save_pt(parent, path)
    else:
        named = {"architecture": "yolov5n"} if kind == "safetensors" else None
        save_file(parent.state_dict(), path, metadata=named)
    of = "an unknown architecture" if kind.endswith("say") else "yolov5n"
    with pytest.raises(
        BadWeights, match=rf"of {of}, but the request asks for yolov5s: \d\d of its 349"
    ):
        transfer_weights(read_weights(path), build_network("yolov5s", CLASS_NAMES, 0))


@pytest.mark.parametrize(("left_out", "is_refused"), [(34, False), (35, True)])
def test_nine_tenths_of_the_tensors_must_fit(
    network: Build, left_out: int, *, is_refused: bool
) -> None:
    """A tenth of 349 are 34.9."""
    parent, child = network(seed=1), network(seed=2)
    tensors = dict(list(parent.state_dict().items())[left_out:])
    refused = pytest.raises(BadWeights, match="314 of its 349") if is_refused else nullcontext()
    with refused:
        transfer = transfer_weights(StartingWeights(tensors, CLASS_NAMES), child)
        assert transfer.left_out == 34


def test_tensor_of_another_shape_is_left_out(network: Build) -> None:
    parent, child = network(seed=1), network(seed=2)
    before = child.state_dict()["model.0.conv.weight"].clone()
    tensors = parent.state_dict() | {"model.0.conv.weight": torch.zeros(2, 2)}
    assert transfer_weights(StartingWeights(tensors, CLASS_NAMES), child).left_out == 1
    assert torch.equal(child.state_dict()["model.0.conv.weight"], before)
