"""A city of coloured patches in the warehouse, labelled, for the tests from dataset to publication.

The models beside it (`tests/fixtures/*.onnx`) find those colours, so no test needs a training.
"""

import hashlib
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image, ImageDraw

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.dataset_folder import FrozenDataset
from sightscan.run import Run
from sightscan.training import Training, TrainingRequest
from sightscan.warehouse.models.trainings import insert_training
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights

FIXTURES = Path(__file__).parents[1] / "fixtures"
CITY_ID = "Q8851"
MALAGA = City(CITY_ID, "malaga", "Málaga", "Spain", Place(36.72, -4.42), radius_meters=8_000)
COLOURS = {
    "Torre do Relógio": (208, 32, 32),
    "Green Gate": (32, 176, 48),
    "Blue Mosque": (32, 48, 208),
    "Sunflower Hall": (220, 210, 40),
    "Rosa Palast": (200, 40, 200),
}
SIZE = (160, 120)
IMAGE_SIZE = 160
# Of a photo that is gone by the time it is compared.
SAMPLE = {"sha256": "ab" * 32, "rows": [[0, 1, 2]]}


@dataclass(frozen=True)
class ColourCity:
    """The city, its sights in the order of COLOURS, and its photos by sight."""

    city: City
    sights: tuple[Sight, ...]
    photos: dict[str, tuple[bytes, ...]]


def store_colour_city(
    warehouse: psycopg.Connection[Any],
    photos_a_sight: int = 14,
    *,
    city: City = MALAGA,
    seed: str = "",
) -> ColourCity:
    """Store the city with labelled photos, one patch each; all different, as those of another seed."""
    city = add_city(warehouse, city)
    sights = [
        Sight(None, city.city_id, name, rank=rank, wikidata_id=f"Q90{rank}")
        for rank, name in enumerate(COLOURS, start=1)
    ]
    upsert_sights(warehouse, city.city_id, sights)
    stored = list_sights(warehouse, city.city_id)
    photos = {
        sight.name: tuple(
            add_photo(warehouse, city, sight, f"{seed}{sight.name} {number}")
            for number in range(photos_a_sight)
        )
        for sight in stored
    }
    return ColourCity(city, stored, photos)


def store_sources(warehouse: psycopg.Connection[Any]) -> None:
    """Say where each labelled photo was found, without which it would break a claim."""
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, page_url, source, licence,"
        " author, query, found_at) select sha256, sha256, sight_id,"
        " 'https://a.example/' || encode(sha256, 'hex'), 'https://a.example/page/' || encode(sha256, 'hex'),"
        " 'wikimedia_commons', 'cc0-1.0', 'ann', 'q', now() from core.label where state = 'accepted'"
    )


def add_photo(
    warehouse: psycopg.Connection[Any],
    city: City,
    sight: Sight,
    seed: str,
    *,
    cluster: bytes | None = None,
) -> bytes:
    """Store one labelled photo of a sight; return its sha256."""
    content, box = draw_patch(sight.name, seed)
    sha256 = hashlib.sha256(content).digest()
    warehouse.execute(
        "insert into core.photo values (%s, %s, %s, %s, 'image/png', %s, %s)",
        (sha256, len(content), *SIZE, sha256, cluster or sha256),
    )
    warehouse.execute("insert into core.photo_blob values (%s, %s)", (sha256, content))
    label_photo(warehouse, city, sight, sha256, box)
    return sha256


def label_photo(
    warehouse: psycopg.Connection[Any], city: City, sight: Sight, sha256: bytes, box: Box
) -> None:
    """Store an accepted box of a sight on a photo, with a paid call of its own."""
    warehouse.execute(
        "with call as ("
        " insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        "  run_id, state, price_usd, answer, settled_at)"
        " values ('google_vision', %(feature)s, %(sha256)s, 1, %(city_id)s, 'd', 'r', 'succeeded',"
        "  0, '{}', now()) returning call_id)"
        " insert into core.label (call_id, annotation_number, city_id, sha256, sight_id,"
        "  description, score, x1, y1, x2, y2, state)"
        " select call_id, 0, %(city_id)s, %(sha256)s, %(sight_id)s, %(name)s, 0.9,"
        "  %(x1)s, %(y1)s, %(x2)s, %(y2)s, 'accepted' from call",
        {
            "feature": f"landmark {sight.sight_id} {box.x1}",
            "sha256": sha256,
            "city_id": city.city_id,
            "sight_id": sight.sight_id,
            "name": sight.name,
            "x1": box.x1,
            "y1": box.y1,
            "x2": box.x2,
            "y2": box.y2,
        },
    )


