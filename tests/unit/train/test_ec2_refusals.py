"""What EC2 refuses is told in its words with advice, and tried again only where that can help."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sightscan.errors import InstanceError, LastingInstanceError, NoCapacity
from sightscan.operators.ec2 import _told_in_words
from sightscan.train.ec2_refusals import Ec2Refusal


def refusal(code: str, message: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "StartInstances")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            refusal(
                "VcpuLimitExceeded",
                "You have requested more vCPU capacity than your current vCPU limit of 0 allows for"
                " the instance bucket that the specified instance type belongs to.",
            ),
            "vCPU limit of 0 allows .* ask Amazon for a quota",
        ),
        (
            refusal(
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. Encoded authorization failure"
                " message: " + "x" * 1000,
                403,
            ),
            r"not authorized to perform this operation\.\); let the IAM user do ec2:StartInstances",
        ),
        (
            refusal("InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist"),
            "'i-1' does not exist.*correct MTS_EC2_INSTANCE_ID",
        ),
    ],
)
def test_what_only_a_person_can_change_is_not_tried_again(
    error: ClientError, sentence: str
) -> None:
    with pytest.raises(LastingInstanceError, match=sentence), _told_in_words("i-1", "start"):
        raise error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InsufficientInstanceCapacity", "try later, or another zone"),
        ("RequestLimitExceeded", "asked too often"),
        ("InternalError", "An internal error has occurred"),
    ],
)
def test_what_may_pass_is_tried_again(code: str, words: str) -> None:
    error = refusal(code, "An internal error has occurred", 503)
    with pytest.raises(InstanceError, match=words) as told, _told_in_words("i-1", "start"):
        raise error
    assert isinstance(told.value, NoCapacity) == (code == "InsufficientInstanceCapacity")
    assert not isinstance(told.value, LastingInstanceError)


def test_an_ec2_that_does_not_answer_is_asked_again() -> None:
    with pytest.raises(InstanceError, match="was asked to stop i-1"), _told_in_words("i-1", "stop"):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def test_unknown_code_has_no_advice() -> None:
    assert Ec2Refusal("Strange", "x").advice == ""
    assert not Ec2Refusal("Strange", "x").is_lasting
