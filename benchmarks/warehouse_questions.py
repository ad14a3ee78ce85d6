"""What `benchmarks.warehouse_reads` asks: the files that the app, the DAGs, the checks and the pages execute.

Each with parameters of one city. A view that none of them asks for its own sake is asked as a
dashboard asks: the rows of one city. What is not asked, and why, is in `warehouse_not_asked`.
"""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from benchmarks.warehouse_subject import Question, Subject, read_question
from sightscan.settings import REPOSITORY, settings
from sightscan.warehouse.photos.photos import CONTRIBUTED
from sightscan.warehouse.registry.cities import LET_IN
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS

APP = REPOSITORY / "detector_app" / "sql"
# What nobody asks for its own sake, as a dashboard would ask it.
CITY_ROWS = (
    "city_activity_hourly",
    "label_quality",
    "model_scorecard",
    "photo_attribution",
    "sight_coverage",
    "spend_by_month",
    "spend_estimate",
)
READ_ALL_PHOTOS = (
    "photo_attribution__names_whom_the_licence_names",
    "spend_estimate__no_run_costs_more_than_its_most",
    "trainable_photo__has_a_source",
)
OVERVIEW = "page SightScan"
LEFT_OUT_FOR = ("reopened_reasons", "bound_reasons", "bounds")
ANY_SCORE = {"min_score": 0.0, "below_score": 2.0}
VISION = {"provider": VISION_LANDMARKS.provider, "feature": VISION_LANDMARKS.feature}
CITY_COUNTS = ("trainable_photo", "accepted_label", "decided_label")


def list_questions(subject: Subject) -> tuple[Question, ...]:
    """Return every query that is measured, for one city."""
    queries, checks = (settings().sql_folder / name for name in ("queries", "checks"))
    slug, city, named = subject.slug, {"city_id": subject.city_id}, {"slug": subject.slug}
    onnx = {"city_slug": slug, "onnx_sha256": ""}
    version = {"city_slug": slug, "model_version": 1}
    return (
        read_question("app", APP / "list_cities.sql", {}),
        read_question("app", APP / "read_model_file.sql", onnx),
        read_question("app", APP / "list_sight_cards.sql", {"city_slug": slug}),
        read_question(
            "app", APP / "read_card_photo.sql", {"city_slug": slug, "photo_sha256": "0" * 64}
        ),
        read_question("app", APP / "find_city_answer.sql", {"request_id": UUID(int=0)}),
        read_question("app", APP / "find_city_progress.sql", {"city_slug": slug}),
        read_question("app", APP / "list_model_versions.sql", {}),
        read_question("app", APP / "find_model_version.sql", version),
        read_question("app", APP / "list_model_sights.sql", version),
        read_question("app", APP / "list_model_examples.sql", version),
        read_question(
            "app", APP / "list_model_credits.sql", {**version, "most": 50, "left_out": 0}
        ),
        read_question("app", APP / "list_sharing_cities.sql", {}),
        read_question("app", APP / "list_sharing_sights.sql", city),
        read_question("app", APP / "find_shared_photo.sql", {"code": "code"}),
        *_list_tasks(queries, subject),
        *_list_pages(queries, subject),
        *list_overview(city),
        read_question("demo", queries / "demo/summarise_city.sql", named),
        read_question("demo", queries / "demo/list_published_splits.sql", named),
        read_question("demo", queries / "demo/find_published_file.sql", named),
        *(
            read_question("check of a city", file, {**city, "keys": None})
            for file in sorted(checks.glob("*.sql"))
        ),
        # Those that read all photos do so once a day: benchmarks/warehouse_checks.py.
        *(
            read_question("check of all cities", file, {"city_id": None, "keys": None})
            for file in sorted(checks.glob("*.sql"))
            if file.stem not in READ_ALL_PHOTOS
        ),
        *(_read_city_rows(view, "*", city) for view in CITY_ROWS),
        *(_read_city_rows(view, "count(*)", city) for view in CITY_COUNTS),
        Question("person", "labels of a photo", LABELS_OF_A_PHOTO, city),
    )


