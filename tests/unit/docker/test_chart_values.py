"""What is wrong with values for a chart is named; a small chart stands for Airflow's."""

import json
from pathlib import Path

import pytest

from tests.chart_values import find_faults, main

VALUES = """# helm upgrade ... --version 1.2.3 --values ...
scheduler:
  replicas: 2
  resources:
    limits: {memory: 1Gi}
config:
  core:
    anything: "1"
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "Chart.yaml").write_text("name: airflow\nversion: 1.2.3\n")
    (tmp_path / "values.yaml").write_text(
        "scheduler: {replicas: 1, resources: {}, user: {name: admin}}\nconfig: {core: {}}\n"
    )
    schema = {
        "properties": {
            "scheduler": {"properties": {"replicas": {"type": "integer"}}, "type": "object"}
        }
    }
    (tmp_path / "values.schema.json").write_text(json.dumps(schema))
    return tmp_path


def test_values_that_a_chart_takes_have_no_fault(chart: Path) -> None:
    assert list(find_faults(chart, VALUES)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("replicas: 2", "replicas: two", "scheduler.replicas: 'two' is not of type 'integer'"),
        ("replicas: 2", "replica: 2", "scheduler.replica is no value of chart 1.2.3"),
        ("replicas: 2", "user: {enabled: no}", "scheduler.user.enabled is no value of"),
        ("1.2.3 --values", "1.2 --values", "it is for chart 1.2, and this is chart 1.2.3"),
        ("scheduler:", "schedule:", "schedule is no value of chart 1.2.3"),
    ],
)
def test_a_fault_is_named(chart: Path, right: str, wrong: str, said: str) -> None:
    (fault,) = find_faults(chart, VALUES.replace(right, wrong))
    assert said in fault


def test_a_folder_that_is_no_chart_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none"), str(tmp_path)]) == 2
    assert "is no chart of Helm, expected a folder with Chart.yaml" in capsys.readouterr().err
