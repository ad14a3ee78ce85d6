"""What visitors are promised: nobody else is told of anything, and photos go with the page."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import TINY_ONNX
from streamlit.runtime.caching import clear_session_data_cache
from streamlit.testing.v1 import AppTest

from tests.recording_proxy import proxied, recording_proxy

REPOSITORY = Path(__file__).resolve().parents[2]
LOAD_A_MODEL = """
import sys
import tomllib
from pathlib import Path
from detector_app.models.inference import load_detector
load_detector(Path(sys.argv[1]).read_bytes())
"""


def test_loading_a_model_tells_nobody_and_marks_no_device(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}
    with recording_proxy() as (address, asked):
        subprocess.run(
            [sys.executable, "-c", LOAD_A_MODEL, str(TINY_ONNX)],
            cwd=REPOSITORY,
            env={**environment, **proxied(address), "HOME": str(tmp_path)},
            check=True,
            timeout=120,
        )
    assert asked == []
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_streamlit_reports_no_use_and_the_icon_is_a_file_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    shown: list[str] = []
    monkeypatch.setattr(
        "streamlit.set_page_config", lambda **values: shown.append(values["page_icon"])
    )
    AppTest.from_file(str(REPOSITORY / "detector_app" / "app.py"), default_timeout=120).run()
    (icon,) = shown
    assert Path(icon).is_file()
    assert "http" not in Path(icon).read_text().replace("http://www.w3.org/2000/svg", "")
    settings = REPOSITORY / "detector_app" / ".streamlit" / "config.toml"
    assert not tomllib.loads(settings.read_text(encoding="utf-8"))["browser"]["gatherUsageStats"]


PHOTO_PAGE = f"""
from pathlib import Path
import streamlit as st
from PIL import Image
from detector_app.models.inference import load_detector
from detector_app.views import photo_tab

def read(content, file_name):
    st.session_state["reads"] = st.session_state.get("reads", 0) + 1
    return Image.new("RGB", (64, 64))

detector = load_detector(Path({str(TINY_ONNX)!r}).read_bytes())
photo_tab.read_photo = read
for sha256 in {{hashes!r}}:
    looked_by = (sha256, *detector.shown_names)
    photo_tab._look_once(b"a photo", "a.jpg", looked_by, None, "en", detector)
"""


def count_reads(*hashes: str) -> int:
    """Return how often a photo is read on a page whose model has these hashes, one after the other."""
    page = PHOTO_PAGE.format(hashes=hashes)
    visitor = AppTest.from_string(page, default_timeout=120).run()
    assert not visitor.exception
    return int(visitor.session_state["reads"])


def test_another_model_looks_at_the_photo_anew() -> None:
    assert count_reads("a1", "b2", "a1") == 2
    clear_session_data_cache("test session id")


def test_photo_is_unpacked_once_and_forgotten_with_the_page() -> None:
    for _ in range(2):
        assert count_reads("a1", "a1") == 1
        # What Streamlit does when a page is closed; all pages under test have this id.
        clear_session_data_cache("test session id")
