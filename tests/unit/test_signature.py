"""Which bytes a signature vouches for, and what is no key."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.errors import SettingsError
from sightscan.settings import read_settings
from sightscan.signature import (
    SignatureRefusedError,
    check_signature,
    read_public_keys,
    write_key,
)
from sightscan.signing import SigningKey, read_key_file, require_trusted

# The first test of RFC 8032, section 7.1: an empty message.
PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE_OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
KEY, OTHER = SigningKey(PRIVATE), SigningKey(bytes(range(32)))
MODEL = bytes(range(256)) * 4


def flip(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_signature_is_the_one_of_the_standard() -> None:
    assert KEY.sign(b"") == (SIGNATURE_OF_NOTHING, PUBLIC)
    assert check_signature(b"", SIGNATURE_OF_NOTHING, [PUBLIC]) == PUBLIC


@given(bit=st.integers(0, 8 * len(MODEL) - 1))
def test_one_bit_of_the_file_changed_is_refused(bit: int) -> None:
    with pytest.raises(SignatureRefusedError, match="not one of these bytes"):
        check_signature(flip(MODEL, bit), KEY.sign(MODEL).value, [KEY.public_key])


@given(bit=st.integers(0, 511))
def test_one_bit_of_the_signature_changed_is_refused(bit: int) -> None:
    with pytest.raises(SignatureRefusedError, match="not one of these bytes"):
        check_signature(MODEL, flip(KEY.sign(MODEL).value, bit), [KEY.public_key])


@given(bit=st.integers(0, 255))
def test_one_bit_of_the_key_changed_is_refused(bit: int) -> None:
    with pytest.raises(SignatureRefusedError, match="not one of these bytes"):
        check_signature(MODEL, KEY.sign(MODEL).value, [flip(KEY.public_key, bit)])


@pytest.mark.parametrize("signature", [b"", b"\0" * 63, b"\0" * 64, b"\0" * 65])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(SignatureRefusedError, match="not one of these bytes"):
        check_signature(MODEL, signature, [KEY.public_key])


def test_signature_of_another_model_is_refused() -> None:
    with pytest.raises(SignatureRefusedError, match="not one of these bytes"):
        check_signature(MODEL, KEY.sign(b"another model").value, [KEY.public_key])


def test_unsigned_is_refused_only_where_a_key_is_trusted() -> None:
    assert check_signature(MODEL, None, ()) is None
    with pytest.raises(SignatureRefusedError, match="not signed, and MODEL_PUBLIC_KEYS"):
        check_signature(MODEL, None, [KEY.public_key])


def test_while_keys_rotate_both_are_believed() -> None:
    both = read_public_keys(f"{write_key(OTHER.public_key)}, {write_key(KEY.public_key)},")
    for key in (KEY, OTHER):
        assert check_signature(MODEL, key.sign(MODEL).value, both) == key.public_key
    with pytest.raises(SignatureRefusedError, match="another key signed it"):
        check_signature(MODEL, KEY.sign(MODEL).value, [OTHER.public_key])


@pytest.mark.parametrize(
    "text",
    [
        "no key",
        base64.b64encode(PUBLIC[:31]).decode(),
        f"{write_key(PUBLIC)},ssh-ed25519 AAAA",
        "é",
    ],
)
def test_public_key_that_is_none_names_its_setting(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PUBLIC_KEYS", text)
    with pytest.raises(SettingsError, match=r"MODEL_PUBLIC_KEYS=.*expected base64 of 32 bytes"):
        read_settings()


def test_public_keys_are_read_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().public_keys == ()
    monkeypatch.setenv("MODEL_PUBLIC_KEYS", f"{write_key(PUBLIC)},{write_key(PUBLIC)}")
    assert read_settings().public_keys == (PUBLIC,)


def test_private_key_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = SigningKey.make()
    file.write_text(made.text + "\n")
    assert read_key_file(file).public_key == made.public_key != SigningKey.make().public_key


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        (b"\xff\xfe", "it is no text"),
        (b"-----BEGIN PRIVATE KEY-----", "expected base64 of 32 bytes"),
    ],
)
def test_private_key_that_is_none_names_its_setting_and_is_not_told(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"MODEL_SIGNING_KEY_FILE=.*{problem}") as told:
        read_key_file(file)
    assert "BEGIN" not in str(told.value)


def test_key_that_nobody_would_believe_is_told_before_it_signs() -> None:
    require_trusted(None, ())
    require_trusted(KEY, ())
    require_trusted(KEY, (OTHER.public_key, KEY.public_key))
    with pytest.raises(SettingsError, match="no key to sign them with"):
        require_trusted(None, (KEY.public_key,))
    with pytest.raises(SettingsError, match=r"MODEL_PUBLIC_KEYS does not.*name"):
        require_trusted(KEY, (OTHER.public_key,))
