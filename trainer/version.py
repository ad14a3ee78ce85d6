"""Which trainer this is: its sources, the recipe among them, and the libraries that it stands on.

Another one makes another model of the same photos, however small the difference is.
"""

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

_LIBRARIES = (
    "torch",
    "torchvision",
    "yolov5",
    "numpy",
    "opencv-python",
    "onnx",
    "onnxruntime",
    "safetensors",
    "pycocotools",
)


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a model depends on, by name."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _LIBRARIES
    }


def hash_trainer(folder: Path = Path(__file__).parent) -> str:
    """Return a SHA-256 in hexadecimal: the same one goes on with a training with the same bits.

    Of all sources in `folder`: a number that somebody has to raise is forgotten. The watch of the
    host, which lies below, changes no model.
    """
    sources = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.py")
    }
    canonical = json.dumps([sources, library_versions()], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
