r"""Take pictures of a running app, to be looked at or put into the documentation.

    .venv/airflow/bin/python -m tests.end_to_end.screenshot_app http://127.0.0.1:8501 \\
        --city Lisbon --photo photo.jpg --film film.y4m --to var/screenshots

Without `--film`, the photo is made into one. Prints the names that the app read.
"""

import argparse
import sys
from pathlib import Path

from tests.end_to_end.browser import (
    choose_city,
    detect_photo,
    open_app,
    start_webcam,
    wait_for_names,
)
from tests.film import write_film

# The film needs a moment until its picture is sharp.
SHARPEN_MILLISECONDS = 3000


def take_screenshots(
    url: str, city: str | None, photo: Path, film: Path | None, folder: Path, *, dark: bool
) -> dict[str, list[str]]:
    """Write photo.png, webcam.png and phone.png into the folder; return the names by picture."""
    folder.mkdir(parents=True, exist_ok=True)
    if film is None:
        film = folder / "film.y4m"
        write_film([photo], film)
    names = {}
    with open_app(url, film, height=1080, dark=dark) as page:
        if city:
            choose_city(page, city)
        names["photo"] = detect_photo(page, photo)
        page.screenshot(path=folder / "photo.png")
        start_webcam(page)
        names["webcam"] = wait_for_names(page)
        page.wait_for_timeout(SHARPEN_MILLISECONDS)
        page.screenshot(path=folder / "webcam.png")
    with open_app(url, width=390, height=844, dark=dark) as page:
        if city:
            choose_city(page, city)
        names["phone"] = detect_photo(page, photo)
        page.screenshot(path=folder / "phone.png")
    return names


def main() -> int:
    """Read the command line, take the pictures, print what was read."""
    parser = argparse.ArgumentParser(description="Take pictures of a running app.")
    parser.add_argument("url", help="where the app is, such as http://127.0.0.1:8501")
    parser.add_argument("--city", help="the city to choose; needed if there are several")
    parser.add_argument("--photo", type=Path, required=True, help="a photo of one of its sights")
    parser.add_argument("--film", type=Path, help="a Y4M film for the camera")
    parser.add_argument("--to", type=Path, default=Path("var/screenshots"), help="the folder")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    given = parser.parse_args()
    names = take_screenshots(
        given.url, given.city, given.photo, given.film, given.to, dark=given.dark
    )
    for picture, read in names.items():
        sys.stdout.write(f"{given.to / picture}.png: {', '.join(read) or 'nothing found'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
