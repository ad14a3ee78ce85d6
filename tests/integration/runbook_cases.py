"""How each command line of a runbook is run: in which scene, and with what in place of its examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """One line: its scene, what stands for its examples, SQL before it, statuses that are right, words said."""

    scene: str
    values: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    statuses: tuple[int, ...] = (0,)
    says: str = ""


# A city is filled, with two models; in this order, since some lead to others.
BOTH_MODELS = {"lisbon 3 4": "lisbon 1 2"}
SECOND_MODEL = {"lisbon 4": "lisbon 2"}
WAITS = "update core.city set state = 'waiting' where slug = 'lisbon'"
UNKNOWN_CALL = "update core.paid_call set state = 'unknown' where call_id = (select min(call_id) from core.paid_call)"
TWO_SILENCES = (
    "insert into core.incident_silence (reason, set_by, ends_at)"
    " select 'r', 'ann', now() + interval '1 day' from generate_series(1, 2)"
)
# One that is told of what is not in order is right to say so.
DOCTOR = (0, 1)
SIGHTSCAN_CASES: dict[str, Case] = {
    "sightscan alerts test": Case("city"),
    "sightscan alerts test --by-airflow": Case("city"),
    'sightscan alerts silence crawl_empty city_lisbon --days 7 --reason "its category was renamed"': Case(
        "city", before=TWO_SILENCES
    ),
    "sightscan alerts silence --end 3": Case("city"),
    'sightscan alerts silence doctor city_lisbon --days 30 --reason "its sights are chosen anew"': Case(
        "city", says="nobody is told of city_lisbon (doctor)"
    ),
    "sightscan model publish lisbon 4": Case("city", SECOND_MODEL, says="is published"),
    "sightscan model compare lisbon 3 4": Case("city", BOTH_MODELS, says="test photos"),
    'sightscan model rollback lisbon --reason "Belem Tower is not seen at night"': Case(
        "city", says="model 1 is in place"
    ),
    'sightscan model publish lisbon 4 --reason "it was the camera, not the model"': Case(
        "city", SECOND_MODEL, says="model 2 is in place"
    ),
    'sightscan model publish lisbon 4 --accept-lost "the mill burnt down"': Case(
        "city", {"lisbon 4": "lisbon 3"}, statuses=(0, 1), says="model 3"
    ),
    "sightscan model sign lisbon": Case("city"),
    "sightscan model sign lisbon 4 --sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": Case(
        "city", SECOND_MODEL, says="already signed"
    ),
    "sightscan spend estimate lisbon --vision-calls 500": Case("city"),
    "sightscan spend show lisbon": Case("city"),
    "sightscan labels resend-unknown lisbon --dry-run": Case("city", before=UNKNOWN_CALL),
    "sightscan labels resend-unknown lisbon --yes": Case("city"),
    "sightscan machines": Case("services"),
    "sightscan warehouse migrate": Case("city", says="applied=0"),
    "sightscan warehouse refresh-marts --from 2026-11-01T00 --to 2026-11-02T00": Case("city"),
    "sightscan warehouse refresh-marts --all": Case("city"),
    "sightscan upkeep backup": Case("city", says="done"),
    "sightscan upkeep drill": Case("city", says="came back whole"),
    "sightscan upkeep clean --dry-run": Case("city"),
    "sightscan upkeep clean": Case("city"),
    "sightscan upkeep night": Case("city"),
    "sightscan doctor": Case("city", statuses=DOCTOR, says="restore-drill"),
    "sightscan warehouse restore monday.dump --into sightscan --replace": Case(
        "city", {"monday.dump": "{dump}", "into sightscan": "into runbook_restored"}
    ),
    'sightscan photos remove https://... --reason "asked by mail, 2026-11-25" --dry-run': Case(
        "city", {"https://...": "{photo}"}
    ),
    "sightscan photos move": Case("city", says="moved"),
    "sightscan city waiting": Case("city", before=WAITS, says="1 city waits"),
    "sightscan city approve lisbon": Case("city", says="is active"),
    'sightscan city refuse lisbon --reason "This year we add cities of the Alps only."': Case(
        "city", before=WAITS, says="is refused"
    ),
    'sightscan city add "Valencia, Spain"': Case("services", {"Valencia, Spain": "{city}"}),
    "sightscan city add Q8818": Case("services", {"Q8818": "{city_id}"}),
    "sightscan city list": Case("services", says="port-aurel"),
    "sightscan sights preview lisbon": Case("services", {"lisbon": "port-aurel"}),
    "sightscan check-services --plan": Case("services"),
    "sightscan check-services": Case("services"),
    "sightscan check-services --report services.md": Case(
        "services", {"services.md": "{folder}/services.md"}
    ),
    "sightscan check-services --pay-for-vision --city lisbon": Case(
        "services", {"lisbon": "port-aurel"}
    ),
    "sightscan check-services --pay-for-places --city lisbon": Case(
        "services", {"lisbon": "port-aurel"}
    ),
    "sightscan takeover --dry-run": Case("first system"),
    "sightscan takeover": Case("first system", says="taken over"),
}
# Lines that a shell is needed for. Their programs are the real ones; who is asked may be a stand-in.
BASH_CASES: dict[str, Case] = {
    "*/5 * * * * set -a; . /etc/sightscan/environment; sightscan doctor --quiet --require-airflow": Case(
        "shell",
        {"/etc/sightscan/environment": "{environment}"},
        statuses=DOCTOR,
        says="there is no /of/the/file/cities.json",
    ),
    "30 2 * * * set -a; . /etc/sightscan/environment; sightscan upkeep night --quiet": Case(
        "shell", {"/etc/sightscan/environment": "{environment}"}
    ),
    (
        "psql sightscan_before_<time> -Atc \"select encode(sha256, 'hex') from core.removed_photo\" "
        '| xargs sightscan photos remove --reason "again, after a restore" --yes'
    ): Case("shell", {"sightscan_before_<time>": "{database}"}, says="removed_before=1"),
    (
        "psql -Atc \"select encode(bytes, 'base64') from core.imported_model where city_id = 'Q64' and "
        'model_version = 3" | base64 -d > berlin-3.pt'
    ): Case("shell"),
    "psql -d postgres -c 'drop database if exists sightscan_drill'": Case("shell"),
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"': Case(
        "shell", says="="
    ),
    'python -c "import secrets; print(secrets.token_urlsafe(48))"': Case("shell"),
    "python -m trainer.host.user_data > user-data.yaml": Case("shell"),
    # What the host is to run is read as its shell would.
    "python -m trainer.host.user_data --shell | ssh ubuntu@the-host sudo bash": Case(
        "shell", {"ssh ubuntu@the-host sudo bash": "bash -n"}
    ),
    "ssh-keygen -t ed25519 -N '' -C sightscan -f gpu-key": Case("shell"),
}
AIRFLOW_CASES = (
    "airflow dags list-import-errors",
    "airflow dags reserialize",
    "airflow dags trigger sync_cities",
    "airflow dags trigger stop_idle_instances",
    "airflow dags unpause stop_idle_instances",
    "airflow dags unpause city_lisbon",
    "airflow dags list",
    "airflow jobs check --job-type TriggererJob",
    "airflow rotate-fernet-key",
)
