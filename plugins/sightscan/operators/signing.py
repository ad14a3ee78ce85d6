"""The key that signs models, as tasks find it."""

from airflow.sdk.exceptions import AirflowNotFoundException

from sightscan.operators.connections import MODEL_SIGNING_CONNECTION, find_connection
from sightscan.signing import SigningKey


def find_signing_key() -> SigningKey | None:
    """Return the key of the connection, which is its password; None: models are not signed.

    Raises:
        SettingsError: what is there is no key.

    """
    try:
        connection = find_connection(MODEL_SIGNING_CONNECTION)
    except AirflowNotFoundException:
        return None
    where = f"the password of the connection {MODEL_SIGNING_CONNECTION}"
    return SigningKey.read(connection.password or "", where=where)
