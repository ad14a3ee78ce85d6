"""The app's server as a process: its routes, what it sends, what it refuses."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import streamlit
from conftest import GREEN, RED, TINY_ONNX, draw_patches
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from urllib3 import encode_multipart_formdata
from websockets.sync.client import connect

from detector_app.web.runtime import RUNTIME_FOLDER, RUNTIME_VERSION
from tests.cities.published_city import CITY_NAME, CITY_SLUG, CLASS_NAMES, keep_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
SHA256 = hashlib.sha256(TINY_ONNX.read_bytes()).hexdigest()
MODEL = f"/models/{SHA256}.onnx"
WASM = f"/runtime/{RUNTIME_VERSION}/ort-wasm-simd-threaded.wasm"


@dataclass(frozen=True)
class Answer:
    """What came: status, headers in small letters, body as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    """A server that runs, and its folder of models."""

    port: int
    models: Path

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(method, path, body, named)
        answer = line.getresponse()
        found = Answer(
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read(),
        )
        line.close()
        return found

    def cities(self) -> dict[str, Any]:
        return json.loads(self.ask("/api/city-list").body)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {
        "PGPORT": "1",
        "MODEL_CACHE_DIR": str(folder),
        "STREAMLIT_SERVER_PORT": str(port),
        **settings,
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "detector_app/server.py"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = Server(port, folder / "models")
        _wait(lambda: process.poll() is None and server.ask("/healthz").status == 200, log)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(is_done: Any, log: Path) -> None:
    for _ in range(400):
        try:
            if is_done():
                return
        except OSError:
            pass
        time.sleep(0.25)
    pytest.fail(f"the server did not come so far; its log: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server without a warehouse, on the city that it kept; its model is on the shelf."""
    folder = tmp_path_factory.mktemp("server")
    keep_model(folder)
    with running(folder) as one:
        _wait(lambda: one.cities()["cities"][0]["model"], folder / "server.log")
        yield one


def photo() -> bytes:
    buffer = io.BytesIO()
    picture = draw_patches((640, 480), {RED: (60, 120, 220, 420), GREEN: (340, 80, 560, 300)})
    picture.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "path",
    ["/", "/about", "/healthz", "/camera", MODEL, WASM, "/api/city-list", "/models/x", "/nowhere"],
)
def test_every_answer_isolates_the_page_and_names_nobody_else(server: Server, path: str) -> None:
    headers = server.ask(path, "HEAD" if path == WASM else "GET").headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "'unsafe-eval'" not in policy
    assert "'unsafe-inline'" not in re.search("script-src[^;]*", policy)[0]  # type: ignore[index]


def test_static_page_has_nothing_inline(server: Server) -> None:
    answer = server.ask("/camera")
    assert answer.headers["content-type"].startswith("text/html")
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert not re.search(rb"<script(?![^>]*\ssrc=)|<style|\son[a-z]+=|\sstyle=", answer.body)


def test_service_worker_may_serve_the_whole_host(server: Server) -> None:
    answer = server.ask("/browser/sw.js")
    assert answer.headers["service-worker-allowed"] == "/"
    assert answer.headers["content-type"].startswith("text/javascript")


def test_page_and_service_worker_name_the_modules_of_one_version_which_never_change(
    server: Server,
) -> None:
    page = server.ask("/camera")
    addresses = re.findall(r'"(/browser/[^"]+)"', page.body.decode())
    (version,) = {address.split("/")[2] for address in addresses}
    assert re.fullmatch("[0-9a-f]{16}", version)
    for address in addresses:
        answer = server.ask(address, Accept_Encoding="br")
        assert (answer.status, "immutable" in answer.headers["cache-control"]) == (200, True)
    worker = server.ask("/browser/sw.js").body.decode()
    assert f'const VERSION = "{version}";' in worker
    assert server.ask(f"/browser/{'0' * 16}/camera.js").status == 404
    again = server.ask("/camera", If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_modules_are_asked_for_again_but_not_sent_again(server: Server) -> None:
    first = server.ask("/browser/decoding.js", Accept_Encoding="br")
    assert first.headers["cache-control"] == "no-cache"
    again = server.ask("/browser/decoding.js", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["cross-origin-embedder-policy"] == "require-corp"


@pytest.mark.parametrize(
    "path",
    [
        "/browser/../app.py",
        "/browser/%2e%2e/app.py",
        "/browser/..%2fapp.py",
        "/browser//etc/passwd",
    ],
)
def test_nothing_outside_the_folder_is_sent(server: Server, path: str) -> None:
    assert server.ask(path).status in {400, 404}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", None)],
)
def test_runtime_is_sent_compressed_and_for_ever(
    server: Server, accepted: str, coding: str | None
) -> None:
    answer = server.ask(WASM, Accept_Encoding=accepted)
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"] == "application/wasm"
    assert "immutable" in answer.headers["cache-control"]
    assert "Accept-Encoding" in answer.headers["vary"]
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert unpack(answer.body) == (RUNTIME_FOLDER / Path(WASM).relative_to("/runtime")).read_bytes()


def test_part_of_the_runtime_is_a_part_of_the_file(server: Server) -> None:
    answer = server.ask(WASM, Range="bytes=1-3", Accept_Encoding="br")
    assert (answer.status, answer.body) == (206, b"asm")
    assert "content-encoding" not in answer.headers


def test_other_version_of_the_runtime_is_not_there(server: Server) -> None:
    assert server.ask("/runtime/1.0.0/ort.wasm.min.mjs").status == 404


def test_streamlits_own_scripts_are_compressed(server: Server) -> None:
    page = server.ask("/").body.decode()
    script = re.search(r'src="\.(/static/js/index[^"]+)"', page)
    assert script is not None
    file = Path(streamlit.__file__).parent / "static" / script[1].lstrip("/")
    plain = server.ask(script[1])
    assert plain.body == file.read_bytes()
    short = server.ask(script[1], Accept_Encoding="gzip, br")
    assert short.headers["content-encoding"] == "br"
    assert "immutable" in short.headers["cache-control"]
    assert brotli.decompress(short.body) == plain.body
    assert len(short.body) < len(plain.body) / 2
    assert server.ask(script[1] + "x", Accept_Encoding="br").status in {200, 404}


def test_model_is_sent_as_it_is_with_range_and_tag(server: Server) -> None:
    content = TINY_ONNX.read_bytes()
    whole = server.ask(MODEL, Accept_Encoding="gzip, br")
    assert whole.body == content
    assert "content-encoding" not in whole.headers
    assert "immutable" in whole.headers["cache-control"]
    assert whole.headers["etag"] == f'"{SHA256}"'
    part = server.ask(MODEL, Range="bytes=100-199")
    assert (part.status, part.body) == (206, content[100:200])
    assert server.ask(MODEL, If_None_Match=f'"{SHA256}"').status == 304
    head = server.ask(MODEL, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fserver.log%00", SHA256.upper()])
def test_what_is_not_published_is_no_model(server: Server, name: str) -> None:
    answer = server.ask(f"/models/{name}.onnx")
    assert answer.status in {400, 404}


def test_model_that_was_changed_on_disk_is_not_sent(tmp_path: Path) -> None:
    keep_model(tmp_path)
    with running(tmp_path) as one:
        _wait(lambda: one.cities()["cities"][0]["model"], tmp_path / "server.log")
        kept = one.models / f"{SHA256}.onnx"
        content = bytearray(kept.read_bytes())
        content[-1] ^= 1
        kept.write_bytes(content)
        answer = one.ask(MODEL)
    assert answer.status == 503
    assert "not on this machine yet and the warehouse is away" in json.loads(answer.body)["error"]


def test_catalogue_has_what_browsers_need(server: Server) -> None:
    answer = server.cities()
    assert answer["public_keys"] == []
    assert "warehouse is away" in answer["away"]
    assert "127.0.0.1" not in answer["away"]
    (city,) = answer["cities"]
    assert (city["slug"], city["name"], city["stage"]) == (CITY_SLUG, CITY_NAME, "published")
    whole = json.loads(server.ask(f"/api/cities/{CITY_SLUG}").body)
    assert whole.pop("public_keys") == []
    assert {**whole, "model": None} == {**city, "model": None}
    model = whole["model"]
    assert city["model"] == {
        "version": model["version"],
        "tag": model["tag"],
        "bytes": TINY_ONNX.stat().st_size,
    }
    assert model["file"] == {
        "sha256": SHA256,
        "bytes": TINY_ONNX.stat().st_size,
        "image_size": 160,
        "signature": None,
    }
    assert [(sight["class"], sight["name"]) for sight in model["sights"]] == list(
        enumerate(CLASS_NAMES)
    )
    assert (model["live"], model["hidden_classes"]) == (None, [])


def test_catalogue_that_is_as_it_was_is_not_sent_again(server: Server) -> None:
    first = server.ask("/api/city-list")
    again = server.ask("/api/city-list", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"
    short = server.ask("/api/city-list", Accept_Encoding="gzip")
    assert json.loads(gzip.decompress(short.body)) == json.loads(first.body)


def test_page_of_an_app_that_listed_cities_whole_is_told_to_load_again(server: Server) -> None:
    answer = server.ask("/api/cities")
    assert answer.status == 410
    assert json.loads(answer.body) == {
        "error": "This page is older than its server. Load it again."
    }


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/cities/atlantis", "no_city"),
        (f"/sights/{CITY_SLUG}/{SHA256}.jpg", "gone"),
        ("/sights/x/y.jpg", "gone"),
    ],
)
def test_what_no_list_and_no_card_names_is_not_sent(server: Server, path: str, reason: str) -> None:
    answer = server.ask(path)
    assert (answer.status, json.loads(answer.body)["reason"]) == (404, reason)


def test_photo_is_looked_at(server: Server) -> None:
    answer = server.ask(f"/api/detect?model={SHA256}", "POST", photo(), Content_Type="image/jpeg")
    assert answer.status == 200
    found = json.loads(answer.body)
    assert (found["width"], found["height"]) == (640, 480)
    assert {one["name"] for one in found["found"]} == {"Torre do Relógio", "Green Gate"}
    first = found["found"][0]
    assert CLASS_NAMES[first["sight"]] == first["name"]
    assert 0 < first["score"] <= 1
    assert first["box"][0] < first["box"][2] <= 640


@pytest.mark.parametrize(
    ("model", "body", "headers", "status", "sentence"),
    [
        (SHA256, b"no photo", {"Content_Type": "image/jpeg"}, 422, "no photo of the kinds"),
        (SHA256, b"", {"Content_Type": "image/jpeg"}, 422, "is empty"),
        ("0" * 64, photo(), {"Content_Type": "image/jpeg"}, 404, "published any more"),
        (SHA256, photo(), {"Content_Type": "text/plain"}, 415, "Content-Type"),
        (SHA256, photo(), {}, 415, "Content-Type"),
        (
            SHA256,
            photo(),
            {"Content_Type": "image/jpeg", "Sec_Fetch_Site": "cross-site"},
            403,
            "own pages only",
        ),
        (
            SHA256,
            b"x",
            {"Content_Type": "image/jpeg", "Content_Length": "99000000"},
            413,
            "20 MB",
        ),
    ],
)
def test_what_is_refused_is_refused_in_a_sentence(  # noqa: PLR0917 - the table's columns
    server: Server, model: str, body: bytes, headers: dict[str, str], status: int, sentence: str
) -> None:
    answer = server.ask(f"/api/detect?model={model}", "POST", body, **headers)
    assert answer.status == status
    assert sentence in json.loads(answer.body)["error"]


def ask_without_pause(server: Server, addresses: Sequence[str]) -> Answer | None:
    """Ask as all these addresses until one is told to wait, and return that answer.

    Many at once: one after the other, on a busy machine, they would be no hurry.
    """
    refused: list[Answer] = []

    def ask(address: str) -> None:
        if not refused:
            answer = server.ask("/api/detect", "POST", b"", X_Forwarded_For=address)
            refused.extend([answer] if answer.status == 429 else [])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, addresses))
    return refused[0] if refused else None


