r"""Take pictures of a running app, to be looked at or put into the documentation.

    .venv/airflow/bin/python -m tests.end_to_end.screenshot_app http://127.0.0.1:8501 \\
        --city Lisbon --photo photo.jpg --to var/screenshots

Prints the names that the app read.
"""

import argparse
import sys
from pathlib import Path

from tests.end_to_end.browser import choose_city, detect_photo, open_app

# Name, width and height of each picture.
SIZES = (("photo", 1280, 1080), ("phone", 390, 844), ("small-phone", 360, 800))


def take_screenshots(
    url: str, city: str | None, photo: Path, folder: Path, *, dark: bool
) -> dict[str, list[str]]:
    """Write a picture of each size into the folder; return the names by picture."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for name, width, height in SIZES:
        with open_app(url, width=width, height=height, dark=dark) as page:
            if city:
                choose_city(page, city)
            names[name] = detect_photo(page, photo)
            page.screenshot(path=folder / f"{name}.png")
    return names


def main() -> int:
    """Read the command line, take the pictures, print what was read."""
    parser = argparse.ArgumentParser(description="Take pictures of a running app.")
    parser.add_argument("url", help="where the app is, such as http://127.0.0.1:8501")
    parser.add_argument("--city", help="the city to choose; needed if there are several")
    parser.add_argument("--photo", type=Path, required=True, help="a photo of one of its sights")
    parser.add_argument("--to", type=Path, default=Path("var/screenshots"), help="the folder")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    given = parser.parse_args()
    names = take_screenshots(given.url, given.city, given.photo, given.to, dark=given.dark)
    for picture, read in names.items():
        sys.stdout.write(f"{given.to / picture}.png: {', '.join(read) or 'nothing found'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
