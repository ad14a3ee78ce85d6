"""What holds for all modules: each is imported, and each sentence has a home in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.site import BROWSER

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

# These begin to work as soon as they are imported: a page, a worker, a service worker.
BEGINNERS = {"camera.js", "worker.js", "sw.js"}
MODULES = sorted(
    str(path.relative_to(BROWSER)) for path in BROWSER.rglob("*.js") if path.name not in BEGINNERS
)
LANGUAGES = ("en", "de")
PLACE = re.compile(r"\{\w+\}")


@pytest.fixture
def texts(blank: Page) -> dict[str, dict[str, str]]:
    """Return the sentences by language."""
    return {
        language: blank.evaluate(f"import('/browser/texts/{language}.js').then((m) => m.default)")
        for language in LANGUAGES
    }


@pytest.mark.parametrize("module", MODULES)
def test_module_parses_and_is_imported(blank: Page, module: str) -> None:
    names = blank.evaluate(f"import('/browser/{module}').then((m) => Object.keys(m))")
    assert names != []


def test_languages_have_the_same_sentences_and_places(texts: dict[str, dict[str, str]]) -> None:
    english, german = texts["en"], texts["de"]
    assert list(english) == list(german)
    for key, sentence in english.items():
        assert sorted(PLACE.findall(sentence)) == sorted(PLACE.findall(german[key])), key


def test_every_sentence_that_is_asked_for_exists_and_every_one_is_asked_for(
    texts: dict[str, dict[str, str]],
) -> None:
    sources = "".join(
        path.read_text() for path in BROWSER.iterdir() if path.suffix in {".js", ".html"}
    )
    asked = set(re.findall(r"""["'`]([a-z_]+(?:\.[a-z_]+)+)["'`]""", sources))
    keys = set(texts["en"])
    groups = {key.split(".")[0] for key in keys if "." in key}
    files = {"ort.wasm.min.mjs", "location.href"}
    assert {key for key in asked - files if key.split(".")[0] in groups} <= keys
    # Those whose last part is put together: a word of names.js, a step of ladder.js, a stage, what
    # the server gives as its reason, a form of a number.
    composed = {"name.", "step.on.", "stage.", "server.", "ordinal."}
    plain = set(re.findall(r"""["'`](\w+)["'`]""", sources))
    unasked = {
        key
        for key in keys - asked
        if not any(key.startswith(prefix) for prefix in composed) and key not in plain
    }
    assert unasked == set()


def test_every_reason_of_the_server_has_a_sentence(texts: dict[str, dict[str, str]]) -> None:
    web = BROWSER.parent / "web"
    routes = "".join(
        (web / name).read_text("utf-8")
        for name in ("routes.py", "card_routes.py", "photo_bodies.py", "report_route.py")
    )
    named = set(re.findall(r'reason(?:: str )?= ?"(\w+)"', routes)) | set(
        re.findall(r'4\d\d: "(\w+)"', routes)
    )
    assert named == {key.partition(".")[2] for key in texts["en"] if key.startswith("server.")}
    fetching = (BROWSER / "fetching.js").read_text(encoding="utf-8")
    (listed,) = re.findall(r"REASONS = new Set\(\[(.*?)\]\)", fetching)
    assert named == set(re.findall(r'"(\w+)"', listed))


def test_runtime_is_the_one_that_the_server_has() -> None:
    server = (BROWSER.parent / "web" / "runtime.py").read_text(encoding="utf-8")
    module = (BROWSER / "runtime.js").read_text(encoding="utf-8")
    version = re.compile(r'RUNTIME_VERSION\b.*?= "([^"]+)"')
    assert version.findall(module) == version.findall(server) != []
    hashed = re.compile(r'"([\w.-]+\.(?:mjs|wasm))": "([0-9a-f]{64})"')
    assert dict(hashed.findall(module)) == dict(hashed.findall(server)) != {}
    used = re.findall(r'(?:library|loader|binary): "([^"]+)"', module)
    assert sorted(used) == sorted(name for name, _ in hashed.findall(server))


def test_service_worker_keeps_the_runtime_that_the_page_needs(blank: Page) -> None:
    worker = (BROWSER / "sw.js").read_text(encoding="utf-8")
    files = blank.evaluate("import('/browser/runtime.js').then((m) => m.runtimeFiles('threads'))")
    assert re.findall(r'"(/runtime/[^"]+\.\w+)"', worker) == [file["address"] for file in files]


def test_no_sentence_stands_anywhere_else() -> None:
    html = re.sub(
        r"<noscript>.*?</noscript>", "", (BROWSER / "camera.html").read_text(), flags=re.DOTALL
    )
    shown = [text.strip() for text in re.findall(r">([^<]+)<", html) if text.strip()]
    assert set(shown) == {"SightScan"}
    for path in BROWSER.glob("*.js"):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
        literals = re.findall(r'"([^"\n]*)"', code)
        # A sentence has two words with a space between them, the first with a capital letter.
        sentences = [text for text in literals if re.match(r"[A-ZÄÖÜ][a-zäöü]+ [\wäöü]", text)]
        assert sentences == [], path.name


def test_service_worker_keeps_every_file_that_the_page_needs() -> None:
    worker = (BROWSER / "sw.js").read_text()
    kept = set(re.findall(r'"/browser/([^"]+)"', worker))
    # The page is kept as /camera; components belong to Streamlit's pages, which need a network.
    parts = {"component.js", "photo_answer.js", "mounting.js"}
    others = {
        "sw.js",
        "camera.html",
        "in_streamlit.css",
        "live_film.css",
        "photo_answer.css",
    } | parts
    files = {str(path.relative_to(BROWSER)) for path in BROWSER.rglob("*") if path.is_file()}
    assert kept == files - others
    assert '"/camera"' in worker


def test_nothing_is_asked_of_anybody_else() -> None:
    for path in BROWSER.rglob("*"):
        if path.suffix in {".js", ".html", ".css", ".webmanifest"}:
            code = re.sub(
                r"/\*.*?\*/|^\s*//.*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE
            )
            addresses = set(re.findall(r"https?://[^\s\"']+", code))
            assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