def list_overview(city: Mapping[str, object]) -> tuple[Question, ...]:
    """Return what the page SightScan asks, of all cities and of one."""
    searched = {"search": "", "slug": "", "states": list(LET_IN)}
    paged = {**searched, "stage": None, "most": 25, "skipped": 50}
    asked = {
        "count_cities": searched,
        "list_cities": paged,
        "count_models": searched,
        "list_models": paged,
        "list_sights": city,
        "list_months": {},
        "list_machine_work": {"instance_ids": ["i-1"]},
        "list_reviews": {"states": list(LET_IN), "most": 8},
        "count_waiting": {},
        "find_counted_until": {},
    }
    folder = settings().sql_folder / "queries" / "overview"
    return tuple(
        read_question(OVERVIEW, folder / f"{name}.sql", parameters)
        for name, parameters in asked.items()
    )


def _list_tasks(queries: Path, subject: Subject) -> tuple[Question, ...]:
    """Return what the tasks of a city's DAG, and of those beside it, ask about photos."""
    city = {"city_id": subject.city_id}
    sight = {"sight_id": subject.sight_id}
    photos = {"sha256s": list(subject.photos)}
    version = {**city, "dataset_version": 1, "model_version": 1}
    far = {"far_sight_ids": list(subject.far_sight_ids), "contributed": CONTRIBUTED}
    few = {"sha256s": list(subject.photos[:2])}
    asked: tuple[tuple[str, str, dict[str, Mapping[str, object]]], ...] = (
        (
            "crawl",
            "photos",
            {
                "list_city_names": {**city, **sight, "since": None},
                "list_known_names": {**sight, **{key: [] for key in LEFT_OUT_FOR}},
                "list_photo_visits": sight,
                "list_sight_photos": sight,
            },
        ),
        (
            "decide and freeze",
            "models",
            {
                "list_labelled_photos": city,
                "list_backgrounds": {**city, **far, **VISION},
                "count_far_photos": {"sight_ids": list(subject.far_sight_ids)},
                "list_sights_elsewhere": city,
                "list_frozen_photos": city,
                "list_linked_photos": {**photos, "links": list(subject.links)},
                "list_bursts": photos,
                "list_photo_sizes": photos,
                "list_gone_photos": photos,
            },
        ),
        (
            "train and publish",
            "models",
            {
                "list_dataset_photos": version,
                "list_learnt_photos": version,
                "list_card_licences": version,
                "list_card_photos": version,
                "find_model_card": version,
            },
        ),
        (
            "take-down",
            "takedowns",
            {
                "list_near_copies": few,
                "list_photo_uses": few,
            },
        ),
        (
            "hourly",
            "marts",
            {
                "find_city_standing": city,
                "find_known_span": {},
                "has_empty_facts": {},
                "read_gauges": {},
            },
        ),
        ("watch", "incidents", {"find_ages": {"backups_noted_by": ""}}),
    )
    return tuple(
        read_question(f"DAGs, {task}", queries / folder / f"{name}.sql", parameters)
        for task, folder, of_task in asked
        for name, parameters in of_task.items()
    )


def _list_pages(queries: Path, subject: Subject) -> tuple[Question, ...]:
    """Return what *Review labels* and *Photos* ask."""
    city, sight = {"city_id": subject.city_id}, {"sight_id": subject.sight_id}
    newest = {"sha256s": None, "after_recorded_at": None, "after_sha256": None}
    labels, photos = queries / "labels", queries / "photos"
    return (
        read_question("review page", labels / "count_labels_to_review.sql", {**city, **ANY_SCORE}),
        read_question(
            "review page",
            labels / "list_labels_to_review.sql",
            {"label_ids": list(subject.label_ids)},
        ),
        read_question(
            "review page", labels / "list_reference_photos.sql", {**sight, "sha256": b"", "most": 3}
        ),
        read_question("photos page", photos / "count_crawled_photos.sql", city),
        read_question(
            "photos page",
            photos / "list_kept_photos.sql",
            {**city, **newest, "sight_id": None, "after_sight_id": None, "most": 60},
        ),
        read_question(
            "photos page",
            photos / "list_rejected_photos.sql",
            {**city, "sight_id": None, "reason": None, "most": 200},
        ),
    )


# As a review of labels, or a take-down, looks at them.
LABELS_OF_A_PHOTO = """
select decided_label.*
from mart.decided_label
where decided_label.sha256 = (
    select label.sha256 from core.label where label.city_id = %(city_id)s limit 1
)
"""


def _read_city_rows(view: str, what: str, city: Mapping[str, object]) -> Question:
    text = f"select {what} from mart.{view} where city_id = %(city_id)s"  # noqa: S608
    return Question("dashboard", f"{view} {what}", text, city)
