"""A city with a model of the trainer in an app's folder, as after a visit: the app needs no warehouse then."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from detector_app.atomic_file import write_atomically
from detector_app.catalogue import Catalogue, City, PublishedModel, save_snapshot
from detector_app.models.model_store import path_of_model
from detector_app.models.onnx_file import check_onnx

SLUG = "measured"


def keep_city(model: Path, folder: Path) -> PublishedModel:
    """Keep the model, and its `live.onnx` if that lies beside it, as the only city's; return it."""
    onnx = model.read_bytes()
    contract = check_onnx(onnx)
    live = model.with_name("live.onnx")
    small = live.read_bytes() if live.is_file() and live != model else None
    kept = PublishedModel(
        city_slug=SLUG,
        city_name="Measured",
        model_version=1,
        published_at=datetime.now(UTC),
        class_names=contract.class_names,
        image_size=contract.image_size,
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        onnx_bytes=len(onnx),
        map50=0.9,
        map50_95=0.6,
        test_photo_count=60,
        live_onnx_sha256=hashlib.sha256(small).hexdigest() if small else None,
        live_onnx_bytes=len(small) if small else None,
        live_image_size=check_onnx(small).image_size if small else None,
    )
    write_atomically(path_of_model(kept, folder), onnx)
    as_live = kept.as_live()
    if small and as_live:
        write_atomically(path_of_model(as_live, folder), small)
    city = City(SLUG, "Measured", None, "published", len(contract.class_names), 0, 0, kept)
    save_snapshot(Catalogue((city,), as_of=datetime.now(UTC)), folder)
    return kept


class ServerProcess:
    """The app's server that answers at an address, as the kernel sees it."""

    def __init__(self, url: str) -> None:
        """Find it; raise `LookupError` if there is none."""
        self._wanted = f"STREAMLIT_SERVER_PORT={urlsplit(url).port}".encode()
        # The first is the server; it starts others for a moment, to try a model.
        self._folder = min(self._find(), key=lambda folder: int(folder.name), default=None)
        if self._folder is None:
            msg = f"no process has {self._wanted.decode()}; start the app first"
            raise LookupError(msg)

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time of it, its threads, and of what it started that has ended."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    @property
    def pss_megabytes(self) -> float:
        """Return the memory that it and all that it started have now: what is shared counts in part."""
        kilobytes = 0
        for folder in self._find():
            with suppress(OSError):
                lines = (folder / "smaps_rollup").read_text().splitlines()
                kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kilobytes / 1000

    def _find(self) -> Iterator[Path]:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._wanted in (folder / "environ").read_bytes().split(b"\0"):
                    yield folder

    def megabytes(self, kind: str = "VmRSS") -> float:
        """Return how much memory it has now, or by `VmHWM` the most that it had."""
        lines = (self._folder / "status").read_text().splitlines()
        (line,) = (one for one in lines if one.startswith(f"{kind}:"))
        return int(line.split()[1]) / 1000
