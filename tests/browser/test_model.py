"""model.js: metadata are read, and bytes that are not what was published are refused with a sentence."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.model_files import DECODING, metadata

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

# Each answers with what it read, or with the key of the sentence that refuses.
RUN = """async ({ bytes, file, keys, what }) => {
  const model = await import("/browser/model.js");
  const content = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
  try {
    if (what === "read") return model.readContract(content);
    await model.verifyModel(content, file, keys);
    return "verified";
  } catch (error) {
    return error.key ?? String(error);
  }
}"""
KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([each] * 32)) for each in (1, 2))


def public_of(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read(page: Page, content: bytes) -> Any:
    given = {"bytes": base64.b64encode(content).decode(), "what": "read"}
    return page.evaluate(RUN, given)


def verify(
    page: Page, content: bytes, published: bytes, keys: list[str], signature: bytes | None
) -> Any:
    file = {
        "sha256": hashlib.sha256(published).hexdigest(),
        "signature": base64.b64encode(signature).decode() if signature else None,
    }
    given = {"bytes": base64.b64encode(content).decode(), "file": file, "keys": keys}
    return page.evaluate(RUN, given | {"what": "verify"})


def test_older_model_is_read_as_older(blank: Page, onnx: bytes) -> None:
    contract = read(blank, onnx)
    assert contract["classNames"][1] == "Green Gate"
    assert (contract["imageSize"], contract["stride"]) == (160, 32)
    assert contract["decoding"]["thresholds"] == [0.25] * 5
    assert contract["hasThresholds"] is False


def test_model_says_how_it_is_read(blank: Page, onnx: bytes) -> None:
    contract = read(blank, onnx + metadata("decoding", json.dumps(DECODING)))
    assert contract["decoding"]["thresholds"] == [0.3, 0.4, 0.5, 0.6, 1]
    assert contract["hasThresholds"] is True


@pytest.mark.parametrize(
    "decoding",
    [
        "null",
        "[]",
        "{",
        json.dumps(DECODING | {"version": 2}),
        json.dumps(DECODING | {"overlap": 1.5}),
        json.dumps(DECODING | {"thresholds": [0.5]}),
        json.dumps(DECODING | {"calibration": [[0.5, 0], [0.5, 1]]}),
        json.dumps(DECODING | {"calibration": [[0, 0.5], [1, 0.4]]}),
    ],
)
def test_decoding_that_is_none_is_refused(blank: Page, onnx: bytes, decoding: str) -> None:
    assert read(blank, onnx + metadata("decoding", decoding)) == "model.malformed"


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"\xff" * 40, b"\x72\xff\xff\xff\xff\x0f"]
)
def test_what_is_no_model_is_refused(blank: Page, content: bytes) -> None:
    assert read(blank, content) == "model.malformed"


def test_bytes_of_another_hash_are_refused(blank: Page, onnx: bytes) -> None:
    assert verify(blank, onnx, onnx, [], None) == "verified"
    changed = onnx[:-1] + bytes([onnx[-1] ^ 1])
    assert verify(blank, changed, onnx, [], None) == "model.wrong_hash"


def test_signature_of_any_of_the_keys_is_needed_where_there_are_keys(
    blank: Page, onnx: bytes
) -> None:
    keys = [public_of(OTHER_KEY), public_of(KEY)]
    signature = KEY.sign(onnx)
    assert verify(blank, onnx, onnx, keys, signature) == "verified"
    assert verify(blank, onnx, onnx, keys[:1], signature) == "model.wrong_signature"
    wrong = bytes([signature[0] ^ 1]) + signature[1:]
    assert verify(blank, onnx, onnx, keys, wrong) == "model.wrong_signature"
    assert verify(blank, onnx, onnx, keys, None) == "model.unsigned"
    assert verify(blank, onnx, onnx, ["no key"], signature) == "model.cannot_verify"
