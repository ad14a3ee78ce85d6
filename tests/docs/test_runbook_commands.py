"""No command line of a runbook is there that no test knows: each is run, or read by what knows its words."""

import re
import shlex
import subprocess
from itertools import zip_longest
from pathlib import Path

import botocore.session
import jmespath
import pytest
import yaml
from botocore import xform_name

from tests.command_tree import complaint_about
from tests.integration.runbook_cases import AIRFLOW_CASES, BASH_CASES, SIGHTSCAN_CASES
from tests.runbook_commands import Line, lines_of, read_lines

REPOSITORY = Path(__file__).resolve().parents[2]
# Who runs the others: SQL, `sightscan` and the lines of a shell are run by
# tests/integration/test_runbooks.py, those of Airflow by tests/dags/test_runbook_airflow.py. Compose, make
# and AWS are read here: there is no engine, no account, and make would install what it needs.
READ = {"docker", "make", "aws"}
# What neither runs nor is read, with the reason.
LISTED = {
    "kubectl rollout restart deployment/sightscan-dag-processor": "no cluster, and kubectl asks one first",
    "kubectl rollout restart statefulset/sightscan-triggerer": "no cluster, and kubectl asks one first",
    "kubectl rollout restart deployment,statefulset --selector release=sightscan": (
        "no cluster, and kubectl asks one first"
    ),
    "psql -c '\\password sightscan_pipeline'": "asks at the terminal, and nowhere else",
    "psql -c '\\password sightscan_app'": "asks at the terminal, and nowhere else",
    "ssh-copy-id -i gpu-key.pub ubuntu@the-host": "needs a host with a shell, which the stand-in is not",
    "git worktree add ../sightscan-98da476 98da476": "a shallow clone has no such commit",
    "PYTHONPATH=../sightscan-98da476/plugins python -m sightscan.warehouse migrate": (
        "of that commit; the files of its warehouse are a fixture of tests/integration/test_migrations.py"
    ),
}
COMPOSE = REPOSITORY / ".venv" / "deployment" / "bin" / "docker-compose"
# Options whose value stands apart.
WITH_VALUE = {"--tail"}
LINES = read_lines()
SHELL = [line for line in LINES if line.kind == "shell"]
DONE = {*SIGHTSCAN_CASES, *AIRFLOW_CASES, *BASH_CASES}


def unknown(lines: list[Line]) -> list[str]:
    return [
        f"{line.page}: {line.text}"
        for line in lines
        if line.text not in DONE and line.text not in LISTED and line.program not in READ
    ]


def test_every_command_line_is_run_or_read_or_listed() -> None:
    assert unknown(SHELL) == [], "give it a case in tests/integration/runbook_cases.py"
    assert len([line for line in SHELL if line.text in DONE]) > 50


def test_nothing_is_listed_that_no_runbook_has() -> None:
    known = {line.text for line in SHELL}
    assert sorted((DONE | set(LISTED)) - known) == []


def test_a_line_that_nobody_knows_would_be_found() -> None:
    page = "Do:\n\n    sightscan doctor\n    rm --force all  # quickly\n\n1. And\n\n        select 1;\n"
    lines = list(lines_of("page.md", page))
    assert [(line.kind, line.text) for line in lines] == [
        ("shell", "sightscan doctor"),
        ("shell", "rm --force all"),
        ("sql", "select 1;"),
    ]
    assert unknown([line for line in lines if line.kind == "shell"]) == ["page.md: rm --force all"]


@pytest.mark.parametrize("text", sorted({line.text for line in SHELL if line.program == "aws"}))
def test_amazon_knows_each_word_of_what_it_is_asked(text: str) -> None:
    assert complaint_of_aws(text) == ""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("aws ec2 stop-instance --instance-ids i-0", "no operation stop-instance of ec2"),
        ("aws ec2 stop-instances --instances i-0", "--instances is none of StopInstances"),
        ("aws ec2 stop-instances", "lacks InstanceIds"),
        ("aws ec2 describe-instances --query 'A[.'", "--query"),
    ],
)
def test_a_wrong_line_for_amazon_would_be_found(text: str, complaint: str) -> None:
    assert complaint in complaint_of_aws(text)


