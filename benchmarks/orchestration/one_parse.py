"""Parse DAG files of cities as Airflow does, in processes of their own, and count what each took.

    python -m benchmarks.orchestration.one_parse COUNT...

Prints one JSON object: for each count, what its files took, and what a worker takes that runs one
city among the most. Airflow forks a process for each file and each task from one that has imported
Airflow and hardly anything of ours, and so does this; it has what it imported left alone by the garbage
collector before, as Airflow's processor does. What a process does for its first DAG alone (imports,
plugins) is counted apart, by a registry of one city of the same file before.
"""

import gc
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

from benchmarks.orchestration.registry import write_snapshot
from sightscan.operators.city_dag.shards import SHARD_COUNT, shard_of
from sightscan.settings import REPOSITORY

BUNDLE = "dags-folder"
DAGS = REPOSITORY / "dags"


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    snapshot = Path(os.environ["REGISTRY_SNAPSHOT"])
    counts = sorted(int(each) for each in arguments)
    files = {}
    gc.freeze()
    for count in counts:
        files[count] = [in_a_child(parse_shard, snapshot, count, n) for n in range(SHARD_COUNT)]
    worker = in_a_child(build_for_a_worker, snapshot, counts[-1])
    print(json.dumps({"files": files, "worker": worker}))
    return 0


def in_a_child(work: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """Return what a function measures in a process that was forked for it."""
    forks = multiprocessing.get_context("fork")
    here, there = forks.Pipe(duplex=False)
    child = forks.Process(target=_answer, args=(there, work, arguments))
    child.start()
    there.close()
    try:
        answer: dict[str, float] = here.recv()
    except EOFError:
        msg = f"{work.__name__}{arguments} died; what it said is above"
        raise RuntimeError(msg) from None
    child.join()
    return answer


def _answer(there: Connection, work: Callable[..., dict[str, float]], arguments: Any) -> None:
    there.send(work(*arguments))


def parse_shard(snapshot: Path, count: int, number: int) -> dict[str, float]:
    """Parse and serialise a file: once for one city of it, then for its share of so many."""
    first = _seconds_of_parse(_snapshot_of_one(snapshot, number), number)
    snapshot_of_all = snapshot.with_name(f"{count}.json")
    if not snapshot_of_all.exists():
        write_snapshot(snapshot_of_all, count)
    return {"first": first["seconds"], **_seconds_of_parse(snapshot_of_all, number)}


def build_for_a_worker(snapshot: Path, count: int) -> dict[str, float]:
    """Build the DAG of one city as a task's process does, among so many: first and second time."""
    write_snapshot(snapshot, count)
    os.environ["REGISTRY_SNAPSHOT"] = str(snapshot)
    # The second is another city of the same file, so nothing of its own was built before.
    slugs = [slug for slug in _slugs(count) if shard_of(slug) == 0][:2]
    return {
        name: _seconds_of_build(slug)
        for name, slug in zip(("first", "seconds"), slugs, strict=True)
    }


def _seconds_of_parse(snapshot: Path, number: int) -> dict[str, float]:
    os.environ["REGISTRY_SNAPSHOT"] = str(snapshot)
    request = DagFileParseRequest(
        file=str(_file(number)), bundle_path=DAGS, bundle_name=BUNDLE, callback_requests=[]
    )
    began = time.process_time()
    result = _parse_file(request, structlog.get_logger())
    # What goes through a pipe to the DAG processor; putting it into bytes is in a file's time, too.
    sent = result.model_dump_json() if result else ""
    seconds = time.process_time() - began
    if result is None or result.import_errors:
        msg = f"{_file(number)} does not parse: {result and result.import_errors}"
        raise RuntimeError(msg)
    return {"seconds": seconds, "bytes": len(sent), "cities": len(result.serialized_dags)}


def _seconds_of_build(slug: str) -> float:
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = f"city_{slug}"
    began = time.process_time()
    bag = BundleDagBag(
        dag_folder=str(_file(shard_of(slug))),
        safe_mode=False,
        load_op_links=False,
        bundle_path=DAGS,
        bundle_name=BUNDLE,
    )
    seconds = time.process_time() - began
    if set(bag.dags) != {f"city_{slug}"}:
        msg = f"a worker of {slug} builds {sorted(bag.dags)}: {bag.import_errors}"
        raise RuntimeError(msg)
    return seconds


def _snapshot_of_one(snapshot: Path, number: int) -> Path:
    """Write a registry of one city of a file."""
    slug = next(slug for slug in _slugs(1_000) if shard_of(slug) == number)
    path = snapshot.with_name("one.json")
    row = {"slug": slug, "name": "One", "country": "Country", "is_active": True}
    path.write_text(json.dumps([row]), encoding="utf-8")
    return path


def _slugs(count: int) -> list[str]:
    return [f"city-{number}" for number in range(count)]


def _file(number: int) -> Path:
    return DAGS / f"cities_{number:02}.py"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
