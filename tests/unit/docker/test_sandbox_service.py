"""A rehearsal's settings point the pipeline at the stand-ins, all of it, and at nobody else."""

from pathlib import Path

import pytest

from sandbox import __main__ as program
from sandbox.addresses import AwsAddress, PostgresAddress, SandboxAddresses, SshAddress
from sandbox.demo.pipeline import pipeline_settings
from sandbox.demo.profile import profile_for
from sightscan.settings import Settings
from tests.sandbox_service import HOST, sandbox_service, settings_of_rehearsal

NOBODY = PostgresAddress("h", 1, "d", "u", "p")
OPTIONS = dict(
    word.removeprefix("--").split("=", 1)
    for word in sandbox_service()["command"]
    if not word.startswith("--port=")
)
PORTS = dict(
    word.removeprefix("--port=").split("=")
    for word in sandbox_service()["command"]
    if word.startswith("--port=")
)
# What a container has elsewhere, or as a file (compose.yaml), and who signs models.
ELSEWHERE = {
    "PGPASSWORD", "REGISTRY_SNAPSHOT", "CRAWL_SPOOL_FOLDER", "MTS_SSH_KEY_FILE", "MTS_SSH_KNOWN_HOSTS",
}  # fmt: skip


def test_the_pipeline_is_told_all_that_the_demo_tells_it(tmp_path: Path) -> None:
    web, files = f"http://{HOST}:{PORTS['web']}", tmp_path / "key"
    addresses = SandboxAddresses(
        control_url="",
        world=tmp_path,
        aws=AwsAddress(
            f"http://{HOST}:{PORTS['ec2']}", "eu-central-1", OPTIONS["aws-access-key-id"], ""
        ),
        instances=(SshAddress(OPTIONS["instance-id"], HOST, 22, "ubuntu", files, "ssh-ed25519 A"),),
        vision_endpoint=f"http://{HOST}:{PORTS['vision']}",
        wikidata_sparql_url=f"{web}/sparql",
        wikidata_api_url=f"{web}/wikidata/w/api.php",
        commons_api_url=f"{web}/w/api.php",
        openverse_api_url=web,
        places_api_url=web,
        search_pages_url=web,
        trusted_origins=(web,),
        process_id=1,
        postgres=NOBODY,
        warehouse=PostgresAddress("postgres", 5432, "sightscan", "sightscan_pipeline", "p"),
        app=NOBODY,
        analyst=NOBODY,
        airflow_db=NOBODY,
    )
    told = settings_of_rehearsal()
    expected = {
        name: value
        for name, value in pipeline_settings(addresses, tmp_path).items()
        if name not in ELSEWHERE and not name.startswith("MODEL_")
    } | profile_for(None).settings
    assert {name: told[name] for name in expected} == expected | {"CONTACT": told["CONTACT"]}


def test_no_setting_of_a_rehearsal_is_left_with_somebody_outside() -> None:
    told = settings_of_rehearsal()
    outside = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if str(field.default).startswith("https://")
    }
    # There is no stand-in of Flickr, which is asked for nothing without a key.
    assert outside - set(told) == {"FLICKR_API_URL"}
    assert told["FLICKR_API_KEY"] == told["MAPS_KEY"] == ""
    assert told["PIPELINE_NETWORK_INTERNAL"] == "true"
    known = {name.upper() for name in Settings.model_fields}
    strange = {
        name
        for name in told
        if not {name, name.removesuffix("_FILE")} & known
        and not name.startswith(("COMPOSE_", "SANDBOX_"))
    }
    assert strange == {"PIPELINE_NETWORK_INTERNAL"}


def test_stand_ins_share_a_network_with_those_who_ask_them_only() -> None:
    service = sandbox_service()
    assert service["profiles"] == ["sandbox"]
    assert service["networks"] == ["stand-ins"]
    assert "env_file" not in service
    assert "ports" not in service


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--files="], "name docker/sandbox.env"),
        (["--listen=everywhere"], "must be an address"),
        (["--port=control=20083"], "must be one of web, vision, ec2"),
        (["--port=web=0"], "must be one of web, vision, ec2"),
    ],
)
def test_senseless_places_are_refused_in_words(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        program.run(["--state", str(tmp_path), *words])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
