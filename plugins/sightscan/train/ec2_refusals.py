"""What EC2's refusals mean, and what to do: its codes are for programs, and some end in a riddle."""

import re
from dataclasses import dataclass
from typing import Self

from botocore.exceptions import ClientError

# By the beginning of EC2's error codes. Some pass within a run: these are worth another try.
NO_CAPACITY = (
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
)
PASSING = {
    **dict.fromkeys(NO_CAPACITY, "Amazon has none of this kind now: try later, or another zone"),
    "IncorrectInstanceState": "wait until the instance is stopped",
    "RequestLimitExceeded": "Amazon is asked too often by this account: try later",
}
LASTING = {
    "UnauthorizedOperation": "let the IAM user do ec2:StartInstances, ec2:StopInstances, "
    "ec2:CreateTags and ec2:DescribeInstances on the instances (`aws sts "
    "decode-authorization-message` says what lacks)",
    "AuthFailure": "check AWS_ACCESS_KEY_ID and AWS_ACCESS_KEY, and the clock of this machine",
    "InvalidClientTokenId": "check AWS_ACCESS_KEY_ID: Amazon does not know it",
    "SignatureDoesNotMatch": "check AWS_ACCESS_KEY: it is not that of AWS_ACCESS_KEY_ID",
    "RequestExpired": "set the clock of this machine",
    "OptInRequired": "enable the region AWS_REGION, or EC2, in the account",
    "VcpuLimitExceeded": "new accounts may run no GPU: ask Amazon for a quota of 'Running On-Demand "
    "G and VT instances' (or P) in AWS_REGION, as many vCPUs as the instance has",
    "InvalidInstanceID": "correct MTS_EC2_INSTANCE_ID, or AWS_REGION: instances are of one region",
}
# A thousand characters that only Amazon can read.
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ec2Refusal:
    """EC2's code and words, and what to do, as far as it is known."""

    code: str
    words: str

    @classmethod
    def of(cls, error: ClientError) -> Self:
        """Read an error answer."""
        told = error.response.get("Error", {})
        return cls(str(told.get("Code")), _ENCODED.sub("", str(told.get("Message", ""))))

    @property
    def advice(self) -> str:
        """Return what to do; empty for a code that is not known here."""
        known = (PASSING | LASTING).items()
        return next((advice for begin, advice in known if self.code.startswith(begin)), "")

    @property
    def is_lasting(self) -> bool:
        """Tell whether the same request is refused until a person changes something."""
        return self.code.startswith(tuple(LASTING))

    @property
    def lacks_capacity(self) -> bool:
        """Tell whether Amazon has no such instance now: another one may be had."""
        return self.code.startswith(NO_CAPACITY)

    def __str__(self) -> str:
        """Return the code and EC2's words."""
        return f"{self.code}: {self.words}"
