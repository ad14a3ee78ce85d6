"""The pages by name and path: for Airflow's menu, and for the line on top of each that leads to the others.

Airflow loads plugins in every process: nothing but the standard library is imported here.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

STATIC = Path(__file__).parent / "static"
# Below /sightscan; in the order of the menu.
PAGES = {
    "overview": "SightScan",
    "review": "Review labels",
    "gallery": "Photos",
    "models": "Models",
    "requests": "City requests",
    "reports": "Reports",
}
# In each page's file, where the line belongs.
PLACE = "<!-- navigation -->"


def navigation(current: str) -> ET.Element:
    """Return the line that leads from a page to the others, and back to Airflow."""
    nav = ET.Element("nav", {"class": "pages", "aria-label": "Pages of SightScan"})
    for path, name in PAGES.items():
        here = {"aria-current": "page"} if path == current else {}
        ET.SubElement(nav, "a", {"href": f"../{path}/", **here}).text = name
    ET.SubElement(nav, "a", {"href": "../../", "class": "out"}).text = "Airflow"
    return nav


def page_of(name: str) -> str:
    """Return the file of a page, with that line."""
    text = (STATIC / f"{name}.html").read_text(encoding="utf-8")
    line = ET.tostring(navigation(name), encoding="unicode", method="html")
    return text.replace(PLACE, line)
