"""Which photos to label next, so that each call buys as much as it can under a cap.

Calls buy usable labels: docs/choosing-photos.md says what that is, `worth` in which order sights are
asked about. Within a sight, sources and sizes take turns. Then come photos that were found for no
sight, those of streets behind the others; near copies come last of all.

Pure: photos and answers in, photos out; the same answers in the same order give the same choice.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest

from sightscan.label.worth import CallWorth, HitRates, Stratum
from sightscan.warehouse.labels.labels import CityPhoto

# Longest sides in pixels. A photo that is smaller than what landmarks need may hide its sight; one
# that is larger than what the catalogues' thumbnails have was found in another way.
SMALL_PIXELS = 640
LARGE_PIXELS = 1_024


@dataclass(frozen=True, slots=True)
class View:
    """The photo that speaks for its near-duplicate cluster, and all that the cluster was found for."""

    sha256: bytes
    stratum: Stratum
    sight_ids: tuple[int, ...]


@dataclass(slots=True)
class _SightBacklog:
    """What is known and what waits of one sight; `ready` may name views that were taken since."""

    sight_id: int
    rank: int
    labelled: set[bytes] = field(default_factory=set)
    in_flight: dict[bytes, float] = field(default_factory=dict)
    left: Counter[Stratum] = field(default_factory=Counter)
    drawn: Counter[Stratum] = field(default_factory=Counter)
    ready: defaultdict[Stratum, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    @property
    def expected_labels(self) -> float:
        """Views with a label, and what those in flight will probably bring."""
        return len(self.labelled) + sum(self.in_flight.values())


class PhotoChoice:
    """The photos of a city that wait for a call; the answers so far decide which one is next."""

    def __init__(
        self, photos: Iterable[CityPhoto], ranks: Mapping[int, int], *, minimum: int
    ) -> None:
        """Take photos with their outcomes so far; `ranks` are of the city's sights, by id."""
        self._minimum = minimum
        self._rates = HitRates()
        # Sorted, so that sums of fractions do not hang on the order of rows.
        in_order = sorted(photos, key=lambda photo: photo.sha256)
        self._photos = {photo.sha256: photo for photo in in_order}
        self._waiting = {photo.sha256 for photo in self._photos.values() if photo.is_waiting}
        self._backlogs = {
            sight_id: _SightBacklog(sight_id, rank) for sight_id, rank in ranks.items()
        }
        self._views: dict[bytes, View] = {}
        self._labelled_clusters: set[bytes] = set()
        self._copy_turns: dict[bytes, int] = {}
        self._sort_into_views()

    def __len__(self) -> int:
        """Return how many photos wait."""
        return len(self._waiting)

    def take(self, count: int, *, calls_left: int) -> list[bytes]:
        """Take the next photos, as if `calls_left` were all that the city may ever pay for."""
        taken: list[bytes] = []
        orders = {
            backlog.sight_id: self._worth(backlog, calls_left).order
            for backlog in self._backlogs.values()
            if backlog.left.total() > 0
        }
        while orders and len(taken) < count:
            best = max(orders, key=orders.__getitem__)
            view = self._next_view(self._backlogs[best])
            self._take_view(view)
            taken.append(view.sha256)
            for sight_id in view.sight_ids:
                backlog = self._backlogs[sight_id]
                if backlog.left.total() > 0:
                    orders[sight_id] = self._worth(backlog, calls_left - len(taken)).order
                else:
                    orders.pop(sight_id, None)
        return taken + self._take_the_rest(count - len(taken))

    def put_back(self, sha256s: Sequence[bytes]) -> None:
        """Let photos wait again that were taken and, provably, not paid for."""
        self.forget(sha256s)
        self._waiting.update(sha256s)
        for view in self._views_of(sha256s):
            for backlog in self._backlogs_of(view):
                backlog.drawn[view.stratum] -= 1
                self._queue(backlog, view)

    def note_answer(self, sha256: bytes, accepted_sight_ids: Collection[int]) -> None:
        """Learn from the answer about a photo that was taken."""
        self.forget([sha256])
        self._learn(self._photos[sha256], accepted_sight_ids)

    def forget(self, sha256s: Iterable[bytes]) -> None:
        """Give up photos that were taken, and about which there will be no answer."""
        for view in self._views_of(sha256s):
            for backlog in self._backlogs_of(view):
                backlog.in_flight.pop(view.sha256, None)

    def _sort_into_views(self) -> None:
        """Let the largest photo of each cluster speak for it, unless one of them was asked about."""
        clusters: defaultdict[bytes, list[CityPhoto]] = defaultdict(list)
        for photo in self._photos.values():
            clusters[photo.cluster_sha256].append(photo)
        views = []
        for members in clusters.values():
            members.sort(key=lambda photo: (-photo.pixel_count, photo.sha256))
            copies = [photo for photo in members if photo.is_waiting]
            if len(copies) == len(members):
                views.append(_view_of(copies.pop(0), members, self._backlogs))
            for turn, photo in enumerate(copies):
                self._copy_turns[photo.sha256] = turn
        # Reversed, since the end of a list is its cheap side; sorted, since hashes are a fair draw.
        for view in sorted(views, key=lambda view: view.sha256, reverse=True):
            self._views[view.sha256] = view
            for backlog in self._backlogs_of(view):
                self._queue(backlog, view)
        for photo in self._photos.values():
            for sight_id in () if photo.is_waiting else _sights_of(photo, self._backlogs):
                self._backlogs[sight_id].drawn[_stratum_of(photo)] += 1
            if photo.is_answered:
                self._learn(photo, photo.accepted_sight_ids)

    def _worth(self, backlog: _SightBacklog, calls_left: int) -> CallWorth:
        rates = {
            stratum: self._rates.rate(backlog.sight_id, stratum)
            for stratum, count in backlog.left.items()
            if count
        }
        return CallWorth(
            sight_id=backlog.sight_id,
            rank=backlog.rank,
            labels=backlog.expected_labels,
            labels_to_come=sum(rate * backlog.left[stratum] for stratum, rate in rates.items()),
            # Strata are drawn in proportion to the squares of their rates.
            hit_rate=sum(rate**3 for rate in rates.values())
            / sum(rate**2 for rate in rates.values()),
            minimum=self._minimum,
            calls_left=calls_left,
        )

    def _next_view(self, backlog: _SightBacklog) -> View:
        """Return the view that keeps the sight's strata in proportion."""

        def turn(stratum: Stratum) -> tuple[float, Stratum]:
            rate = self._rates.rate(backlog.sight_id, stratum)
            return (backlog.drawn[stratum] + 1) / rate**2, stratum

        stratum = min((each for each, count in backlog.left.items() if count), key=turn)
        ready = backlog.ready[stratum]
        while ready[-1] not in self._waiting:
            ready.pop()
        return self._views[ready.pop()]

    def _take_view(self, view: View) -> None:
        self._waiting.discard(view.sha256)
        for backlog in self._backlogs_of(view):
            backlog.left[view.stratum] -= 1
            backlog.drawn[view.stratum] += 1
            backlog.in_flight[view.sha256] = self._rates.rate(backlog.sight_id, view.stratum)

    def _take_the_rest(self, count: int) -> list[bytes]:
        """Take views of no sight, streets last; then near copies: those of views without a label first."""
        if count <= 0:
            return []
        taken = nsmallest(
            count,
            self._waiting,
            key=lambda sha256: (
                sha256 in self._copy_turns,
                self._photos[sha256].is_street,
                self._photos[sha256].cluster_sha256 in self._labelled_clusters,
                self._copy_turns.get(sha256, 0),
                sha256,
            ),
        )
        self._waiting.difference_update(taken)
        return taken

    def _queue(self, backlog: _SightBacklog, view: View) -> None:
        backlog.left[view.stratum] += 1
        backlog.ready[view.stratum].append(view.sha256)

    def _views_of(self, sha256s: Iterable[bytes]) -> list[View]:
        """Return the views among photos; the others are near copies."""
        return [self._views[sha256] for sha256 in sha256s if sha256 in self._views]

    def _backlogs_of(self, view: View) -> list[_SightBacklog]:
        return [self._backlogs[sight_id] for sight_id in view.sight_ids]

    def _learn(self, photo: CityPhoto, accepted_sight_ids: Collection[int]) -> None:
        stratum = _stratum_of(photo)
        for sight_id in _sights_of(photo, self._backlogs):
            self._rates.note(sight_id, stratum, is_hit=sight_id in accepted_sight_ids)
        for sight_id in accepted_sight_ids:
            # Also of a sight that the photo was not found for.
            self._labelled_clusters.add(photo.cluster_sha256)
            if sight_id in self._backlogs:
                self._backlogs[sight_id].labelled.add(photo.cluster_sha256)


def _view_of(photo: CityPhoto, members: Sequence[CityPhoto], known: Collection[int]) -> View:
    sight_ids = sorted({sight for member in members for sight in _sights_of(member, known)})
    return View(photo.sha256, _stratum_of(photo), tuple(sight_ids))


def _sights_of(photo: CityPhoto, known: Collection[int]) -> list[int]:
    return [sight_id for sight_id in photo.query_sight_ids if sight_id in known]


def _stratum_of(photo: CityPhoto) -> Stratum:
    if photo.longest_side_pixels < SMALL_PIXELS:
        return Stratum(photo.source, "small")
    return Stratum(photo.source, "medium" if photo.longest_side_pixels <= LARGE_PIXELS else "large")
