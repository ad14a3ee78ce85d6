"""The demo refuses what it cannot start, before it starts anything."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.demo.chain import Chain, ChainOptions
from sandbox.demo.profile import profile_for
from sandbox.ports import PortTaken, free_port
from sightscan.settings import Settings, read_settings

REPOSITORY = Path(__file__).resolve().parents[4]


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox.demo", "--once", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_taken_port_is_named_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = ChainOptions(
            tmp_path / "state", profile_for(None), airflow_port=port, app_port=free_port()
        )
        with pytest.raises(PortTaken, match=f"port {port} is taken.*AIRFLOW_PORT"), Chain(options):
            pass
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("weights", [None, Path("yolov5n.pt")])
def test_every_setting_of_a_profile_exists(weights: Path | None) -> None:
    settings = profile_for(weights).settings
    assert {name.lower() for name in settings} <= set(Settings.model_fields)
    read_settings(**{name.lower(): value for name, value in settings.items()})


@pytest.mark.slow
def test_empty_world_ends_with_one_sentence_and_status_2(tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    done = demo("--state", str(tmp_path / "state"), "--world", str(world))
    assert done.returncode == 2
    assert "manifest.csv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_missing_weights_are_named(tmp_path: Path) -> None:
    done = demo("--state", str(tmp_path / "state"), "--weights", str(tmp_path / "none.pt"))
    assert done.returncode == 2
    assert "none.pt is no file" in done.stderr
