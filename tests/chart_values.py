"""Hold the values for Airflow's Helm chart against a chart: `make lint-chart CHART=<folder>`.

    python -m tests.chart_values CHART VALUES

The chart is somebody else's and is not kept here, so whoever has one names its folder. Its schema says
which values have the wrong type; that a name is unknown it says only here and there, and Helm takes
it without a word. So each name is looked up among the chart's own values, too.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

# Lines of airflow.cfg, which has more than the chart knows; `test_docker_files.py` reads them.
OPEN_NAMES = {"config"}
VERSION_WRITTEN = re.compile(r"^# .*--version (\d\S*)", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Print what a chart does not take; return 1 if there is anything, 2 if there is no chart."""
    chart, values = map(Path, arguments)
    if not (chart / "Chart.yaml").is_file():
        sys.stderr.write(
            f"error: CHART={str(chart)!r} is no chart of Helm, expected a folder with Chart.yaml; get "
            "it with `helm pull apache-airflow/airflow --version X --untar`\n"
        )
        return 2
    faults = list(find_faults(chart, values.read_text(encoding="utf-8")))
    sys.stderr.writelines(f"{values}: {fault}\n" for fault in faults)
    return 1 if faults else 0


def find_faults(chart: Path, text: str) -> Iterator[str]:
    """Yield what the chart would not take, or would not read."""
    version = str(_read_yaml(chart / "Chart.yaml")["version"])
    written = VERSION_WRITTEN.search(text)
    if written is None or written[1] != version:
        yield (
            f"it says that it is for chart {written and written[1]}, and this is chart {version}; "
            "correct its head when all else is right"
        )
    known = _read_yaml(chart / "values.yaml")
    given = yaml.safe_load(text)
    for name in _unknown(known, given):
        yield f"{name} is no value of chart {version}, which takes no notice of it"
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    for error in Draft7Validator(schema).iter_errors(_merged(known, given)):
        where = ".".join(map(str, error.absolute_path))
        yield f"{where}: {error.message[:200]}"


def _unknown(known: Mapping[str, Any], given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, value in given.items():
        if path + name in OPEN_NAMES:
            continue
        if name not in known:
            yield path + name
        # What the chart leaves empty is of a form of Kubernetes' own, such as resources.
        elif isinstance(value, dict) and isinstance(known[name], dict) and known[name]:
            yield from _unknown(known[name], value, f"{path}{name}.")


def _merged(known: Any, given: Any) -> Any:
    """Return the chart's values with those that are given, as Helm merges them."""
    if not (isinstance(known, dict) and isinstance(given, dict)):
        return given
    both = {name: _merged(known[name], given[name]) for name in known.keys() & given.keys()}
    return {**known, **given, **both}


def _read_yaml(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
