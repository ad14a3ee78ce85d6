"""The state of a training after each epoch, so that a killed one goes on where it was.

The file stays on this host: it is a pickle, and only read back as plain tensors (`weights_only`).
"""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from trainer.model_folder import RunIdentity

# Raise it when the content changes: older checkpoints are then ignored instead of half understood.
FORMAT = 1


class CheckpointFolder:
    """The checkpoint of one training in `MODEL_DIR/checkpoints`."""

    def __init__(self, model_dir: Path, identity: RunIdentity) -> None:
        self._path = model_dir / "checkpoints" / "last.pt"
        self._identity = identity

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; a kill at any moment leaves the old one or the new one, whole."""
        self._path.parent.mkdir(exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            torch.save({**self._header(), "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def load(self) -> dict[str, Any] | None:
        """Return the state of the same training, or None: no checkpoint, another training's, or a damaged one."""
        try:
            content = torch.load(self._path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            print(f"checkpoint ignored: {self._path} cannot be read ({error})", flush=True)
            return None
        if (
            not isinstance(content, dict)
            or {key: content.get(key) for key in self._header()} != self._header()
        ):
            print("checkpoint ignored: it belongs to another dataset or request", flush=True)
            return None
        state: dict[str, Any] = content["state"]
        return state

    def discard(self) -> None:
        """Delete the checkpoint: the model is finished, nothing will go on from it."""
        for path in (self._path, self._path.with_suffix(".tmp")):
            path.unlink(missing_ok=True)
        if self._path.parent.is_dir():
            self._path.parent.rmdir()

    def _header(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "dataset_sha256": self._identity.dataset_sha256,
            "request_sha256": self._identity.request_sha256,
        }
