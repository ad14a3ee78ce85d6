"""onnxruntime-web is fetched once, whole, and only as the pinned archive."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from detector_app.web import fetch_runtime, npm_archive, runtime
from detector_app.web.fetch_runtime import RuntimeNotFetchedError, ensure_runtime
from detector_app.web.npm_archive import read_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {"a.mjs": b"export default 1;" * 100, "a.wasm": b"\0asm" + bytes(5000)}


def archive_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Registry:
    """A registry that gives one archive, or only the beginning of it; it notes what is asked."""

    def __init__(self, content: bytes) -> None:
        self.content, self.sent, self.asked = content, len(content), list[str]()


@contextmanager
def serving(registry: Registry) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(registry.content)))
            self.end_headers()
            self.wfile.write(registry.content[: registry.sent])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/npm/"
        server.shutdown()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return a registry whose archive is the pinned one."""
    content = archive_of({**FILES, "not-needed.map": b"x" * 1000})
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    hashes = {name: hashlib.sha256(file).hexdigest() for name, file in FILES.items()}
    for module in (runtime, fetch_runtime):
        monkeypatch.setattr(module, "RUNTIME_FILES", hashes)
    monkeypatch.setattr(fetch_runtime, "RUNTIME_INTEGRITY", f"sha512-{digest}")
    monkeypatch.setattr(npm_archive, "WAIT_BETWEEN_ATTEMPTS_SECONDS", 0)
    return Registry(content)


def test_only_what_is_needed_is_kept_with_its_licence(registry: Registry, tmp_path: Path) -> None:
    with serving(registry) as address:
        assert ensure_runtime(tmp_path, address)
    assert registry.asked == ["/npm/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz"]
    (folder,) = tmp_path.iterdir()
    assert folder.name == "1.30.0"
    assert {path.name for path in folder.iterdir()} == {
        *(name + suffix for name in FILES for suffix in ("", ".br", ".gz")),
        "LICENSE",
        "ThirdPartyNotices.txt",
    }
    assert "MIT License" in (folder / "LICENSE").read_text()
    assert (folder / "a.wasm").read_bytes() == FILES["a.wasm"]


def test_second_run_asks_nobody(registry: Registry, tmp_path: Path) -> None:
    with serving(registry) as address:
        ensure_runtime(tmp_path, address)
    # Nobody listens there any more.
    assert not ensure_runtime(tmp_path, address)


def test_changed_file_is_fetched_anew(registry: Registry, tmp_path: Path) -> None:
    with serving(registry) as address:
        ensure_runtime(tmp_path, address)
        (tmp_path / "1.30.0" / "a.wasm").write_bytes(b"\1" + FILES["a.wasm"][1:])
        assert ensure_runtime(tmp_path, address)
    assert (tmp_path / "1.30.0" / "a.wasm").read_bytes() == FILES["a.wasm"]


def test_other_archive_is_refused_and_nothing_is_left(registry: Registry, tmp_path: Path) -> None:
    registry.content = archive_of({**FILES, "a.wasm": b"another"})
    registry.sent = len(registry.content)
    with serving(registry) as address, pytest.raises(RuntimeNotFetchedError, match="was changed"):
        ensure_runtime(tmp_path, address)
    assert list(tmp_path.iterdir()) == []


def test_cut_download_is_tried_again_and_then_said(registry: Registry, tmp_path: Path) -> None:
    registry.sent = 100
    with (
        serving(registry) as address,
        pytest.raises(RuntimeNotFetchedError, match="NPM_CONFIG_REGISTRY"),
    ):
        ensure_runtime(tmp_path, address)
    assert len(registry.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_leave_one_whole_folder(registry: Registry, tmp_path: Path) -> None:
    with serving(registry) as address, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure_runtime(tmp_path, address), range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["1.30.0"]
    assert runtime.find_faults(tmp_path / "1.30.0") == []


def test_registry_is_npms_own_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = tmp_path / "npmrc"
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(settings))
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        monkeypatch.delenv(name, raising=False)
    assert read_registry() == "https://registry.npmjs.org"
    settings.write_text(
        "fund=false\nregistry = https://npm.example/all/\n@own:registry=https://x\n"
    )
    assert read_registry() == "https://npm.example/all/"
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://other.example")
    assert read_registry() == "https://other.example"


def test_registry_that_is_no_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeNotFetchedError, match="'file:///etc', expected an address"):
        ensure_runtime(tmp_path, "file:///etc")
