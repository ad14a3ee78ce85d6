"""A host with CUDA is asked whether it can train before anything is sent to it; any other is not."""

import asyncio
import shlex
from typing import Any

import pytest

from sandbox.gpu.gpu_host import GpuHost
from sightscan.errors import InstanceError
from sightscan.settings import read_settings
from sightscan.train.host import HostAddress
from sightscan.train.host_lock import locked_host
from sightscan.train.selfcheck import check_training


def check(address: HostAddress, shell: str, **changed: Any) -> str:
    """Check with a trainer that is a line of shell."""
    command = shlex.join(["sh", "-c", shell, "trainer"])
    return check_training(read_settings(mts_trainer_command=command, **changed), address)


def test_host_without_cuda_is_not_asked(address: HostAddress) -> None:
    assert check(address, "exit 1") == "no self-check: the host has no CUDA"


def test_host_with_cuda_is_asked_for_what_the_settings_ask(
    machine: GpuHost, address: HostAddress
) -> None:
    machine.show_gpu(is_there=True)
    said = check(
        address,
        'echo importing; echo "$@"',
        mts_architecture="yolov5m",
        mts_image_size=416,
        mts_batch_size=0,
    )
    assert said == (
        "--selfcheck --expect-cuda --seconds=600 --architecture=yolov5m --image-size=416 --batch-size=0"
    )
    machine.show_gpu(is_there=False)
    assert check(address, "exit 1") == "no self-check: the host has no CUDA"


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        (
            "echo warning >&2; echo 'SelfCheckFailed: the loader failed: no room' >&2; exit 1",
            "SelfCheckFailed: the loader failed: no room; nothing was uploaded",
        ),
        ("exit 125", "exit status 125, and not a word; nothing was uploaded"),
        ("exit 124", "it did not end within 600 s; nothing was uploaded"),
        ("kill -ALRM $$", "it did not end within 600 s; nothing was uploaded"),
    ],
)
def test_host_that_cannot_train_is_told_what_failed(
    machine: GpuHost, address: HostAddress, shell: str, words: str
) -> None:
    machine.show_gpu(is_there=True)
    with pytest.raises(InstanceError) as caught:
        check(address, shell)
    assert f"the self-check of {address} failed: {words}" in str(caught.value)
    assert "or use another instance" in str(caught.value)


def test_host_at_work_is_not_asked(machine: GpuHost, address: HostAddress) -> None:
    machine.show_gpu(is_there=True)

    async def check_meanwhile() -> str:
        async with locked_host(address, "training of an earlier try"):
            return await asyncio.to_thread(check, address, "exit 1")

    assert asyncio.run(check_meanwhile()) == "no self-check: somebody is at work on the host"
