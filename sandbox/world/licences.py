"""Which licence and author a photo of the sandbox has, in the words that Commons uses."""

import re
from dataclasses import dataclass

from sandbox.world.seeded import seeded_between, seeded_choice
from sandbox.world.world import World, WorldPhoto


@dataclass(frozen=True)
class Licence:
    """A licence: the name people read, Commons' code, its page, and whether to name the author."""

    short_name: str
    code: str
    url: str | None
    must_name_author: bool

    @property
    def openverse_code(self) -> str:
        """The code of the same licence at Openverse: by, by-sa, cc0, pdm."""
        if self.code == "pd":
            return "pdm"
        return self.code if self.code == "cc0" else re.sub(r"^cc-|-[\d.]+$", "", self.code)

    @property
    def version(self) -> str:
        """Its version, such as 4.0."""
        found = re.search(r"\d\.\d", self.code)
        return found[0] if found else "1.0"


@dataclass(frozen=True)
class Attribution:
    """Who made a photo, when it was uploaded (ISO 8601, UTC), and under which licence."""

    author: str
    uploaded_at: str
    licence: Licence


CC = "https://creativecommons.org/"
LICENCES = (
    Licence("CC BY-SA 4.0", "cc-by-sa-4.0", CC + "licenses/by-sa/4.0", must_name_author=True),
    Licence("CC BY-SA 3.0", "cc-by-sa-3.0", CC + "licenses/by-sa/3.0", must_name_author=True),
    Licence("CC BY 2.0", "cc-by-2.0", CC + "licenses/by/2.0", must_name_author=True),
    Licence("CC BY 4.0", "cc-by-4.0", CC + "licenses/by/4.0", must_name_author=True),
    Licence("CC0", "cc0", CC + "publicdomain/zero/1.0/deed.en", must_name_author=False),
    # As on Commons, works in the public domain have no licence page.
    Licence("Public domain", "pd", None, must_name_author=False),
)
_AUTHORS = ("Inês Falcão", "J. Hartwig", "Tomás Ribeiro", "Ana-Luz Ortega", "K. Mwangi", "Bea & Jo")


def attribution_of(world: World, photo: WorldPhoto) -> Attribution:
    """Return the licence and author of a photo, always the same for the same file.

    A world whose README states a licence has that one throughout, by its contributors: photos that
    somebody really made must not be shown under another licence than theirs.
    """
    stated = _stated_licence(world)
    name = world.folder.name.replace("_", " ").replace("-", " ").title()
    return Attribution(
        author=f"{name} contributors" if stated else seeded_choice(_AUTHORS, "author", photo.file),
        uploaded_at=_moment(photo.file),
        licence=stated or seeded_choice(LICENCES, "licence", photo.file),
    )


def _moment(name: str) -> str:
    year, month, day, hour, minute = (
        int(seeded_between(low, high, "uploaded", part, name))
        for part, (low, high) in enumerate(((2008, 2026), (1, 13), (1, 29), (0, 24), (0, 60)))
    )
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"


def _stated_licence(world: World) -> Licence | None:
    readme = world.folder / "README.md"
    if not readme.is_file():
        return None
    text = readme.read_text(encoding="utf-8", errors="replace")
    return next((licence for licence in LICENCES if licence.short_name in text), None)
