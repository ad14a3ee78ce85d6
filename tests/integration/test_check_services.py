"""`sightscan check-services`: passes in full against the stand-ins, and finds what deviates."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import psycopg
import pytest
from aiohttp import web

from sandbox.gpu.ec2_fleet import Ec2Refusal
from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.errors import ServiceError
from sightscan.services import checks
from sightscan.services.check import Paid, open_probe, run_check, without_secrets
from sightscan.services.google import most_usd
from sightscan.services.question import Finding
from sightscan.settings import read_settings, settings
from sightscan.warehouse.registry.cities import add_city
from tests.cities.first_hour import FirstHour, as_json, as_text, open_first_hour
from tests.stopped_clock import Clock

LISBON = City("Q597", "lisbon", "Lisbon", "Portugal", Place(38.71, -9.14), 8_000)
ALL = {
    "contact", "edge", "cities", "candidates", "classes", "commons", "openverse", "flickr", "robots",
    "thumbnails", "vision", "places", "weights", "gpu-start", "gpu-host-key",
    "photo-store",
}  # fmt: skip
# What Blazegraph appends to an answer that it cuts off, as others quote it.
JAVA = "java.util.concurrent.TimeoutException\n\tat java.util.concurrent.FutureTask.get(Future"


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstHour]:
    with open_first_hour(tmp_path_factory.mktemp("first-hour")) as running:
        yield running


@pytest.fixture
def hour(
    stand_ins: FirstHour, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FirstHour]:
    """Point the settings at the stand-ins, and add a city that pays."""
    add_city(warehouse, LISBON)
    for name, value in stand_ins.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield stand_ins
    stand_ins.clear()


def findings_of(
    clock: Callable[[], float] = lambda: 0.0,
    sleep: Callable[[float], None] = lambda _seconds: None,
    **changed: object,
) -> dict[str, Finding]:
    with open_probe(
        read_settings(**changed),
        agreed=frozenset(("vision", "places")),
        clock=clock,
        sleep=sleep,
    ) as probe:
        return {check.name: run_check(check, probe) for check in checks.CHECKS}


def test_everything_passes_against_the_stand_ins(
    hour: FirstHour, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "services.md"
    before = hour.counts.snapshot()
    words = ("--pay-for-vision", "--pay-for-places", "--json", "--report", str(report))
    assert main(["check-services", *words]) == 0
    captured = capsys.readouterr()
    states = {found["name"]: found["state"] for found in json.loads(captured.out)}
    assert states == dict.fromkeys(ALL, "passed")
    assert "16/16 photo-store" in captured.err
    text = report.read_text()
    assert "16 passed, 0 failed, 0 skipped." in text
    assert [name for name in secrets_of(hour) if name in text + captured.out] == []
    # A dozen, and no instance was started.
    assert 10 < asked(hour.counts.snapshot()) - asked(before) < 25
    assert hour.counts.snapshot()["ec2"].get("starts") == before["ec2"].get("starts") == 1


def asked(counts: dict[str, dict[str, int]]) -> int:
    names = ("wikidata", "commons", "openverse", "places", "vision", "ec2")
    return sum(count for name in names for count in counts.get(name, {}).values())


def secrets_of(hour: FirstHour) -> list[str]:
    names = ("FLICKR_API_KEY", "MAPS_KEY", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "CONTACT")
    return [hour.environment[name] for name in names] + [str(hour.folder)]


def test_what_costs_money_is_not_asked_without_a_word(
    hour: FirstHour, capsys: pytest.CaptureFixture[str], warehouse: psycopg.Connection[Any]
) -> None:
    assert main(["check-services"]) == 0
    output = capsys.readouterr().out
    assert "it costs up to 0.0015 USD, and nobody agreed to that: give --pay-for-vision" in output
    assert "it costs up to 0.032 USD, and nobody agreed to that: give --pay-for-places" in output
    assert warehouse.execute("select count(*) from core.paid_call").fetchone() == (0,)
    assert hour.counts.snapshot().get("places", {}).get("requests_ids_only") is None


def test_what_is_paid_for_is_in_the_ledger_and_not_paid_for_twice(
    hour: FirstHour, warehouse: psycopg.Connection[Any]
) -> None:
    assert hour
    first, second = findings_of(), findings_of()
    assert (first["vision"].state, second["vision"].state) == ("passed", "skipped")
    assert "landmarks: Torre Alta" in first["vision"].came
    rows = warehouse.execute(
        "select provider, state, city_id, dag_id, price_usd > 0 from core.paid_call"
        " where provider = 'google_vision'"
    ).fetchall()
    # The first thousand of a month are free.
    assert rows == [("google_vision", "succeeded", "Q597", "check_services", False)]


@dataclass(frozen=True)
class Deviation:
    """What answers otherwise, which checks fail for it, and the words that a person reads."""

    failed: set[str]
    words: str
    plant: Callable[[FirstHour], None] = lambda _hour: None
    clock: Callable[[], float] = lambda: 0.0
    changed: Callable[[FirstHour], dict[str, object]] = field(default=lambda _hour: {})
    may_fail: set[str] = field(default_factory=set)


def planted(path: str, response: Any, within: str = "") -> Callable[[FirstHour], None]:
    return lambda hour: hour.plant(path, response, within)


def ec2_refuses(code: str, message: str, status: int) -> Callable[[FirstHour], None]:
    def plant(hour: FirstHour) -> None:
        hour.ec2.refusal = Ec2Refusal(code=code, message=message, status=status)

    return plant


def vision_refuses(message: str) -> Callable[[FirstHour], None]:
    def plant(hour: FirstHour) -> None:
        hour.vision.refusal = message

    return plant


def another_host_key(hour: FirstHour) -> dict[str, object]:
    own = Path(hour.environment["MTS_SSH_KNOWN_HOSTS"]).read_text().split()[0]
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    path = hour.folder / "other_known_hosts"
    path.write_text(f"{own} {key}")
    return {"mts_ssh_known_hosts": path}


# Its edge may refuse who names nobody.
WIKIMEDIA = {"edge", "cities", "candidates", "commons"}
NO_ROWS: dict[str, dict[str, list[str]]] = {"head": {"vars": []}, "results": {"bindings": []}}
DEVIATIONS = {
    "the project's contact": Deviation(
        {"contact"},
        "reaches nobody who runs this SightScan",
        changed=lambda _hour: {"contact": "https://github.com/sightscan/sightscan"},
        may_fail=WIKIMEDIA,
    ),
    "a contact that reaches nobody": Deviation(
        {"contact"},
        "reaches nobody who runs this SightScan",
        changed=lambda _hour: {"contact": "us"},
        may_fail=WIKIMEDIA,
    ),
    "the edge refuses our User-Agent": Deviation(
        {"edge", "cities"},
        "respect our robot policy https://w.wiki/4wJS",
        planted(
            "/wikidata/w/api.php",
            as_text(
                "Please set a user-agent and respect our robot policy https://w.wiki/4wJS. See "
                "also https://phabricator.wikimedia.org/T400119.\n",
                403,
            ),
        ),
    ),
    "the query for Paris is cut off after a minute": Deviation(
        {"candidates"}, "500", planted("/sparql", as_text(JAVA, 500), "Point(2.35")
    ),
    "the answer for Paris is cut in the middle": Deviation(
        {"candidates"},
        "the query takes too long: 'java.util.concurrent.TimeoutException'",
        planted(
            "/sparql",
            as_text('{"head": {"vars": ["sight"]}, "results": {"bindings": [ {"si\n' + JAVA),
            "Point(2.35",
        ),
    ),
    "the query for Paris is slow": Deviation(
        {"candidates", "classes"}, "but only after 34 s", clock=cycle((0.0, 34.0)).__next__
    ),
    "the query for Paris finds nothing": Deviation(
        {"candidates"}, "Q243 not among them", planted("/sparql", as_json(NO_ROWS), "Point(2.35")
    ),
    "the classes of what is around Paris are cut off": Deviation(
        {"cities", "classes"}, "500", planted("/sparql", as_text(JAVA, 500), "gearing")
    ),
    "the Eiffel Tower lies below no root": Deviation(
        {"cities", "classes"},
        "the Eiffel Tower is no sight to photograph",
        planted("/sparql", as_json(NO_ROWS), "gearing"),
    ),
    "Pisa is taken for another city": Deviation(
        {"cities"},
        "Pisa is taken for Lyon",
        planted(
            "/wikidata/w/api.php",
            as_json({"search": [{"id": "Q456", "label": "Pisa", "match": {"text": "Pisa"}}]}),
            "Pisa",
        ),
    ),
    "Pisa is no city": Deviation(
        {"cities"}, "no city 'Pisa'", planted("/sparql", as_json(NO_ROWS), "wd:Q13375")
    ),
    "Commons is read-only": Deviation(
        {"commons"},
        "readonly: 'The wiki is in read-only mode'",
        planted(
            "/w/api.php",
            as_json({"error": {"code": "readonly", "info": "The wiki is in read-only mode"}}),
        ),
    ),
    "Commons has lost a file": Deviation(
        {"commons"},
        "no description of 'Tour Eiffel Wikimedia Commons.jpg': missing",
        planted(
            "/w/api.php", as_json({"query": {"pages": [{"title": "File:a", "missing": True}]}})
        ),
        may_fail={"thumbnails"},
    ),
    "Commons answers in another form": Deviation(
        {"commons"},
        "an answer in another form than documented (TypeError",
        planted("/w/api.php", as_json({"query": None})),
    ),
    "robots.txt closes the photos": Deviation(
        {"robots", "thumbnails"},
        "closes its photos to SightScan",
        planted("/robots.txt", as_text("User-agent: *\nDisallow: /wikipedia/\n")),
    ),
    "robots.txt cannot be had": Deviation(
        {"robots", "thumbnails"},
        "what it forbids is not known",
        planted("/robots.txt", as_text("", 503, **{"Retry-After": "3600"})),
    ),
    "no thumbnail of a long name": Deviation(
        {"thumbnails"},
        "the long name: http_404",
        planted("/wikipedia/commons/thumb/b/bf/", as_text("File not found", 404)),
    ),
    "a thumbnail is a page": Deviation(
        {"thumbnails"},
        "bytes that are no photo",
        planted(
            "/wikipedia/commons/thumb/",
            lambda: web.Response(body=b"<html>Error</html>", content_type="image/jpeg"),
        ),
    ),
    "the search finds something else": Deviation(
        {"edge", "cities"},
        "0 hits, Q243 not among them",
        planted("/wikidata/w/api.php", as_json({"search": []})),
    ),
    "thumbnails are asked for too often": Deviation(
        {"thumbnails"},
        "status 429",
        planted(
            "/wikipedia/commons/thumb/",
            as_text(
                "Use thumbnail sizes listed on https://w.wiki/GHai", 429, **{"Retry-After": "3600"}
            ),
        ),
    ),
    "Openverse refuses anonymous clients": Deviation(
        {"openverse"},
        "401",
        planted(
            "/v1/images/", as_json({"detail": "Authentication credentials were not given."}, 401)
        ),
    ),
    "Flickr refuses the key": Deviation(
        {"flickr"},
        "100: Invalid API Key (Key has invalid format)",
        planted(
            "/services/rest/",
            as_json(
                {"stat": "fail", "code": 100, "message": "Invalid API Key (Key has invalid format)"}
            ),
        ),
    ),
    "Flickr answers in another form": Deviation(
        {"flickr"},
        "an answer in another form than documented (KeyError: 'licenses')",
        planted("/services/rest/", as_json({"stat": "ok"})),
    ),
    "Flickr has a new licence": Deviation(
        {"flickr"},
        "unknown here are 17",
        planted(
            "/services/rest/",
            as_json({"licenses": {"license": [{"id": "4"}, {"id": "17"}]}, "stat": "ok"}),
        ),
    ),
    "the Vision API is not enabled": Deviation(
        {"vision"},
        "Cloud Vision API has not been used in project [account] before or it is disabled",
        vision_refuses(
            "Cloud Vision API has not been used in project 123456789012 before or it is disabled."
        ),
    ),
    "Places refuses the key": Deviation(
        {"places"},
        "Requests to this API places method are blocked",
        planted(
            "/v1/places:searchText",
            as_json(
                {
                    "error": {
                        "code": 403,
                        "message": "Requests to this API places method are blocked.",
                        "status": "PERMISSION_DENIED",
                    }
                },
                403,
            ),
        ),
    ),
    "Places finds nothing": Deviation(
        {"places"}, "no place at all", planted("/v1/places:searchText", as_json({}))
    ),
    "the key may not start instances": Deviation(
        {"gpu-start"},
        "UnauthorizedOperation: You are not authorized to perform this operation. User: "
        "arn:aws:iam::[account]:user/[user] is not authorized",
        ec2_refuses(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/"
            "sightscan is not authorized to perform: ec2:StartInstances. Encoded authorization "
            "failure message: " + "4GIOHlTkIaWHQD0Q0m6XSnuUMCm" * 40,
            403,
        ),
    ),
    "the weights were not made": Deviation(
        {"weights"},
        "`make weights FROM=<file or URL of yolov5s.pt>` makes it",
        changed=lambda hour: {"mts_weights": "model", "mts_weights_folder": hour.folder},
    ),
    "the account may run no GPU": Deviation(
        {"gpu-start"},
        "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 0",
        ec2_refuses(
            "VcpuLimitExceeded",
            "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the "
            "instance bucket that the specified instance type belongs to.",
            400,
        ),
    ),
    "the instance is another one": Deviation(
        {"gpu-start", "gpu-host-key"},
        "InvalidInstanceID.NotFound: The instance ID 'i-0123456789abcdef0' does not exist",
        changed=lambda hour: {
            "mts_ec2_instance_id": "i-0123456789abcdef0",
            "mts_ssh_known_hosts": _known_as(hour, "i-0123456789abcdef0"),
        },
    ),
    "the host has another key": Deviation(
        {"gpu-host-key"}, "is not the pinned one", changed=another_host_key
    ),
    "the photo store cannot be written": Deviation(
        {"photo-store"},
        "the object store does not write",
        changed=lambda hour: {"photo_store": f"file://{hour.folder}/known_hosts/store"},
    ),
}


def _known_as(hour: FirstHour, instance_id: str) -> Path:
    line = Path(hour.environment["MTS_SSH_KNOWN_HOSTS"]).read_text()
    path = hour.folder / "known_hosts_of_another"
    path.write_text(line.replace(hour.environment["MTS_EC2_INSTANCE_ID"], instance_id))
    return path


@pytest.mark.parametrize("name", DEVIATIONS)
def test_each_deviation_is_found_and_nothing_else(hour: FirstHour, name: str) -> None:
    deviation = DEVIATIONS[name]
    deviation.plant(hour)
    found = findings_of(clock=deviation.clock, **deviation.changed(hour))
    failed = {each.name: each for each in found.values() if each.state == "failed"}
    assert deviation.failed <= failed.keys() <= deviation.failed | deviation.may_fail
    assert any(deviation.words in each.came for each in failed.values())
    assert all(each.advice and "\n" not in each.came for each in failed.values())
    text = " ".join(each.came for each in found.values())
    assert [secret for secret in secrets_of(hour) if secret in text] == []


def test_our_own_waiting_is_not_the_services_slowness(hour: FirstHour) -> None:
    refused = iter([as_text("", 429, **{"Retry-After": "60"})()])
    hour.plant("/sparql", lambda: next(refused, None), "Point(2.35")
    clock = Clock()
    found = findings_of(clock, clock.sleep)
    assert clock() >= 60
    assert found["candidates"].came.startswith("2 items around Paris in 0.0 s")
    assert found["candidates"].state == "passed"


def test_each_check_asks_as_often_as_it_says(
    hour: FirstHour, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send = httpx.Client.send

    def count(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        sent.append(request.url.path)
        return send(self, request, **options)

    monkeypatch.setattr(httpx.Client, "send", count)
    assert hour
    asked_of: dict[str, tuple[int, int]] = {}
    with open_probe(read_settings()) as probe:
        for check in checks.CHECKS:
            before = len(sent)
            run_check(check, probe)
            asked_of[check.name] = (len(sent) - before, check.max_requests)
    assert {name for name, (count, most) in asked_of.items() if count > most} == set()
    assert asked_of["cities"] == (8, 8)


def test_a_warehouse_that_is_not_migrated_is_a_finding() -> None:
    def ask(_probe: object) -> str:
        msg = 'relation "core.city" does not exist'
        raise psycopg.errors.UndefinedTable(msg)

    with open_probe(read_settings()) as probe:
        finding = run_check(replace(checks.CHECKS[0], ask=ask), probe)
    assert finding.came == 'the warehouse: relation "core.city" does not exist'
    assert "sightscan warehouse migrate" in finding.advice


def test_nothing_that_answers_is_a_finding_for_each_and_no_end() -> None:
    found = findings_of(contact="mailto:me@example.org")
    states = {name: each.state for name, each in found.items()}
    assert {name for name, state in states.items() if state == "passed"} == {"contact"}
    assert {name for name, state in states.items() if state == "skipped"} == {
        "classes", "flickr", "robots", "thumbnails", "vision", "places", "weights", "gpu-start",
        "gpu-host-key", "photo-store",
    }  # fmt: skip


def test_half_a_key_is_not_shown_where_a_long_answer_is_cut() -> None:
    key = "maps-key-of-a-test"
    words = f"{'x' * 493}{key}"

    def refuse(_probe: object) -> str:
        raise ServiceError(words)

    check = replace(checks.CHECKS[0], ask=refuse)
    with open_probe(read_settings(maps_key=key)) as probe:
        came = run_check(check, probe).came
    assert (len(came), came[-8:]) == (500, "x[MAP...")


def test_a_failure_is_status_1_with_what_to_do(
    hour: FirstHour, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "CHECKS", checks.CHECKS[:1])
    monkeypatch.setenv("CONTACT", "")
    settings.cache_clear()
    assert hour
    assert main(["check-services"]) == 1
    output = capsys.readouterr().out
    assert "contact: set CONTACT to your e-mail address" in output


def test_an_interrupted_round_reports_what_came_until_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupt(_probe: object) -> str:
        raise KeyboardInterrupt

    first = checks.CHECKS[0]
    second = replace(first, name="second", ask=interrupt)
    monkeypatch.setattr(checks, "CHECKS", (first, second))
    monkeypatch.setenv("CONTACT", "mailto:me@example.org")
    settings.cache_clear()
    report = tmp_path / "services.md"
    assert main(["check-services", "--report", str(report)]) == 130
    assert "1 passed, 0 failed, 0 skipped; interrupted, 2 were planned." in report.read_text()
    assert "interrupted: no instance was started; what was sent" in capsys.readouterr().err


def test_plan_asks_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-services", "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {check["name"] for check in plan} == ALL
    assert sum(check["max_requests"] for check in plan) == 32
    paid = {check["name"]: check["max_usd"] for check in plan if check["max_usd"]}
    assert paid == {"vision": 0.0015, "places": 0.032}


def test_the_plan_is_read_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-services", "--plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 79] == []
    assert "   requests: 1, up to 0.032 USD" in lines


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--plan", "--report", "services.md"), "--plan asks nobody"),
        (("--plan", "--pay-for-vision"), "--plan asks nobody"),
        (("--city", "lisbon"), "--city lisbon pays for nothing"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    words: tuple[str, ...],
    problem: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("services.md").write_text("an earlier report")
    assert main(["check-services", *words]) == 2
    assert problem in capsys.readouterr().err
    assert Path("services.md").read_text() == "an earlier report"


def test_help_says_the_prices_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-services", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    told: dict[Paid, str] = {"vision": "photo to Google Vision", "places": "page of Google Places"}
    for paid, what in told.items():
        assert f"{most_usd(read_settings(), paid):g} USD" in words.split(what)[1][:60]


def test_a_report_that_cannot_be_written_is_said_before_anybody_is_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["check-services", "--report", str(tmp_path / "no" / "file.md")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "name a file that can" in captured.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key maps-key-of-a-test refused", "key [MAPS_KEY] refused"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://user:word@host/a", "http://[user]@host/a"),
        ("project 123456789012", "project [account]"),
        ("in project 6181047080 before", "in project [account] before"),
        ("overview?project=my-detector-2 then", "overview?project=[account] then"),
        ("arn:aws:iam::123456789012:user/jane.doe may", "arn:aws:iam::[account]:user/[user] may"),
        ("a@my-project.iam.gserviceaccount.com may not", "[address] may not"),
        ("ip-10-0-0-1.ec2.internal is down", "[host] is down"),
        ('at "db.example" (10.3.4.5), port 5432', 'at "db.example" ([host]), port 5432'),
        (
            "the project of a city, for which projects/x-1 asks",
            "the project of a city, for which projects/[account] asks",
        ),
        ("ubuntu@ec2-3-1-2-3.eu-central-1.compute.amazonaws.com:22", "ubuntu@[host]:22"),
        ("the key /etc/sightscan/key.pem", "the key [path]"),
        (
            "robots.txt closes /wikipedia/commons/ to us",
            "robots.txt closes /wikipedia/commons/ to us",
        ),
        ("https://upload.wikimedia.org/etc/a.jpg", "https://upload.wikimedia.org/etc/a.jpg"),
        (
            "the private key /keys/gpu cannot be read",
            "the private key [MTS_SSH_KEY_FILE] cannot be read",
        ),
    ],
)
def test_what_a_report_shows_to_strangers(text: str, shown: str) -> None:
    config = read_settings(
        maps_key="maps-key-of-a-test", mts_ssh_key_file="/keys/gpu", pghost="127.0.0.1"
    )
    assert without_secrets(text, config) == shown
