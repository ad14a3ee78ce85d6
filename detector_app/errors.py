"""What can go wrong in the app, each as one sentence that a visitor can act on.

A message says what was wrong, with its value, and what to do next; `told` has it in a visitor's
language. Errors of libraries are turned into these where they occur, in one place each.
"""

from detector_app.texts import DEFAULT_LANGUAGE, say


class AppError(Exception):
    """The root of everything that the app expects to go wrong; its text is for whoever runs the app."""


class WarehouseAway(AppError):
    """The warehouse cannot be asked now; what is on disk can still be used."""


class ModelRefused(AppError):
    """What was given as a model is not the published ONNX, and is not run."""


class ToldError(AppError):
    """One that visitors bring about: a sentence of `texts`, and what is put into its places."""

    def __init__(self, *, key: str, **values: object) -> None:
        """Take the sentence's key; the log has it in English."""
        super().__init__(say(DEFAULT_LANGUAGE, key, **values))
        self.key, self.values = key, values

    def told(self, language: str) -> str:
        """Return the sentence in a language."""
        return say(language, self.key, **self.values)


class ModelUnavailable(ToldError):
    """The model is neither on disk nor to be had from the warehouse."""


class PhotoRefused(ToldError):
    """What was given as a photo cannot be read as one."""


class DetectionFailed(ToldError):
    """The model broke on a picture that it should have handled."""


class ServerBusy(ToldError):
    """Other visitors have what this one needs; a moment later it may be free."""
