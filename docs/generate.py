"""`python -m docs.generate`: write docs/DAGS.md and docs/WAREHOUSE.md from what is there.

`--check` writes nothing and fails if a page differs. The DAGs are parsed as Airflow parses them,
the warehouse is a migrated PostgreSQL of its own, so no page can say what is not so.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DAGS_PAGE = REPOSITORY / "docs" / "DAGS.md"
WAREHOUSE_PAGE = REPOSITORY / "docs" / "WAREHOUSE.md"
SQL_FOLDER = REPOSITORY / "include" / "sql"
WRITTEN_BY = "<!-- Written by `make docs`; edit what it describes, not this page. -->\n\n"


def main() -> int:
    """Write the pages, or compare them; 1 if one differs."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    is_check = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="sightscan-docs-") as scratch:
        pages = {
            DAGS_PAGE: make_dags_page(Path(scratch)),
            WAREHOUSE_PAGE: make_warehouse_page(Path(scratch)),
        }
    stale = [page for page, text in pages.items() if not is_current(page, text)]
    if is_check and stale:
        names = ", ".join(page.name for page in stale)
        sys.stderr.write(f"error: {names} differ from what is there; run `make docs`\n")
        return 1
    for page in stale:
        page.write_text(pages[page], encoding="utf-8")
        print(f"written   {page.relative_to(REPOSITORY)}")
    print(f"pages={len(pages)} changed={len(stale)}")
    return 0


def is_current(page: Path, text: str) -> bool:
    """Tell whether a page is there with exactly this text."""
    return page.is_file() and page.read_text(encoding="utf-8") == text


def make_dags_page(scratch: Path) -> str:
    """Parse the DAGs in an Airflow of their own and return their page."""
    # Airflow reads these when it is first imported, so not before they are set.
    os.environ |= {
        "AIRFLOW_HOME": str(scratch / "airflow"),
        "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{scratch}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    from docs.dags_page import describe_dags  # noqa: PLC0415

    return WRITTEN_BY + describe_dags(REPOSITORY / "dags", scratch)


def make_warehouse_page(scratch: Path) -> str:
    """Migrate a warehouse of its own and return its page."""
    from docs.warehouse_page import describe_warehouse  # noqa: PLC0415
    from sandbox.postgres.server import EmbeddedPostgres  # noqa: PLC0415
    from sightscan.warehouse.schema.migrate import migrate  # noqa: PLC0415

    server = EmbeddedPostgres(scratch / "postgres", survives_power_cut=False)
    try:
        with server.start().connect() as connection:
            migrate(connection, SQL_FOLDER)
            return WRITTEN_BY + describe_warehouse(connection, SQL_FOLDER / "marts")
    finally:
        server.erase()


if __name__ == "__main__":
    sys.exit(main())
