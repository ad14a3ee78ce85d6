"""The cases that every reader of models passes."""

import pytest

from detector_app.models import decoding
from tests.decoding_cases import check_reader, read_cases

CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_reader_finds_what_the_case_says(name: str) -> None:
    check_reader(decoding, CASES[name])