def test_who_asks_without_pause_is_told_to_wait(tmp_path: Path) -> None:
    keep_model(tmp_path)
    with running(tmp_path) as one:
        # By an address that a proxy gives, which is trusted on this machine.
        refused = ask_without_pause(one, ["192.0.2.1"] * 400)
        other = one.ask("/api/detect", "POST", b"", X_Forwarded_For="192.0.2.2")
    assert refused is not None
    assert int(refused.headers["retry-after"]) >= 1
    assert other.status == 415


def test_proxy_that_is_not_trusted_is_not_believed(tmp_path: Path) -> None:
    keep_model(tmp_path)
    with running(tmp_path, FORWARDED_ALLOW_IPS="192.0.2.9") as one:
        addresses = [f"192.0.{number // 200}.{number % 200}" for number in range(400)]
        assert ask_without_pause(one, addresses) is not None


def test_upload_for_no_page_is_refused(server: Server) -> None:
    answer = server.ask("/_stcore/upload_file/nobody/file", "PUT", b"x" * 100)
    assert answer.status == 400
    assert b"not open any more" in answer.body


def test_upload_for_which_there_is_no_room_is_refused_by_the_first_that_comes(
    server: Server,
) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/_stcore/stream") as page:
        page.send(BackMsg(rerun_script=ClientState(query_string="")).SerializeToString())
        session_id = ""
        while not session_id:
            message = ForwardMsg.FromString(page.recv(timeout=60))
            session_id = message.new_session.initialize.session_id
        upload = f"/_stcore/upload_file/{session_id}"
        # As the page's browser shows it, by which Streamlit knows its own page.
        token = server.ask("/_stcore/health").headers.get("set-cookie", "").partition(";")[0]
        own = {"Cookie": token, "X_Xsrftoken": token.partition("=")[2]}
        body, kind = encode_multipart_formdata({"file": ("photo.jpg", b"x" * 19_900_000)})
        own["Content_Type"] = kind
        for number in range(3):
            answer = server.ask(f"{upload}/{number}", "PUT", body, **own)
            assert answer.status == 204, answer.body
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
            head = [f"PUT {upload}/late HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked"]
            head += [f"{name.replace('_', '-')}: {value}" for name, value in own.items()]
            line.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
            for at in range(0, 400_000, 100_000):
                line.sendall(b"186a0\r\n" + body[at : at + 100_000] + b"\r\n")
            # No end of the body comes.
            refusal = line.recv(10_000)
        assert refusal.startswith(b"HTTP/1.1 413 ")
        assert server.ask(f"{upload}/0", "DELETE", **own).status == 204
        assert server.ask(f"{upload}/3", "PUT", body, **own).status == 204


def test_app_that_is_to_live_below_a_path_says_why_it_does_not(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "detector_app/server.py",
            "--server.baseUrlPath=app",
        ],
        cwd=REPOSITORY,
        env={**os.environ, "STREAMLIT_SERVER_PORT": "0", "MODEL_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode != 0
    assert "server.baseUrlPath is 'app', expected none" in done.stdout + done.stderr


def test_keys_that_models_must_be_signed_by_are_told_and_unsigned_models_are_not_offered(
    tmp_path: Path,
) -> None:
    keep_model(tmp_path)
    key = base64.b64encode(bytes(range(32))).decode()
    with running(tmp_path, MODEL_PUBLIC_KEYS=key) as one:
        answer = one.cities()
        refused = one.ask(MODEL)
    assert answer["public_keys"] == [key]
    assert answer["cities"][0]["model"] is None
    assert refused.status == 503
    assert "it is not signed" in json.loads(refused.body)["error"]
