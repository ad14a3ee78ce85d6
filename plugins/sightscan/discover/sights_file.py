"""Read a city's file of sights, in which an operator overrules what Wikidata and Places say.

`SIGHTS_FOLDER/<slug>.yaml`, or `.yml`; docs/sights-file.md shows one. Whatever is wrong with it is said with
its line, before anything is stored.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sightscan.city import Place, Sight
from sightscan.discover.wikidata import WIKIDATA_ID
from sightscan.errors import SettingsError
from sightscan.handmade import decode_text
from sightscan.names import normalise_name

FREEBASE_ID = re.compile(r"/m/[0-9a-z_]+")
KNOWLEDGE_GRAPH_ID = re.compile(r"/g/[0-9a-z_]+")
SECTIONS = ("add", "drop", "rename", "rank", "merge", "asymmetric")


@dataclass(frozen=True, slots=True)
class SightsFile:
    """What a file of sights says. Sights are meant by Wikidata id, else by name.

    `merge` is of pairs: the first stays, the second is the same sight.
    """

    add: tuple[Sight, ...] = ()
    drop: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    rank: Mapping[str, int] = field(default_factory=dict)
    merge: tuple[tuple[str, str], ...] = ()
    asymmetric: tuple[str, ...] = ()


def read_sights_file(folder: Path, slug: str, city_id: str) -> SightsFile:
    """Return what the city's file says; nothing if it has none.

    Raises:
        SettingsError: the file cannot be read, or a line of it is wrong.

    """
    names = {f"{slug}.yaml", f"{slug}.yml"}
    found = [path for path in sorted(folder.glob("*.[yY]*")) if path.name.lower() in names]
    if not found:
        return SightsFile()
    if len(found) > 1:
        msg = (
            f"{' and '.join(path.name for path in found)} in {folder} are both about {slug!r}; "
            f"keep one, as {slug}.yaml"
        )
        raise SettingsError(msg)
    (path,) = found
    try:
        root = yaml.compose(decode_text(path.read_bytes()), yaml.SafeLoader)
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        msg = f"{path} cannot be read as YAML: {reason}; correct it, docs/sights-file.md shows one"
        raise SettingsError(msg) from None
    return SightsFile() if root is None else _Reader(path, city_id).file(root)


def find_sight(reference: str, sights: Iterable[Sight]) -> Sight | None:
    """Return the sight that a Wikidata id, or else a name in whatever spelling, means."""
    wanted = normalise_name(reference)
    for sight in sights:
        if sight.wikidata_id == reference.upper():
            return sight
        if wanted in {normalise_name(name) for name in (sight.name, *sight.names.values())}:
            return sight
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns nodes of YAML, which know their lines, into values."""

    path: Path
    city_id: str

    def file(self, root: yaml.Node) -> SightsFile:
        sections = self.mapping(root, f"the sections {', '.join(SECTIONS)}", SECTIONS)
        renamed = self.mapping(sections.get("rename"), "sights with their new names")
        ranked = self.mapping(sections.get("rank"), "sights with their ranks")
        ranks = {key: self.rank(node) for key, node in ranked.items()}
        for key, node in ranked.items():
            if list(ranks.values()).count(ranks[key]) > 1:
                raise self.wrong(node, "a rank of its own for each sight")
        return SightsFile(
            add=tuple(self.sight(node) for node in self.sequence(sections.get("add"), "sights")),
            drop=tuple(map(self.text, self.sequence(sections.get("drop"), "sights"))),
            rename={key: self.text(node) for key, node in renamed.items()},
            rank=ranks,
            merge=tuple(
                self.pair(node) for node in self.sequence(sections.get("merge"), "pairs of sights")
            ),
            asymmetric=tuple(map(self.text, self.sequence(sections.get("asymmetric"), "sights"))),
        )

    def sight(self, node: yaml.Node) -> Sight:
        known: dict[str, Callable[[yaml.Node], Any]] = {
            "name": self.text,
            "wikidata_id": lambda value: self.shaped(value, WIKIDATA_ID, "Q243"),
            "latitude": lambda value: self.degrees(value, 90),
            "longitude": lambda value: self.degrees(value, 180),
            "commons_category": self.text,
            "names": lambda value: {
                language: self.text(each)
                for language, each in self.mapping(value, "names by language code").items()
            },
            "aliases": lambda value: tuple(map(self.text, self.sequence(value, "names"))),
            "freebase_id": lambda value: self.shaped(value, FREEBASE_ID, "/m/01c72"),
            "knowledge_graph_id": lambda value: self.shaped(value, KNOWLEDGE_GRAPH_ID, "/g/121k"),
            "place_id": self.text,
        }
        nodes = self.mapping(node, "a sight to add", tuple(known))
        given = {key: known[key](value) for key, value in nodes.items()}
        if ("latitude" in given) != ("longitude" in given):
            raise self.wrong(node, "latitude and longitude together")
        if "wikidata_id" not in given and not {"name", "latitude", "commons_category"} <= set(
            given
        ):
            raise self.wrong(
                node, "a wikidata_id, or a name with latitude, longitude and commons_category"
            )
        place = (
            Place(given.pop("latitude"), given.pop("longitude")) if "latitude" in given else None
        )
        name = given.pop("name", "")
        return Sight(None, self.city_id, name, 1, place=place, **given)

    def pair(self, node: yaml.Node) -> tuple[str, str]:
        two = [self.text(each) for each in self.sequence(node, "two sights")]
        if len(two) != 2 or two[0] == two[1]:  # noqa: PLR2004 - a pair
            raise self.wrong(node, "two different sights, such as [Q82425, Q4956]")
        return two[0], two[1]

    def rank(self, node: yaml.Node) -> int:
        text = self.text(node)
        if not (text.isascii() and text.isdigit() and int(text) >= 1):
            raise self.wrong(node, "a rank from 1 on")
        return int(text)

    def degrees(self, node: yaml.Node, most: int) -> float:
        try:
            value = float(self.text(node))
        except ValueError:
            raise self.wrong(node, f"degrees from -{most} to {most}") from None
        if not -most <= value <= most:
            raise self.wrong(node, f"degrees from -{most} to {most}")
        return value

    def shaped(self, node: yaml.Node, shape: re.Pattern[str], example: str) -> str:
        text = self.text(node)
        if shape.fullmatch(text) is None:
            raise self.wrong(node, f"an id such as {example}")
        return text

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            raise self.wrong(node, "a text")
        return unicodedata.normalize("NFC", " ".join(str(node.value).split()))

    def sequence(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        if node is None or _is_empty(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(node, f"a list of {what}, each line with a dash")
        return list(node.value)

    def mapping(
        self, node: yaml.Node | None, what: str, allowed: tuple[str, ...] | None = None
    ) -> dict[str, yaml.Node]:
        if node is None or _is_empty(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, f"{what}, as `key: value`")
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node)
            if allowed is not None and key not in allowed:
                raise self.wrong(key_node, f"one of {', '.join(allowed)}")
            if key in found:
                raise self.wrong(key_node, "each key once")
            found[key] = value
        return found

    def wrong(self, node: yaml.Node, expected: str) -> SettingsError:
        value = (
            repr(node.value)
            if isinstance(node, yaml.ScalarNode)
            else ("a sequence" if isinstance(node, yaml.SequenceNode) else "a mapping")
        )
        return SettingsError(
            f"{self.path}, line {node.start_mark.line + 1}: {value}, expected {expected}; "
            "docs/sights-file.md shows a whole file"
        )


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and str(node.value) in ("", "null", "~")
