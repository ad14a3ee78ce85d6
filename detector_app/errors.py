"""What can go wrong in the app, each as one sentence that a visitor can act on.

The pages show `str(error)` as it is, so a message says what was wrong, with its value, and what
to do next. Errors of libraries are turned into these where they occur, in one place each.
"""


class AppError(Exception):
    """The root of everything that the app expects to go wrong."""


class WarehouseAway(AppError):
    """The warehouse cannot be asked now; what is on disk can still be used."""


class ModelUnavailable(AppError):
    """The model is neither on disk nor to be had from the warehouse."""


class ModelRefused(AppError):
    """What was given as a model is not the published ONNX, and is not run."""


class PhotoRefused(AppError):
    """What was given as a photo cannot be read as one."""


class DetectionFailed(AppError):
    """The model broke on a picture that it should have handled."""


class ServerBusy(AppError):
    """Other visitors have what this one needs; a moment later it may be free."""
