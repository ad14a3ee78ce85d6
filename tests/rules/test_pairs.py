"""What two programs must both say, since they share no code: files, limits, exit statuses.

The pipeline, the trainer, the watch on the trainer's host and the app are installed apart.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any, get_args

import pytest

from sightscan import model_folder, training
from sightscan.operators.handover import HOST_LIFE_SECONDS
from sightscan.settings import Settings
from sightscan.train.outcome import BAD_INPUT_STATUS, MEANINGS
from sightscan.warehouse.registry.cities import NOT_LET_IN
from tests.rules.source_tree import Source, constants, is_number, plant, sources
from trainer import errors, request
from trainer import model_folder as trainers_folder
from trainer.host.power import PowerLimits

# Why one name may mean two things.
DIFFERENT = {
    "CONNECT_TIMEOUT_SECONDS": "people wait for the app, nobody for a task",
    "HOST_LOCK_FILE": "the file, and the link of its name in each run's folder",
    "LOCK_POLL_SECONDS": "migrations, and trainings on one host",
    "LOOK_SECONDS": "at the queue, and at the host",
}


def program_of(path: str) -> str:
    return "trainer/host" if path.startswith("trainer/host/") else path.partition("/")[0]


def value_of(value: ast.expr) -> str | None:
    """Return a number, a text, or a collection of such in one spelling; None of anything else."""
    if is_number(value):
        return str(eval(ast.unparse(value), {})) if "timedelta" not in ast.dump(value) else None  # noqa: S307
    try:
        return repr(ast.literal_eval(value))
    except ValueError:
        return None


def unlike(modules: Iterable[Source]) -> dict[str, list[str]]:
    """Return the names that mean different things in different programs, and where."""
    found: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
    for source in modules:
        for name, expression in constants(source):
            value = value_of(expression)
            if value is not None:
                found[name][value].append(source)
    return {
        name: sorted(source.path for homes in values.values() for source in homes)
        for name, values in found.items()
        if len(values) > 1
        and len({program_of(source.path) for homes in values.values() for source in homes}) > 1
    }


def test_one_name_means_one_thing_in_all_programs() -> None:
    found = unlike(sources("plugins", "trainer", "detector_app"))
    assert set(found) == set(DIFFERENT), "make them equal, or name them for what they are"


@pytest.mark.parametrize(
    ("one", "other", "is_found"),
    [
        ("A = 3600", "A = 60 * 60", False),
        ("A = 3600", "A = 60", True),
        ("A = 3600", "_A: int = 60", True),
        ("A = 'x'", "A = 'y'", True),
        ("A = ('x', 1)", "A = ('x', 2)", True),
        ("A = re.compile('x')", "A = re.compile('y')", False),
    ],
)
def test_a_pair_that_differs_would_be_found(one: str, other: str, *, is_found: bool) -> None:
    pair = [plant("plugins/sightscan/a.py", one), plant("trainer/b.py", other)]
    assert bool(unlike(pair)) is is_found
    # Within one program, other rules look at it.
    assert not unlike([plant("trainer/a.py", one), plant("trainer/b.py", other)])
    assert bool(unlike([plant("trainer/a.py", one), plant("trainer/host/b.py", other)])) is is_found


def constant(path: str, name: str) -> Any:
    """Return a constant of a program that is not installed here."""
    folder = path.partition("/")[0]
    (source,) = (each for each in sources(folder) if each.path == path)
    return ast.literal_eval(dict(constants(source))[name])


def bounds(setting: str) -> tuple[float, float]:
    limits = Settings.model_fields[setting].metadata
    (least,) = (limit.ge for limit in limits if hasattr(limit, "ge"))
    (most,) = (limit.le for limit in limits if hasattr(limit, "le"))
    return least, most


# Under two names: what the pipeline says, and what the other program does.
PAIRS: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "life of a host": (lambda: HOST_LIFE_SECONDS, lambda: PowerLimits().max_life_seconds),
    "the host's lock": (
        lambda: PurePosixPath(training.HOST_LOCK_FILE).name,
        lambda: trainers_folder.HOST_LOCK_FILE,
    ),
    "drawings": (
        lambda: set(model_folder.DRAWINGS),
        lambda: {trainers_folder.CURVES_FILE, trainers_folder.CONFUSION_FILE},
    ),
    "status of bad input": (lambda: BAD_INPUT_STATUS, lambda: errors.BadInput.exit_status),
    "statuses with a meaning": (
        lambda: {status for status in MEANINGS if status < 100},
        lambda: {
            each.exit_status
            for each in vars(errors).values()
            if isinstance(each, type) and issubclass(each, errors.TrainerError)
        },
    ),
    "architectures": (
        lambda: get_args(Settings.model_fields["mts_architecture"].annotation),
        lambda: request.ARCHITECTURES,
    ),
    "epochs": (lambda: bounds("mts_epochs"), lambda: request._BOUNDS["epochs"]),
    "image size": (lambda: bounds("mts_image_size"), lambda: request._BOUNDS["image_size"]),
    "batch size": (lambda: bounds("mts_batch_size"), lambda: request._BOUNDS["batch_size"]),
    "patience": (lambda: bounds("mts_patience"), lambda: request._BOUNDS["patience"]),
    "seed": (lambda: bounds("mts_seed"), lambda: request._BOUNDS["seed"]),
    "longest training": (
        lambda: bounds("mts_time_limit_seconds")[1],
        lambda: request._BOUNDS["time_limit_seconds"][1],
    ),
    "cities that are not let in": (
        lambda: set(NOT_LET_IN),
        lambda: set(constant("detector_app/wording.py", "NOT_LET_IN")),
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_pair_is_equal(pair: str) -> None:
    ours, theirs = PAIRS[pair]
    assert ours() == theirs()
