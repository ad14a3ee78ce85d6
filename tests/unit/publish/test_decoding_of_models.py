"""The cases that every reader of models passes."""

import pytest

from sightscan.publish import decoding
from tests.decoding_cases import CASES_FILE, check_reader, read_cases, write_cases

CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_reader_finds_what_the_case_says(name: str) -> None:
    check_reader(decoding, CASES[name])


def test_file_is_what_the_reference_says() -> None:
    assert CASES_FILE.read_text() == write_cases()