def draw_patch(name: str, seed: str) -> tuple[bytes, Box]:
    """Return a PNG with one patch in the colour of a sight, and the patch's box."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    grey = dice.randrange(90, 200)
    width, height = SIZE
    x1, y1 = dice.randrange(0, 70), dice.randrange(0, 50)
    x2, y2 = x1 + dice.randrange(40, 85), y1 + dice.randrange(30, 65)
    image = Image.new("RGB", SIZE, (grey, grey, grey))
    pen = ImageDraw.Draw(image)
    pen.rectangle((x1, y1, x2 - 1, y2 - 1), fill=COLOURS[name])
    # A mark that no other seed has: patches may coincide.
    digest = hashlib.sha256(seed.encode()).digest()
    for place, value in enumerate(digest):
        image.putpixel((width - 1 - place, height - 1), (value, value, value))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue(), Box(x1 / width, y1 / height, x2 / width, y2 / height)


def ask_training(
    warehouse: psycopg.Connection[Any], dataset: FrozenDataset, run_id: str
) -> Training:
    """Store a training of the dataset."""
    return insert_training(
        warehouse,
        Run(dataset.city_id, "city_malaga", run_id),
        dataset_version=dataset.version,
        request=TrainingRequest(
            epochs=3,
            image_size=IMAGE_SIZE,
            batch_size=8,
            seed=1,
            time_limit_seconds=600,
            architecture="yolov5n",
        ),
    )


def write_model_folder(
    folder: Path,
    training: Training,
    dataset: FrozenDataset,
    *,
    onnx: str = "colours.onnx",
    class_names: tuple[str, ...] | None = None,
    map50: float = 1.0,
    map50_95: float = 0.9,
    samples: Sequence[Mapping[str, Any]] = (SAMPLE,),
    more: bytes = b"",
    live: str | bytes | None = None,
    live_samples: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write what a trainer would have left for this training; `more` are further fields of its ONNX."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "model.onnx": (FIXTURES / onnx).read_bytes() + more,
        "weights.safetensors": f"weights of {training.training_id}".encode(),
        "curves.png": b"\x89PNG curves",
        "confusion_matrix.png": b"\x89PNG matrix",
    }
    told: dict[str, Any] = {"file": "model.onnx", "why": "none is good enough", "tried": []}
    if live is not None:
        files["live.onnx"] = live if isinstance(live, bytes) else (FIXTURES / live).read_bytes()
        told = {
            "file": "live.onnx",
            "image_size": IMAGE_SIZE,
            "precision": "int8",
            "map50": 0.95,
            "map50_95": 0.85,
            "milliseconds": 21.5,
            "processor": "Some Processor",
            "samples": list(live_samples),
        }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    names = list(class_names or dataset.class_names)
    metrics = {
        "map50": map50,
        "map50_95": map50_95,
        "precision": 1.0,
        "recall": 1.0,
        "photos": dataset.test_count,
        "boxes": dataset.test_count,
        "per_class": [{"name": name, "map50": map50, "map50_95": map50_95} for name in names],
    }
    result = {
        "dataset_sha256": dataset.sha256.hex(),
        "request_sha256": training.request.sha256.hex(),
        "parameters": training.request.to_json(),
        "class_names": names,
        "image_size": IMAGE_SIZE,
        "epochs_completed": 3,
        "stopped_by": "epochs",
        "seconds": 12.5,
        "library_versions": {"torch": "2.14.1"},
        "files": {
            name: hashlib.sha256(content).hexdigest()
            for name, content in files.items()
            if not name.endswith(".png")
        },
        "metrics": {"val": metrics, "test": metrics},
        "samples": list(samples),
        "live": told,
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return folder
