"""The state of a training after each epoch, so that a killed one goes on where it was.

On a full disk a training goes on without: the last checkpoint that was written whole stays.
The file stays on this host: it is a pickle, and only read back as plain tensors (`weights_only`).
"""

import os
import pickle
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import torch

from trainer.model_folder import RunIdentity
from trainer.progress import say, spared


class CheckpointFolder:
    """The checkpoint of one training in `MODEL_DIR/checkpoints`."""

    def __init__(self, model_dir: Path, identity: RunIdentity) -> None:
        self._path = model_dir / "checkpoints" / "last.pt"
        self._identity = identity

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; a kill at any moment leaves the old one or the new one, whole."""
        temporary = self._path.with_suffix(".tmp")
        with spared("the checkpoint"):
            self._path.parent.mkdir(exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    _write(file, {**self._header(), "state": state})
                temporary.replace(self._path)
            except OSError:
                # Half a checkpoint would take the room that the model needs.
                temporary.unlink(missing_ok=True)
                raise

    def load(self) -> dict[str, Any] | None:
        """Return the state of the same training, or None: no checkpoint, another training's, or a damaged one."""
        try:
            content = torch.load(self._path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            say(f"checkpoint ignored: {self._path} cannot be read ({error})")
            return None
        if (
            not isinstance(content, dict)
            or {key: content.get(key) for key in self._header()} != self._header()
        ):
            say("checkpoint ignored: it is of another dataset, request or trainer")
            return None
        state: dict[str, Any] = content["state"]
        return state

    def discard(self) -> None:
        """Delete the checkpoint: the model is finished, nothing will go on from it."""
        # Whatever cannot be deleted, the model is there.
        shutil.rmtree(self._path.parent, ignore_errors=True)

    def _header(self) -> dict[str, object]:
        # With the trainer's hash, so that no content is half understood by another one.
        return asdict(self._identity)


def _write(file: IO[bytes], content: dict[str, Any]) -> None:
    """Write a checkpoint to the disk.

    Raises:
        OSError: the disk does not take it.

    """
    try:
        torch.save(content, file)
    except RuntimeError as error:
        # Torch's writer of archives says so of any write that fails.
        raise OSError(str(error).partition("\n")[0]) from error
    file.flush()
    os.fsync(file.fileno())
