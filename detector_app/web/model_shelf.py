"""The models that browsers may have: published, on disk, and checked, before anybody is told of them.

A model is fetched when its publication is noticed, not when the first visitor waits for it. What is
on the shelf was checked by hash, signature and content; a file that changed since is checked anew.
A model that was replaced stays for those who know it still, as long as the app runs.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detector_app.catalogue import Catalogue, PublishedModel
from detector_app.errors import ModelRefused, ModelUnavailable
from detector_app.models.model_store import path_of_model
from detector_app.models.sight_facts import SightFacts, read_sights

logger = logging.getLogger(__name__)

Obtain = Callable[[PublishedModel], bytes]

# A refused file is not fetched again for each visitor; what is published anew has another hash.
RETRY_REFUSED_AFTER_LOOKS: Final = 20


@dataclass(frozen=True)
class ShelvedModel:
    """A file that may be sent: where it is, its state when it was checked, what it says of its sights."""

    model: PublishedModel
    path: Path
    state: tuple[int, int]
    sights: tuple[SightFacts, ...]


def files_of(model: PublishedModel) -> tuple[PublishedModel, ...]:
    """Return the model once for each of its files: its own, and that of its live variant."""
    live = model.as_live()
    return (model, live) if live else (model,)


class ModelShelf:
    """Knows the checked files by hash. Safe to share between threads; one file is checked at a time."""

    def __init__(self, obtain: Obtain, cache_folder: Path) -> None:
        """Take `obtain`, which returns a model's verified bytes and keeps them in the folder."""
        self._obtain = obtain
        self._cache_folder = cache_folder
        self._lock = threading.Lock()
        self._shelved: dict[str, ShelvedModel] = {}
        self._refused: dict[str, tuple[str, int]] = {}
        # How often the answer of `peek` may have changed.
        self.changes = 0

    def fill(self, catalogue: Catalogue) -> None:
        """Fetch and check what is published and not here yet; what cannot be had is tried again."""
        for model in _published(catalogue):
            try:
                self.take(model)
            except ModelUnavailable as error:
                logger.info("models: %s", error)
            except ModelRefused:
                # Said in the log when it was found out.
                continue

    def take(self, model: PublishedModel) -> ShelvedModel:
        """Return the checked file of a published model, fetched if need be.

        Raises `ModelUnavailable` or `ModelRefused`.
        """
        # Who asks for a file that is here does not wait for one that is being fetched.
        shelved = self._find_unchanged(model.onnx_sha256)
        if shelved is not None:
            return shelved
        with self._lock:
            shelved = self._find_unchanged(model.onnx_sha256)
            if shelved is not None:
                return shelved
            self._raise_if_refused(model.onnx_sha256)
            try:
                content = self._obtain(model)
            except ModelRefused as error:
                logger.warning("models: %s", error)
                self._refused[model.onnx_sha256] = (str(error), RETRY_REFUSED_AFTER_LOOKS)
                raise
            path = path_of_model(model, self._cache_folder)
            state = _state_of(path)
            if state is None:
                raise ModelUnavailable(
                    key="detector.no_room", city=model.city_name, folder=self._cache_folder
                )
            shelved = ShelvedModel(model, path, state, read_sights(content))
            self._shelved[model.onnx_sha256] = shelved
            self.changes += 1
            return shelved

    def find(self, sha256: str, catalogue: Catalogue) -> ShelvedModel | None:
        """Return the checked file of that hash, None of one that is not published and was not."""
        shelved = self._shelved.get(sha256)
        model = shelved.model if shelved else None
        for published in _published(catalogue):
            if published.onnx_sha256 == sha256:
                model = published
        return self.take(model) if model else None

    def peek(self, model: PublishedModel) -> ShelvedModel | None:
        """Return the model's checked file if it is on the shelf; fetch nothing."""
        return self._shelved.get(model.onnx_sha256)

    def hashes_in_use(self, catalogue: Catalogue) -> frozenset[str]:
        """Return the hashes of the files that are published, or that somebody may know still."""
        published = {model.onnx_sha256 for model in _published(catalogue)}
        return frozenset(published | set(self._shelved))

    def _find_unchanged(self, sha256: str) -> ShelvedModel | None:
        shelved = self._shelved.get(sha256)
        return shelved if shelved and _state_of(shelved.path) == shelved.state else None

    def _raise_if_refused(self, sha256: str) -> None:
        message, looks = self._refused.pop(sha256, ("", 0))
        if looks:
            self._refused[sha256] = (message, looks - 1)
            raise ModelRefused(message)


def _published(catalogue: Catalogue) -> Iterable[PublishedModel]:
    return (file for city in catalogue.cities if city.model for file in files_of(city.model))


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size
