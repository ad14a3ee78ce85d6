"""Airflow's public REST API, as far as the demo needs it."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

REQUEST_TIMEOUT_SECONDS = 60
FINAL_RUN_STATES = frozenset({"success", "failed"})


class AirflowApiError(RuntimeError):
    """Airflow does not answer, or refuses what it was asked."""


@dataclass(frozen=True)
class TaskState:
    """One task instance of a run; `state` is None before it is scheduled."""

    task_id: str
    map_index: int
    label: str
    state: str | None
    started_at: datetime | None
    ended_at: datetime | None
    try_number: int

    @property
    def seconds(self) -> float:
        """Return how long it has run, or ran."""
        if self.started_at is None:
            return 0.0
        end = self.ended_at or datetime.now(self.started_at.tzinfo)
        return (end - self.started_at).total_seconds()


class AirflowApi:
    """A logged-in client; a token that ran out is renewed."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=REQUEST_TIMEOUT_SECONDS)
        self._login = {"username": username, "password": password}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def await_healthy(self, timeout_seconds: float, still_running: Any = None) -> None:
        """Wait until API server, scheduler, DAG processor and triggerer all say healthy."""
        deadline = time.monotonic() + timeout_seconds
        last = "no answer"
        while time.monotonic() < deadline:
            if still_running is not None:
                still_running()
            try:
                answer = self._http.get("/api/v2/monitor/health")
                parts = {name: part["status"] for name, part in answer.json().items() if part}
            except (httpx.HTTPError, ValueError) as error:
                last = str(error) or type(error).__name__
            else:
                if parts and all(status == "healthy" for status in parts.values()):
                    return
                last = ", ".join(f"{name} is {status}" for name, status in parts.items())
            time.sleep(0.5)
        msg = f"Airflow is not healthy after {timeout_seconds:.0f} s: {last}"
        raise AirflowApiError(msg)

    def await_dag(self, dag_id: str, timeout_seconds: float) -> None:
        """Wait until Airflow has parsed a DAG and its import has no error."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
            if errors:
                msg = f"{errors[0]['filename']} does not import: {errors[0]['stack_trace']}"
                raise AirflowApiError(msg)
            answer = self._send("GET", f"/api/v2/dags/{dag_id}")
            if answer.status_code == httpx.codes.OK and not answer.json()["is_stale"]:
                return
            time.sleep(0.5)
        msg = f"Airflow has no DAG {dag_id!r} after {timeout_seconds:.0f} s"
        raise AirflowApiError(msg)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": conf or {}}
        answer = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        return str(answer["dag_run_id"])

    def mark_failed(self, dag_id: str, run_id: str) -> None:
        """Mark a run failed, as a person does in the UI."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        self._call("PATCH", path, json={"state": "failed"})

    def pause(self, dag_id: str, *, is_paused: bool) -> None:
        """Pause a DAG, or let it go on: its queued runs wait meanwhile."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": is_paused})

    def mark_done(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Mark a task of a run, and all before it, as if they had succeeded."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._call("PATCH", path, json={"new_state": "success", "include_upstream": True})

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return queued, running, success or failed."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def run_note(self, dag_id: str, run_id: str) -> str:
        """Return the note of a run; empty if it has none."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return str(answer["note"] or "")

    def await_run(self, dag_id: str, run_id: str, timeout_seconds: float) -> str:
        """Wait until a run ends and return its state."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            state = self.run_state(dag_id, run_id)
            if state in FINAL_RUN_STATES:
                return state
            time.sleep(0.5)
        msg = f"run {run_id} of {dag_id} has not ended after {timeout_seconds:.0f} s"
        raise AirflowApiError(msg)

    def task_states(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the task instances of a run, mapped ones one by one."""
        answer = self._call(
            "GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 500}
        )
        return [
            TaskState(
                task_id=row["task_id"],
                map_index=row["map_index"],
                label=row.get("rendered_map_index") or "",
                state=row["state"],
                started_at=_moment(row["start_date"]),
                ended_at=_moment(row["end_date"]),
                try_number=row["try_number"],
            )
            for row in answer["task_instances"]
        ]

    def log_tail(self, dag_id: str, run_id: str, task: TaskState, lines: int = 25) -> str:
        """Return the last lines of a task's log."""
        answer = self._send(
            "GET",
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}"
            f"/logs/{max(task.try_number, 1)}",
            params={"map_index": task.map_index, "full_content": True},
            headers={"Accept": "application/json"},
        )
        if answer.status_code != httpx.codes.OK:
            return f"(no log: {answer.text[:200]})"
        texts = [text for line in answer.json().get("content", []) for text in _log_texts(line)]
        return "\n".join(texts[-lines:])

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._send(method, path, **arguments)
        if answer.is_error:
            msg = f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}"
            raise AirflowApiError(msg)
        return answer.json()

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                token = self._http.post("/auth/token", json=self._login).json()["access_token"]
                self._http.headers["Authorization"] = f"Bearer {token}"
                answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            msg = f"Airflow at {self._http.base_url} does not answer: {error}"
            raise AirflowApiError(msg) from error
        return answer


def _log_texts(line: str | dict[str, Any]) -> list[str]:
    """Return a structured log line as text, with the errors that it carries."""
    if isinstance(line, str):
        return [line]
    texts = [str(line.get("event", ""))]
    if texts[0].startswith("::"):
        return []
    texts += [
        f"{error.get('exc_type')}: {error.get('exc_value')}"
        for error in line.get("error_detail") or []
    ]
    return texts


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