def complaint_of_aws(text: str) -> str:
    """Return what botocore's model of the service does not know, or nothing."""
    _, service, operation, *words = shlex.split(text)
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"no operation {operation} of {service}"
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-"): name for name in shape.members}
    given = set()
    for option, value in zip_longest(words, words[1:], fillvalue=""):
        if not option.startswith("--"):
            continue
        name = option.removeprefix("--")
        if name == "query":
            try:
                jmespath.compile(value)
            except jmespath.exceptions.JMESPathError as error:
                return f"--query: {error}"
            continue
        # A list is given by the name of its members' plural; a switch may say no.
        if name not in members and name.removeprefix("no-") not in members:
            return f"{option} is none of {names[operation]}"
        given.add(members.get(name))
    lacking = set(shape.required_members) - given
    # `...` stands for what is somebody's own.
    return f"lacks {', '.join(sorted(lacking))}" if lacking and "..." not in words else ""


@pytest.mark.parametrize("text", sorted({line.text for line in SHELL if line.program == "docker"}))
def test_services_that_compose_is_asked_for_exist(text: str) -> None:
    assert complaint_of_compose(text) == ""


def complaint_of_compose(text: str) -> str:
    """Return what Compose itself says of a line's words, or which service there is not."""
    words = shlex.split(text.partition(" > ")[0])
    if words[:4] != ["docker", "compose", "-f", "docker/compose.yaml"]:
        return "expected docker compose -f docker/compose.yaml"
    subcommand, *rest = words[4:]
    # With --help it reads the others and asks no engine; of exec, those before the service's name.
    read = subprocess.run(
        [COMPOSE, subcommand, "--help", *rest], capture_output=True, text=True, check=False
    )
    if read.returncode != 0 or f"docker compose {subcommand} " not in read.stdout:
        return read.stderr.strip().splitlines()[0] if read.stderr else f"no {subcommand}"
    known = yaml.safe_load((REPOSITORY / "docker" / "compose.yaml").read_text())["services"]
    named = [
        word
        for before, word in zip(["", *rest], rest, strict=False)
        if not word.startswith("-") and before not in WITH_VALUE
    ]
    # What exec runs in a service is a program's.
    unknown_services = set(named[:1] if subcommand == "exec" else named) - set(known)
    return f"no service {min(unknown_services)}" if unknown_services else ""


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("restart triggerers", "no service triggerers"),
        ("restart --now worker", "unknown flag: --now"),
        ("restrat worker", 'unknown docker command: "compose restrat"'),
        ("up --detach redis", ""),
    ],
)
def test_a_wrong_line_for_compose_would_be_found(words: str, complaint: str) -> None:
    assert complaint_of_compose(f"docker compose -f docker/compose.yaml {words}") == complaint


@pytest.mark.parametrize("text", sorted({line.text for line in SHELL if line.program == "make"}))
def test_what_make_is_asked_calls_a_command_that_exists(text: str) -> None:
    assert complaint_of_make(text) == ""


def complaint_of_make(text: str) -> str:
    """Return what is wrong with the command that a target of the Makefile calls with these values."""
    _, target, *given = shlex.split(text)
    values = dict(word.split("=", 1) for word in given)
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}:.*##.*\n\t@exec \$\(SIGHTSCAN\) (.+)$", makefile, re.MULTILINE)
    if recipe is None:
        return f"no target {target} that calls sightscan"
    line = recipe[1]
    for name, part in re.findall(r"\$\(if \$\((\w+)\),([^)]*\)[^)]*)\)", line):
        line = line.replace(f"$(if $({name}),{part})", part if values.get(name) else "")
    called = re.sub(r"\$\((\w+)\)", lambda match: values.get(match[1], ""), line)
    return complaint_about(f"sightscan {called}")


def test_a_wrong_line_for_make_would_be_found() -> None:
    assert complaint_of_make("make backups") == "no target backups that calls sightscan"
    assert complaint_of_make("make backup TO=a.dump") == ""
