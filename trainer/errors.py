"""Errors of the trainer, each one sentence: what was wrong, what was expected, what to do.

The exit status tells the pipeline whether trying again can help: 2 is bad input (it cannot), 1 a
failed training, 3 one that does not fit into memory, though batches were halved down to one photo.
"""


class TrainerError(Exception):
    """Base of everything that the trainer reports in one sentence."""

    exit_status = 1


class BadInput(TrainerError):
    """The folders given to the trainer cannot be used as they are."""

    exit_status = 2


class BadRequest(BadInput):
    """`request.json` asks for something impossible."""


class BadDataset(BadInput):
    """The dataset folder is incomplete, damaged or cannot be learnt from."""


class BadWeights(BadInput):
    """The weights to start from cannot be read safely."""


class ModelFolderUnusable(BadInput):
    """The model folder cannot be written."""


class TrainingFailed(TrainerError):
    """The training itself went wrong."""


class OutOfMemory(TrainerError):
    """Not even one photo at a time fits into memory."""

    exit_status = 3


class HostBusy(TrainerError):
    """Somebody else works on this host, and does not end."""


class ExportMismatch(TrainerError):
    """The exported ONNX does not answer as the trained network does."""


class NetworkForbidden(TrainerError):
    """Something tried to leave the host; the trainer never does."""
