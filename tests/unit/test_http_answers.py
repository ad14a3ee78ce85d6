"""An answer is taken, or put off for as long as it asks, or given up; nothing in it raises."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sightscan.http_answers import (
    Answer,
    NeverError,
    NotNowError,
    UnreadableError,
    judge_status,
    judge_success,
    seconds_to_wait,
    take_any,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
YEAR_SECONDS = 366 * 24 * 3600.0


def answer_of(status: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, httpx.Headers(named), body)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:20 GMT", 20.0),
        ("Sunday, 01-Mar-26 12:00:20 GMT", 20.0),
        ("Sun Mar  1 12:00:20 2026", 20.0),
        ("Sun, 01 Mar 2026 13:00:20 +0100", 20.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", YEAR_SECONDS),
        ("9" * 5_000, YEAR_SECONDS),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("١٢", None),
        ("Tue, 31 Feb 2026 12:00:00 GMT", None),
        ("Sun, 01 Mar 99999999999 12:00:00 GMT", None),
        ("Sun, 01 Mar 2026 99999999999999999999:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:00:00 +9999999999999999", None),
        ("Sun, 01 Mar 2026 12:00:00 +2500", None),
    ],
)
def test_header_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds


@given(
    header=st.one_of(
        st.text(max_size=60),
        st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,12} \d+:\d+:\d+ [+-]?\w{1,12}"),
        st.text("0123456789:,+- GMTJan", max_size=60),
    )
)
@example(header=",")
def test_whatever_the_header_says_is_a_pause_or_none(header: str) -> None:
    seconds = seconds_to_wait(header, NOW)
    assert seconds is None or 0 <= seconds <= YEAR_SECONDS


@pytest.mark.parametrize("status", [200, 204, 301, 304, 404, 410, 451])
def test_answer_is_taken_whatever_it_says(status: int) -> None:
    assert judge_status(answer_of(status)) is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 522])
def test_hurry_and_failure_mean_not_now(status: int) -> None:
    problem = judge_status(answer_of(status, retry_after="7"))
    assert isinstance(problem, NotNowError)
    assert (problem.wait_seconds, problem.is_final) == (7.0, False)
    assert str(problem) == f"status {status}, and asks for a pause of 7 s"


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_of_ourselves_is_final_for_now(status: int) -> None:
    problem = judge_status(answer_of(status))
    assert isinstance(problem, NotNowError)
    assert problem.is_final


def test_judge_of_successes_takes_nothing_else() -> None:
    assert judge_success(answer_of(200)) is None
    assert isinstance(judge_success(answer_of(404)), NeverError)
    assert isinstance(judge_success(answer_of(302)), NeverError)
    assert isinstance(judge_success(answer_of(503)), NotNowError)


def test_whoever_reads_the_status_takes_any_answer() -> None:
    assert take_any(answer_of(503)) is None


def test_words_are_one_line_of_what_can_be_printed_and_end() -> None:
    body = b"  Please set\r\n\ta user\x00-agent\x1b[31m \xff" + b"x" * 1_000
    words = answer_of(403, body).words()
    assert words.startswith("Please set a user-agent[31m �xxx")
    assert len(words) == 200


def test_problem_is_told_with_the_words_of_the_server() -> None:
    problem = judge_status(answer_of(403, b"respect our robot policy"))
    assert problem is not None
    assert problem.sentence("https://a.example/x") == (
        "https://a.example/x does not answer: status 403: 'respect our robot policy'; "
        "see what it says, and whether CONTACT and the keys are set"
    )
    assert NotNowError("ReadTimeout").sentence("X") == (
        "X does not answer: ReadTimeout; check the address and the network, or try later"
    )


def test_json_object_is_read() -> None:
    assert answer_of(200, b'{"a": 1}').json_object() == {"a": 1}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b'{"cut": [1, ', "no JSON"),
        (b"\xff\xfe\xff", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b'{"a":' * 200_000, "no JSON"),
        (b"9" * 5_000, "no JSON"),
        (b"[1, 2]", "a list, expected a JSON object"),
        (b"null", "a NoneType, expected a JSON object"),
    ],
)
def test_anything_else_is_unreadable(body: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=sentence):
        answer_of(200, body).json_object()
