"""An Airflow whose only DAG is `sync_cities`, without its clock: whatever it settles was settled by events."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port

DAG_FILE = Path(__file__).resolve().parents[1] / "dags" / "sync_cities.py"
EVERY_TEN_MINUTES, IN_SOME_YEARS = '"*/10 * * * *"', '"0 0 29 2 *"'


class EventsOnly(AirflowServices):
    """Airflow with `sync_cities` alone, which starts by what comes in: its clock would come round in some years."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder / "airflow", free_port(), environment)
        self._dags = folder / "dags"
        self._dags.mkdir()
        text = DAG_FILE.read_text(encoding="utf-8")
        assert text.count(EVERY_TEN_MINUTES) == 1
        written = text.replace(EVERY_TEN_MINUTES, IN_SOME_YEARS)
        (self._dags / DAG_FILE.name).write_text(written, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(self._dags)}
