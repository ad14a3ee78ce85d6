"""The drawn world: repeatable, complete, careful with folders; its camera and solids."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.world.drawing import draw_world
from sandbox.world.drawing.camera import Camera
from sandbox.world.drawing.city import VALMORIA
from sandbox.world.drawing.framing import extent_of, frame_sight
from sandbox.world.drawing.mesh import MeshBuilder, paint
from sandbox.world.drawing.sights import SIGHT_MODELS, sight_mesh
from sandbox.world.drawing.solids import add_box
from sandbox.world.world import World, WorldError

RED = paint("#ff0000")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Draw two photos of each sight."""
    return draw_world(tmp_path_factory.mktemp("drawn") / "world", seed=5, photos_per_sight=2)


def _hash_folder(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_world_shows_every_sight_of_the_city(world: World) -> None:
    assert world.city == VALMORIA.name
    assert set(world.sights) == {sight.name for sight in VALMORIA.sights} == set(SIGHT_MODELS)


def test_world_has_photos_without_a_sight_too(world: World) -> None:
    assert [photo.boxes for photo in world.backgrounds] == [(), ()]
    assert not {photo.file for photo in world.backgrounds} & {photo.file for photo in world.photos}


def test_same_seed_draws_the_same_bytes(world: World, tmp_path: Path) -> None:
    again = draw_world(tmp_path / "again", seed=5, photos_per_sight=2)
    assert _hash_folder(again.folder) == _hash_folder(world.folder)


def test_other_seed_draws_other_photos(world: World, tmp_path: Path) -> None:
    other = draw_world(tmp_path / "other", seed=6, photos_per_sight=1)
    assert not set(_hash_folder(other.folder).values()) & set(_hash_folder(world.folder).values())


def test_smaller_world_is_part_of_a_larger_one(world: World, tmp_path: Path) -> None:
    smaller = draw_world(tmp_path / "smaller", seed=5, photos_per_sight=1)
    assert set(smaller.photos[0].boxes) == set(world.photos[0].boxes)


def test_finished_folder_is_not_drawn_again(world: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in world.folder.rglob("*")}
    assert draw_world(world.folder, seed=5, photos_per_sight=2) == world
    assert {path: path.stat().st_mtime_ns for path in world.folder.rglob("*")} == before


def test_folder_of_another_seed_is_refused(world: World) -> None:
    with pytest.raises(WorldError, match=r"a world drawn by .*'seed': 5"):
        draw_world(world.folder, seed=6, photos_per_sight=2)


def test_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WorldError, match="something that is no drawn world"):
        draw_world(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_failed_drawing_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr("sandbox.world.drawing.default_world.write_manifest", fail)
    with pytest.raises(OSError, match="disk full"):
        draw_world(tmp_path / "world", photos_per_sight=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(SIGHT_MODELS))
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), portrait=st.booleans())
def test_sight_is_large_and_at_most_partly_cut(name: str, seed: int, portrait: bool) -> None:  # noqa: FBT001 - hypothesis names it
    model = SIGHT_MODELS[name]
    framing = frame_sight(
        sight_mesh(name), model.radius_meters, np.random.default_rng(seed), portrait=portrait
    )
    box = extent_of(sight_mesh(name).placed(y=framing.distance_meters), framing.camera)
    width, height = (box.x2 - box.x1) / framing.width, (box.y2 - box.y1) / framing.height
    assert max(width, height) > 0.3
    cut = 0.15
    assert box.x1 > 40 - cut * (box.x2 - box.x1)
    assert box.y2 < 40 + framing.height + cut * (box.y2 - box.y1)


def test_camera_sees_a_thing_twice_as_far_half_as_large() -> None:
    camera = Camera(focal=500, height_meters=1.7, centre_x=0, horizon_y=0)
    cube = MeshBuilder().part()
    add_box(cube, 0, 0, 0, 2, 0.001, 2, RED)
    near, far = (extent_of(cube.build().placed(y=y), camera) for y in (10.0, 20.0))
    assert near.x2 - near.x1 == pytest.approx(2 * (far.x2 - far.x1), rel=1e-3)


def test_walls_of_a_box_look_outwards() -> None:
    mesh = MeshBuilder().part()
    add_box(mesh, 0, 0, 0, 2, 3, 4, RED)
    built = mesh.build()
    middles = np.add.reduceat(built.vertices, built.start[:-1]) / np.diff(built.start)[:, None]
    outwards = middles - (0, 0, 2)
    assert (np.einsum("ij,ij->i", built.normal, outwards) > 0).all()


@given(turn=st.floats(-math.pi, math.pi), scale=st.floats(0.1, 10))
def test_turning_keeps_sizes_in_scale(turn: float, scale: float) -> None:
    points = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 12.0]])
    mesh = MeshBuilder().part()
    mesh.stroke((0, 0, 0), (3, 4, 12), 1.0, RED)
    placed = mesh.build().placed(5, 6, 7, turn, scale).vertices
    length = float(np.linalg.norm(points[1] - points[0]))
    assert float(np.linalg.norm(placed[1] - placed[0])) == pytest.approx(length * scale)
