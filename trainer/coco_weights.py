"""Turn the weights of COCO that YOLOv5's makers released into safetensors, once: `make weights`.

The only thing of ours in the trainer's environment that may use the network, and only for a URL that a
person gives. What comes is known by its SHA-256 before it is opened, and opened by the reader that runs
nothing of it (`trainer.weights`). The pipeline checks the file that is made by the hash beside it.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save_file

from trainer.errors import BadWeights, TrainerError
from trainer.network import build_network
from trainer.weights import StartingWeights, read_weights, transfer_weights

RELEASE = "https://github.com/ultralytics/yolov5/releases/download/v7.0"
# Of the files of that release, each as several who do not know one another state it. Of the larger
# ones no hash is stated so: whoever wants one gives the hash that he trusts.
RELEASED_SHA256 = {
    "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3": "yolov5n",
    "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee": "yolov5s",
    "61d933360ba5a7733a36764996c800287d973889d875227f5beedd2473a97a56": "yolov5m",
}
# The largest network's file has 174 MB.
MAX_WEIGHTS_BYTES = 1_000_000_000
_DOWNLOAD_TIMEOUT_SECONDS = 60
_COCO_CLASSES = 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the file; return the exit status."""
    parser = argparse.ArgumentParser(prog="make weights", description=__doc__)
    parser.add_argument("source", help=f"a file, or a URL such as {RELEASE}/yolov5s.pt")
    parser.add_argument("--folder", type=Path, required=True, help="where the pipeline looks")
    parser.add_argument("--sha256", default="", help="of a file whose hash is not known here")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            path = _fetch(given.source, Path(scratch))
            print(make_coco_weights(path, given.folder, given.sha256.strip().lower()))
    except (TrainerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def make_coco_weights(source: Path, folder: Path, sha256: str = "") -> Path:
    """Write `<architecture>.safetensors` and its hash beside it; return its path.

    `sha256` is what the source must have, where it is none of the released files that are known here.

    Raises:
        BadWeights: the source has another hash, or holds no network of one of our architectures.

    """
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    architecture = RELEASED_SHA256.get(found)
    if sha256 not in (found, "") or (architecture is None and not sha256):
        known = ", ".join(RELEASED_SHA256.values())
        expected = f"SHA256={sha256}" if sha256 else f"that of {known} as released ({RELEASE}/)"
        msg = (
            f"{source.name} has the SHA-256 {found}: expected {expected}; get the file again, or give "
            "SHA256=<the hash of the file that you mean, from a source that you trust>"
        )
        raise BadWeights(msg)
    weights = read_weights(source)
    architecture = architecture or weights.architecture
    if architecture is None or weights.class_names is None:
        msg = (
            f"{source.name} holds no network of the kind yolov5n, s, m, l or x that names its classes; "
            f"expected one of those of {RELEASE}/"
        )
        raise BadWeights(msg)
    _require_whole(weights, architecture)
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{architecture}.safetensors"
    _write_whole(made, weights, architecture)
    return made


def _require_whole(weights: StartingWeights, architecture: str) -> None:
    names = tuple(f"class {number}" for number in range(_COCO_CLASSES))
    transfer_weights(weights, build_network(architecture, names, seed=0))


def _write_whole(made: Path, weights: StartingWeights, architecture: str) -> None:
    """Write the file, under another name first, and its hash, which is what makes it count."""
    part = made.with_suffix(".part")
    # Names of nothing that we know: a sight may be called as one of COCO's classes is.
    names = "[" + ", ".join(["null"] * len(weights.class_names or ())) + "]"
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.tensors.items()},
        part,
        metadata={"class_names": names, "architecture": architecture},
    )
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    # The workers that read it may be another user's.
    part.chmod(0o644)
    made.with_name(f"{made.name}.sha256").write_text(f"{sha256}  {made.name}\n", encoding="ascii")
    os.replace(part, made)  # noqa: PTH105 - atomic


def _fetch(source: str, scratch: Path) -> Path:
    """Return the source as a file, downloaded if it is a URL."""
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            msg = f"FROM={source} is no file; name one, or a URL such as {RELEASE}/yolov5s.pt"
            raise BadWeights(msg)
        return path
    if not source.startswith("https://"):
        msg = f"FROM={source} must be a file or begin with https://"
        raise BadWeights(msg)
    path = scratch / (source.rpartition("/")[2] or "weights.pt")
    try:
        with (
            urllib.request.urlopen(source, timeout=_DOWNLOAD_TIMEOUT_SECONDS) as answer,  # noqa: S310 - https, see above
            path.open("wb") as file,
        ):
            while block := answer.read(1_000_000):
                file.write(block)
                if file.tell() > MAX_WEIGHTS_BYTES:
                    msg = (
                        f"FROM={source} has no end after {MAX_WEIGHTS_BYTES} bytes; look at the URL"
                    )
                    raise BadWeights(msg)
    except (OSError, ValueError) as error:
        msg = (
            f"FROM={source} could not be fetched ({error}); fetch it another way and name the file"
        )
        raise BadWeights(msg) from error
    return path


if __name__ == "__main__":
    sys.exit(main())
