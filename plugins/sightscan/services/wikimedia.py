"""Checks of Wikimedia: are we let in, is a city's query quick enough, are cities found."""

from sightscan.city import City, Place
from sightscan.crawl.sources.commons_answers import METADATA, THUMBNAIL_WIDTH_PIXELS, read_page
from sightscan.crawl.sources.source import read_records
from sightscan.discover.candidates import list_items_around
from sightscan.discover.cities import resolve_city
from sightscan.discover.classes import MAX_CLASSES_PER_QUERY, read_class_roots, read_kinds
from sightscan.discover.kinds import why_no_sight
from sightscan.http_judges import judge_mediawiki, mediawiki_error
from sightscan.services.check import Check, Probe
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.warehouse.photos.photos import Attribution

MAX_CITY_QUERY_SECONDS = 20.0
# A large city, and what no list of its sights can lack.
PARIS = City("Q90", "paris", "Paris", "France", Place(48.8567, 2.3522), 7_000)
EIFFEL_TOWER = "Q243"
CLASSIFIED_ITEMS = 50
# A comune of Italy and a commune of France: are these classes taken for cities?
CITIES = {"Pisa": "Q13375", "Lyon": "Q456"}
# The second is longer than the 160 bytes from which on Commons names thumbnails otherwise.
SHORT_NAME = "Tour Eiffel Wikimedia Commons.jpg"
LONG_NAME = (
    "Princess Alexandra of Denmark (later Queen Alexandra, wife of Edward VII) with her two eldest "
    "sons, Prince Albert Victor (Eddy) and George Frederick Ernest Albert (later George V).jpg"
)


def name_contact(probe: Probe) -> str:
    """Say whether the User-Agent has a contact, and one of the operator's own."""
    if (problem := probe.config.contact_problem) is not None:
        raise CheckFailedError(problem)
    return "a contact of your own stands in the User-Agent"


def enter_edge(probe: Probe) -> str:
    """Search for one item, with the User-Agent of all requests."""
    hits = probe.wikidata.search("Eiffel Tower")
    if all(hit.item_id != EIFFEL_TOWER for hit in hits):
        msg = f"{len(hits)} hits, {EIFFEL_TOWER} not among them"
        raise CheckFailedError(msg)
    return f"let in; {len(hits)} hits, {EIFFEL_TOWER} among them"


def find_cities(probe: Probe) -> str:
    """Look cities up by their names."""
    for name, item_id in CITIES.items():
        city = resolve_city(probe.wikidata, name)
        if city.city_id != item_id:
            msg = f"{name} is taken for {city.name}, {city.country} ({city.city_id})"
            raise CheckFailedError(msg)
    return ", ".join(f"{name} is {item_id}" for name, item_id in CITIES.items())


def time_candidates(probe: Probe) -> str:
    """Ask for the candidates of a large city, as discovery asks."""
    begun = probe.seconds()
    found = list_items_around(probe.wikidata, PARIS)
    seconds = probe.seconds() - begun
    if EIFFEL_TOWER not in found:
        msg = f"{len(found)} items around Paris in {seconds:.1f} s, {EIFFEL_TOWER} not among them"
        raise CheckFailedError(msg)
    # The best known have the most classes.
    probe.item_ids = tuple(found)[:CLASSIFIED_ITEMS]
    _require_time(seconds, f"{len(found)} items around Paris")
    return f"{len(found)} items around Paris in {seconds:.1f} s, {EIFFEL_TOWER} among them"


def time_classes(probe: Probe) -> str:
    """Ask what these candidates are, and below which roots their classes lie."""
    if not probe.item_ids:
        msg = "there are no candidates: mend the check `candidates`"
        raise CheckSkippedError(msg)
    begun = probe.seconds()
    kinds = read_kinds(probe.wikidata, probe.item_ids)
    tower = kinds.get(EIFFEL_TOWER)
    # The tower's first: what is left of the others fills two queries at the most.
    ordered = kinds.values() if tower is None else (tower, *kinds.values())
    named = dict.fromkeys(class_id for kind in ordered for class_id in kind.class_ids)
    classes = tuple(named)[: 2 * MAX_CLASSES_PER_QUERY]
    roots = read_class_roots(probe.wikidata, classes)
    seconds = probe.seconds() - begun
    if tower is None or (reason := why_no_sight(tower, roots)) is not None:
        msg = f"the Eiffel Tower is {'nothing' if tower is None else reason}"
        raise CheckFailedError(msg)
    _require_time(seconds, f"{len(classes)} classes")
    return f"{len(classes)} classes in {seconds:.1f} s; the Eiffel Tower is a sight"


