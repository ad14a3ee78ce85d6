"""A file of sights is read, or refused with the line that is wrong."""

from pathlib import Path

import pytest

from sightscan.city import Place, Sight
from sightscan.discover.ranking import overrule_order
from sightscan.discover.sights_file import SightsFile, find_sight, read_sights_file
from sightscan.errors import SettingsError

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "sights-file.md"


def read(folder: Path, text: str) -> SightsFile:
    (folder / "lisbon.yaml").write_text(text, encoding="utf-8")
    return read_sights_file(folder, "lisbon", "Q597")


def test_no_file_and_an_empty_one_say_nothing(tmp_path: Path) -> None:
    assert read_sights_file(tmp_path, "lisbon", "Q597") == SightsFile()
    assert read(tmp_path, "# nothing yet\n") == SightsFile()
    assert read(tmp_path, "drop:\nadd: []\n") == SightsFile()


def test_documented_file_is_read_as_documented(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    file = read(tmp_path, text)
    named, by_id = file.add
    assert (named.name, named.place) == ("Harbour Crane", Place(38.7071, -9.1366))
    assert named.names == {"de": "Hafenkran"}
    assert by_id.wikidata_id == "Q175323"
    assert file.drop == ("Q1128543", "Some Hotel")
    assert file.rename == {"Q215003": "Torre de Belém"}
    assert file.rank == {"Q215003": 1, "Harbour Crane": 5}
    assert file.merge == (("Q215003", "Q9999999"),)
    assert file.asymmetric == ("Q215003",)


TEXT = "drop:\n  - Bel\u00e9m\nrank:\n  Bel\u00e9m: 1\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lisbon.yaml", TEXT.encode("utf-8-sig")),
        ("lisbon.yaml", TEXT.encode("utf-16")),
        ("lisbon.yaml", TEXT.encode("cp1252")),
        ("lisbon.yaml", TEXT.replace("\n", "\r\n").encode()),
        ("lisbon.yaml", TEXT.replace("\u00e9", "e\u0301").encode()),
        ("lisbon.yml", TEXT.encode()),
        ("Lisbon.YAML", TEXT.encode()),
    ],
)
def test_file_is_read_as_editors_save_it(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    file = read_sights_file(tmp_path, "lisbon", "Q597")
    assert (file.drop, file.rank) == (("Bel\u00e9m",), {"Bel\u00e9m": 1})


def test_two_files_about_one_city_are_refused(tmp_path: Path) -> None:
    for name in ("lisbon.yaml", "lisbon.yml"):
        (tmp_path / name).write_text("drop: []\n")
    with pytest.raises(SettingsError, match=r"lisbon\.yaml and lisbon\.yml .* keep one"):
        read_sights_file(tmp_path, "lisbon", "Q597")


@pytest.mark.parametrize(
    "reference",
    [
        "Q4",
        "q4",
        "Bel\u00e9m Tower",
        "Bele\u0301m Tower",
        "bel\u00e9m  tower",
        "Torre de Bel\u00e9m",
    ],
)
def test_sight_is_meant_by_its_id_or_any_spelling_of_its_names(reference: str) -> None:
    names = {"pt": "Torre de Bel\u00e9m"}
    other = Sight(None, "Q597", "Tower", 1, wikidata_id="Q3")
    tower = Sight(None, "Q597", "Bel\u00e9m Tower", 2, wikidata_id="Q4", names=names)
    assert find_sight(reference, [other, tower]) is tower
    order = overrule_order([other, tower], [], SightsFile(rank={reference: 1}), 2)
    assert [sight.wikidata_id for sight in order] == ["Q4", "Q3"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("dorp: [Q1]", "line 1: 'dorp', expected one of add, drop"),
        ("drop: Q1", "line 1: 'Q1', expected a list"),
        ("drop:\n  - ''", "line 2: '', expected a text"),
        ("rank:\n  Q1: first", "line 2: 'first', expected a rank from 1 on"),
        ("rank:\n  Q1: 0", "line 2: '0', expected a rank"),
        ("rank:\n  Q1: 2\n  Q2: 2", "line 2: '2', expected a rank of its own"),
        ("rank:\n  Q1: 2\n  Q1: 3", "line 3: 'Q1', expected each key once"),
        ("merge:\n  - [Q1]", "line 2: a sequence, expected two different sights"),
        ("merge:\n  - [Q1, Q1]", "expected two different sights"),
        ("add:\n  - name: X", "line 2: a mapping, expected a wikidata_id, or a name with"),
        ("add:\n  - wikidata_id: 243", "line 2: '243', expected an id such as Q243"),
        ("add:\n  - wikidata_id: Q1\n    latitude: 3", "expected latitude and longitude together"),
        ("add:\n  - name: X\n    latitude: 91", "line 3: '91', expected degrees"),
        ("add:\n  - name: X\n    latitude: north", "line 3: 'north', expected degrees"),
        (
            "add:\n  - name: X\n    freebase_id: 01c72",
            "line 3: '01c72', expected an id such as /m/",
        ),
        ("- Q1", "line 1: a sequence, expected the sections"),
        ("drop: [", "cannot be read as YAML"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert complaint in str(caught.value)
    assert "lisbon.yaml" in str(caught.value)


def test_tag_that_asks_for_code_is_only_text(tmp_path: Path) -> None:
    assert read(tmp_path, "drop: !!python/object/apply:os.system [x]").drop == ("x",)
