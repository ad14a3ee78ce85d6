"""Mount a part of Streamlit's pages as Streamlit does: again and again, in one place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tests.browser.site import BROWSER

if TYPE_CHECKING:
    from playwright.sync_api import Page

_MOUNT = """async ([module, html, data]) => {
  const place = document.getElementById("place") ?? document.createElement("div");
  if (!place.id) {
    place.id = "place";
    place.innerHTML = html;
    document.body.append(place);
  }
  const { mount } = await import(`/browser/${module}`);
  globalThis.takeAway = mount(place, data);
}"""


def elements_of(view: str) -> str:
    """Return the HTML of a module of `views/`, which only the app's environment can import."""
    tree = ast.parse((BROWSER.parent / "views" / view).read_text(encoding="utf-8"))
    (html,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_HTML"
    )
    return str(ast.literal_eval(html))


def mount_part(page: Page, module: str, html: str, data: dict[str, Any]) -> None:
    """Mount a module's part; `takeAway` of the page is what takes it away."""
    page.evaluate(_MOUNT, [module, html, data])
