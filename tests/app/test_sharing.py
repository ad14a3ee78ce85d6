"""The code that a person gets for a photo that was shared, and by which it is taken back."""

import hashlib

from detector_app.sharing import hash_code, make_code, read_code


def test_code_is_read_however_it_is_typed_and_noticed_when_misspelt() -> None:
    code = make_code()
    assert read_code(code) == code
    assert read_code(f"  {code.lower().replace('-', ' ')} ") == code
    assert read_code(code.replace("O", "0").replace("I", "1").replace("B", "8")) == code
    other = "A" if code[0] != "A" else "C"
    assert read_code(other + code[1:]) is None
    for nonsense in ("", "-", code[:-1], code + "A", "é" * 28, "ﬀ" * 28):
        assert read_code(nonsense) is None


def test_codes_are_unlike_and_the_warehouse_knows_a_hash() -> None:
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) == 28 for code in codes)
    assert hash_code("AB") == hashlib.sha256(b"AB").digest()
