"""The fictional city of the default world: its name, its place, its five sights.

It lies in the open Atlantic, where no real city can be mistaken for it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CitySight:
    """A sight by name, where it stands (WGS 84 degrees), and what it is."""

    name: str
    slug: str
    latitude: float
    longitude: float
    description: str


@dataclass(frozen=True, slots=True)
class DrawnCity:
    """The city that is drawn."""

    name: str
    country: str
    latitude: float
    longitude: float
    sights: tuple[CitySight, ...]


VALMORIA = DrawnCity(
    name="Valmória",
    country="Merídia",
    latitude=37.4182,
    longitude=-15.2764,
    sights=(
        CitySight(
            "Torre do Farol", "torre-do-farol", 37.4139, -15.2871,
            "striped clock tower with a gallery and a lighthouse lantern",
        ),
        CitySight(
            "Basílica de São Telmo", "basilica-de-sao-telmo", 37.4204, -15.2752,
            "basilica with a great dome, a columned portico and two bell towers",
        ),
        CitySight(
            "Ponte das Velas", "ponte-das-velas", 37.4117, -15.2689,
            "cable-stayed bridge on one pylon, its cables spread like sails",
        ),
        CitySight(
            "Porta das Andorinhas", "porta-das-andorinhas", 37.4231, -15.2803,
            "city gate with three arches between two round towers",
        ),
        CitySight(
            "Teatro das Conchas", "teatro-das-conchas", 37.4158, -15.2918,
            "opera house under a row of leaning shells",
        ),
    ),
)  # fmt: skip
