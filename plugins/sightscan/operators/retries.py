"""Which failures are tried again: all but those that another try would only repeat."""

import psycopg
from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException, ParamValidationError

from sightscan.errors import (
    AmbiguousCity,
    DatasetError,
    HostDiskFull,
    LastingInstanceError,
    LastingPublicationError,
    LastingServiceError,
    LastingTrainingError,
    SettingsError,
    UnknownCity,
)

# Each stays as it is until a person changes a setting, a row, a right, or the code.
LASTING_ERRORS = (
    SettingsError,
    UnknownCity,
    AmbiguousCity,
    DatasetError,
    HostDiskFull,
    LastingInstanceError,
    LastingPublicationError,
    LastingServiceError,
    LastingTrainingError,
    # A statement that the warehouse does not understand, or that this login may not run.
    psycopg.ProgrammingError,
    # A connection that Airflow does not have; a value of the run's conf that its form refuses.
    AirflowNotFoundException,
    ParamValidationError,
)

RETRY_POLICY = ExceptionRetryPolicy(
    [
        RetryRule(
            exception=list(LASTING_ERRORS),
            action=RetryAction.FAIL,
            reason="another try would find the same: mend what the error names, then clear the task",
        )
    ]
)