def _require_time(seconds: float, what: str) -> None:
    if seconds > MAX_CITY_QUERY_SECONDS:
        msg = f"{what}, but only after {seconds:.0f} s"
        raise CheckFailedError(msg)


def describe_files(probe: Probe) -> str:
    """Ask Commons about a file of a short and one of a long name, and where their thumbnails are."""
    answer = probe.fetcher.json(
        probe.config.commons_api_url,
        {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "titles": f"File:{SHORT_NAME}|File:{LONG_NAME}",
            "prop": "imageinfo",
            "iiprop": "url|size|mime|extmetadata",
            "iiurlwidth": str(THUMBNAIL_WIDTH_PIXELS),
            "iiextmetadatafilter": "|".join(METADATA),
        },
        judge_mediawiki,
    )
    if (error := mediawiki_error(answer)) is not None:
        raise CheckFailedError(": ".join(error))
    listing = read_records(
        answer["query"]["pages"],
        lambda page: read_page(page, "check-services", probe.config.min_photo_side_pixels),
    )
    for found in listing.found:
        if isinstance(found, Attribution):
            probe.commons_photos[found.title or ""] = found
    missing = [name for name in (SHORT_NAME, LONG_NAME) if name not in probe.commons_photos]
    if missing:
        reasons = listing.problem or ", ".join(listing.left_out) or "other pages are described"
        msg = f"no description of {missing[0]!r}: {reasons}"
        raise CheckFailedError(msg)
    licences = {photo.licence for photo in probe.commons_photos.values()}
    return f"both are described; licences {', '.join(sorted(licences))}"


CHECKS = (
    Check(
        name="contact",
        service="nobody",
        asks="the setting CONTACT is read",
        why="Wikimedia blocks clients that cannot be reached; with a contact it allows 200 a minute",
        expected="an e-mail address or a URL of yours",
        advice="set CONTACT to your e-mail address, or to a page that says who you are",
        max_requests=0,
        ask=name_contact,
    ),
    Check(
        name="edge",
        service="Wikidata's API",
        asks="one search for 'Eiffel Tower', with our User-Agent",
        why="Wikimedia's edge refuses some clients whatever they ask",
        expected=f"status 200, {EIFFEL_TOWER} among the hits",
        advice="read Wikimedia's words; set CONTACT, and wait for as long as they say",
        max_requests=1,
        ask=enter_edge,
    ),
    Check(
        name="cities",
        service="Wikidata's API and query service",
        asks=f"which cities {' and '.join(CITIES)} are",
        why="a comune and a commune are other classes than a city",
        expected=", ".join(f"{name} is {item_id}" for name, item_id in CITIES.items()),
        advice="add such cities by their Wikidata id (docs/runbooks/city-not-found.md); report it",
        max_requests=8,
        ask=find_cities,
    ),
    Check(
        name="candidates",
        service="Wikidata's query service",
        asks="for the best known items around Paris, as discovery does",
        why="a query that costs too much is cut off after 60 s, in the largest cities first",
        expected=f"{EIFFEL_TOWER} among the answers, within {MAX_CITY_QUERY_SECONDS:.0f} s",
        advice="ask again at another hour; if it stays so, no large city can be discovered: report it",
        max_requests=1,
        ask=time_candidates,
    ),
    Check(
        name="classes",
        service="Wikidata's query service",
        asks=f"what the first {CLASSIFIED_ITEMS} of these are, and below which roots their classes lie",
        why="a walk up the tree of classes that the engine plans badly takes minutes",
        expected=f"the Eiffel Tower is a sight, within {MAX_CITY_QUERY_SECONDS:.0f} s",
        advice="ask again at another hour; if it stays so, no city can be discovered: report it",
        max_requests=3,
        ask=time_classes,
    ),
    Check(
        name="commons",
        service="Wikimedia Commons' API",
        asks="about two files, one of them with a name of 183 bytes",
        why="the crawl fetches thumbnails from where the API says they are",
        expected="a licence and the address of a thumbnail for each",
        advice="see https://w.wiki/4wJS if you are refused; if a file was deleted there, report it",
        max_requests=1,
        ask=describe_files,
    ),
)
