"""Which reading queries `benchmarks.warehouse_reads` does not ask, and why: a new one is asked, or named here."""

from collections.abc import Mapping

ALL = "*"
# By reason, then by the folder of the queries; their names in one string.
NOT_ASKED: Mapping[str, Mapping[str, str]] = {
    "one row, or those of one run, model or photo, by their key": {
        "demo": "find_photo_credit find_refusal find_requested_city list_epochs summarise_run",
        "labels": "find_contributed_sight list_stored_reviews read_photo_blob read_report_photo",
        "marts": "list_stage_reports tell_time prefer_indexes",
        "models": "find_architecture find_card_cost find_card_variant find_dataset"
        " find_last_publication find_lease_left find_model find_model_in_place find_open_session"
        " find_rollback_target find_training find_variant find_weights read_model_file read_samples",
        "photos": "read_photo_place",
        "registry": "find_decision find_registry_id list_class_roots",
        "spend": "find_open_estimate list_place_answers sum_usd_of_run",
    },
    "tables that do not grow with the photos: cities, sights, models, machines, incidents, inboxes": {
        "incidents": "count_due_messages count_open_incidents find_last_drill find_waiting_cities"
        " list_empty_crawls list_failed_checks list_incidents list_late_machines list_refusals"
        " list_silences",
        "labels": "list_reports list_waiting_contributions",
        "marts": "list_check_offences list_check_progress",
        "models": "find_turns list_claimed_instances list_finished_requests list_instance_types"
        " list_judged_photos list_lease_requests list_leases list_machines list_models"
        " list_models_without_card list_publications_of_model",
        "registry": "count_requested_cities find_inbox_state list_active_cities list_cities"
        " list_cities_by_key list_forgotten_slugs list_requested_cities list_sights list_slugs"
        " list_waiting_requests",
        "spend": "find_new_photo_share list_open_estimates mean_session_seconds",
        "takedowns": "list_removed_objects list_withdrawals",
    },
    "all that a city, or the warehouse, has: once a task or a run, where nobody waits for one query": {
        "incidents": "find_waiting_reviews",
        "labels": "list_answers list_bulk_reviews list_photos_to_label",
        "marts": "list_photos_of_state list_rejection_hours",
        "photos": "count_photos_to_move list_city_hashes",
        "registry": "list_sight_cameras",
        "spend": "count_calls sum_calls_spent sum_usd_for_requests sum_usd_in_all sum_usd_of_month"
        " summarise_ledger",
        # By the page that shows a photo, of which there is no index.
        "takedowns": "find_photos_to_remove list_photo_names",
    },
    "measured as part of the refresh and of the checks, by this bench": {
        "marts": "list_changed_keys list_hours_changed list_photo_hours",
    },
    "measured as part of taking in and labelling photos, by this bench and `make bench-label`": {
        "labels": "read_photos_to_label",
        "photos": "list_clusters list_photos_without_bytes",
    },
    "of the night's work, a migration, or the move from a first SightScan, which all take their time": {
        "backup": ALL,
        "schema": ALL,
        "takeover": ALL,
        "upkeep": ALL,
    },
    "of the server itself, or of Airflow's database: not of the warehouse's rows": {
        "doctor": ALL,
        "warehouse": ALL,
    },
}


def is_named(folder: str, name: str) -> bool:
    """Tell whether a query is left out for a reason."""
    named = " ".join(folders.get(folder, "") for folders in NOT_ASKED.values()).split()
    return ALL in named or name in named
