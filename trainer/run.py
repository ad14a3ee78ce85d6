"""One training run, from the dataset folder to the model folder; the order of its steps is the contract.

Whatever can be wrong with the input is found before torch is even imported.
"""

from contextlib import ExitStack
from pathlib import Path

from trainer.dataset_folder import read_dataset
from trainer.model_folder import (
    RESULT_FILE,
    RunIdentity,
    begin_model,
    locked_host,
    locked_model_folder,
    read_result,
    remove_scratch,
    write_result,
)
from trainer.progress import say
from trainer.request import hash_request, read_request
from trainer.version import hash_trainer


def run(dataset_dir: Path, model_dir: Path) -> None:
    """Turn a dataset folder into a model folder; return at once if that has been done before.

    Raises BadInput for what the caller must mend, TrainerError for a training that failed.
    """
    request = read_request(dataset_dir)
    dataset = read_dataset(dataset_dir)
    identity = RunIdentity(dataset.sha256, hash_request(request, dataset_dir), hash_trainer())
    with ExitStack() as locks:
        # In this order: the same training, asked for again, waits for its result and for no host.
        locks.enter_context(locked_model_folder(model_dir))
        if read_result(model_dir, identity) is not None:
            say(f"nothing to do: {model_dir / RESULT_FILE} is of this dataset, request and trainer")
            return
        locks.enter_context(locked_host(dataset_dir))
        begin_model(model_dir)
        say(
            f"dataset {dataset.city} v{dataset.version}: train={len(dataset.train)} val={len(dataset.val)} "
            f"test={len(dataset.test)} classes={len(dataset.class_names)}; {request.architecture}, "
            f"{request.epochs} epochs at {request.image_size} px, batches of {request.batch_size}"
        )
        # Imported here, because these seconds and their packages are for trainings only; the
        # process is isolated.
        from trainer.making import discard_checkpoint, make_model  # noqa: PLC0415 - see above

        result = make_model(request, dataset, identity, model_dir)
        write_result(model_dir, result)
        discard_checkpoint(model_dir, identity)
        remove_scratch(model_dir)
        test = result["metrics"]["test"]
        say(
            f"model written to {model_dir}: test mAP50 {test['map50']:.3f}, mAP50-95 {test['map50_95']:.3f}"
        )
