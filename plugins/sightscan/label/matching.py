"""Which sight of a city a landmark is: by id, else by name, else by place and name together."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sightscan.city import City, Sight
from sightscan.label.landmarks import Landmark
from sightscan.names import name_similarity, normalise_name, plain_name

# Vision and Wikidata place one building as far apart as it is large (a long facade, a square with
# its gardens), which is some 300 m at most. In an old town the neighbours are nearer than that:
# nearness alone says nothing, so the names must be alike as well.
NEAR_LANDMARK_METERS = 300
# Of 100. The second-best sight must be that much less alike, or nobody can tell which is meant.
CLEAR_LEAD = 5

How = Literal["mid", "name", "place_and_name"]


@dataclass(frozen=True, slots=True)
class Match:
    """The sight that a landmark is, and how that is known; no sight, with the reason why not."""

    sight: Sight | None
    how: How | None = None
    reason: str | None = None


class SightIndex:
    """The sights of a city by their ids and by all their names."""

    def __init__(self, city: City, sights: Iterable[Sight]) -> None:
        self.city = city
        self._sights = tuple(sorted(sights, key=lambda sight: sight.rank))
        self._by_mid: dict[str, Sight] = {}
        self._by_name: dict[str, list[Sight]] = {}
        self._names: dict[int | None, tuple[str, ...]] = {}
        self._city_names = {normalise_name(city.name), normalise_name(city.country)}
        for sight in self._sights:
            for mid in (sight.freebase_id, sight.knowledge_graph_id):
                if mid is not None:
                    self._by_mid.setdefault(mid, sight)
            all_names = (sight.name, *sight.names.values(), *sight.aliases)
            names = {normalise_name(name) for name in all_names} - {""}
            self._names[sight.sight_id] = tuple(sorted(names))
            for name in {plain_name(name) for name in names}:
                self._by_name.setdefault(name, []).append(sight)

    def match(self, landmark: Landmark) -> Match:
        """Return the sight that the landmark is, if that can be told."""
        if landmark.mid in self._by_mid:
            return Match(self._by_mid[landmark.mid], "mid")
        names = self._readings(landmark.description)
        for name in names:
            bearers = self._by_name.get(plain_name(name), ())
            if len(bearers) == 1:
                return Match(bearers[0], "name")
            if bearers:
                return self._only_one_near(bearers, landmark)
        return self._match_by_place(names, landmark)

    def is_outside(self, landmark: Landmark) -> bool:
        """Tell whether all places of the landmark lie outside the city; False without places."""
        distance = landmark.distance_meters(self.city.place)
        return distance is not None and distance > self.city.radius_meters

    def _readings(self, description: str) -> tuple[str, ...]:
        """Return what the description may mean: itself, and itself without the city's name.

        "Museum Island, Berlin" is Museum Island; so is "Museum Island Berlin".
        """
        whole = normalise_name(description)
        head = normalise_name(re.split(r"[,(|]", description, maxsplit=1)[0])
        readings = [whole, head]
        for city_name in self._city_names:
            shorter = whole.removesuffix(f" {city_name}")
            # One word that is left ("Cathedral") may be anything.
            if shorter != whole and " " in shorter:
                readings.append(shorter)
        return tuple(
            name for name in dict.fromkeys(readings) if name and name not in self._city_names
        )

    def _only_one_near(self, bearers: Sequence[Sight], landmark: Landmark) -> Match:
        """Tell sights of one name apart by their places.

        Two of them near the landmark (a palace, and the museum in it) cannot be: the provider's
        place is metres off, and would give one building's photos to both at random.
        """
        near = [sight for sight in bearers if _is_near(sight, landmark)]
        if len(near) != 1:
            return Match(None, reason="ambiguous_name")
        return Match(near[0], "name")

    def _match_by_place(self, names: Sequence[str], landmark: Landmark) -> Match:
        alike = sorted(
            (
                (self._similarity(names, sight), number)
                for number, sight in enumerate(self._sights)
                if _is_near(sight, landmark)
            ),
            key=lambda pair: (-pair[0], pair[1]),
        )
        if not alike or not alike[0][0]:
            reason = "outside_city" if self.is_outside(landmark) else "no_such_sight"
            return Match(None, reason=reason)
        if len(alike) > 1 and alike[0][0] - alike[1][0] < CLEAR_LEAD:
            return Match(None, reason="ambiguous_name")
        return Match(self._sights[alike[0][1]], "place_and_name")

    def _similarity(self, names: Sequence[str], sight: Sight) -> float:
        """Return how alike the most alike pair of names is, 0 to 100."""
        return max(
            (
                name_similarity(name, known, self._city_names)
                for name in names
                for known in self._names[sight.sight_id]
            ),
            default=0.0,
        )


def _is_near(sight: Sight, landmark: Landmark) -> bool:
    if sight.place is None:
        return False
    distance = landmark.distance_meters(sight.place)
    return distance is not None and distance <= NEAR_LANDMARK_METERS
