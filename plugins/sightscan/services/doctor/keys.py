"""Checks of keys: they are there, whole, nobody else's to read, and fit what trusts them."""

import json
import os
import stat
from pathlib import Path

import asyncssh

from sightscan.services.doctor.installation import Installation, InstallationCheck
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.signing import read_key_file, require_trusted
from sightscan.train.addresses import host_address

GOOGLES_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
CREDENTIAL_PARTS = ("client_email", "private_key")


def look_at_signing_key(installation: Installation) -> str:
    """See that models are signed by a key that is believed."""
    config = installation.config
    if config.model_signing_key_file is None:
        if config.public_keys:
            msg = (
                "MODEL_PUBLIC_KEYS is set and MODEL_SIGNING_KEY_FILE is not: the key may be Airflow's "
                "connection sightscan_model_signing, which is not looked at here"
            )
        else:
            msg = "models are not signed: MODEL_SIGNING_KEY_FILE and MODEL_PUBLIC_KEYS are empty"
        raise CheckSkippedError(msg)
    key = read_key_file(config.model_signing_key_file)
    _refuse_open_file(config.model_signing_key_file, "MODEL_SIGNING_KEY_FILE")
    require_trusted(key, config.public_keys)
    return (
        "it signs what is believed"
        if config.public_keys
        else "it signs; signatures are not checked"
    )


def look_at_ssh_key(installation: Installation) -> str:
    """Read the key that opens the GPU hosts."""
    path = installation.config.mts_ssh_key_file
    _require_instances(installation)
    if path is None:
        msg = "MTS_SSH_KEY_FILE is not set: no host can be opened"
        raise CheckFailedError(msg)
    try:
        asyncssh.read_private_key(path)
    except OSError as error:
        msg = f"MTS_SSH_KEY_FILE={path} cannot be read ({error.strerror})"
        raise CheckFailedError(msg) from None
    except asyncssh.KeyEncryptionError:
        msg = f"MTS_SSH_KEY_FILE={path} has a passphrase, which nobody is there to type"
        raise CheckFailedError(msg) from None
    except (asyncssh.KeyImportError, ValueError) as error:
        msg = f"MTS_SSH_KEY_FILE={path} is no private key: {error}"
        raise CheckFailedError(msg) from None
    _refuse_open_file(path, "MTS_SSH_KEY_FILE")
    return "it can be read, by its owner alone"


def look_at_host_keys(installation: Installation) -> str:
    """See that each instance has its host key pinned."""
    instance_ids = _require_instances(installation)
    if installation.config.mts_ssh_key_file is None:
        msg = "mend the check `ssh-key` first"
        raise CheckSkippedError(msg)
    for instance_id in instance_ids:
        address = host_address(installation.config, instance_id, host="")
        try:
            asyncssh.import_public_key(address.host_key)
        except (asyncssh.KeyImportError, ValueError):
            msg = f"the key that MTS_SSH_KNOWN_HOSTS has for {instance_id} is none"
            raise CheckFailedError(msg) from None
    return f"pinned: {', '.join(instance_ids)}"


def look_at_googles_file(installation: Installation) -> str:
    """Read the file of the service account that labels photos."""
    location = installation.environment.get(GOOGLES_FILE)
    if not location:
        msg = f"{GOOGLES_FILE} is empty: Google is asked as the machine itself, if it is Google's"
        raise CheckSkippedError(msg)
    try:
        content = json.loads(Path(location).read_bytes())
    except OSError as error:
        msg = f"{GOOGLES_FILE}={location} cannot be read ({error.strerror})"
        raise CheckFailedError(msg) from None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(content.get(part) for part in CREDENTIAL_PARTS):
        msg = f"{GOOGLES_FILE}={location} is no file of a service account"
        raise CheckFailedError(msg)
    return f"of {content['client_email']}"


def _require_instances(installation: Installation) -> tuple[str, ...]:
    ids = installation.config.listed_instance_ids
    if not ids:
        msg = "MTS_EC2_INSTANCE_ID is empty: no instance is set up yet"
        raise CheckSkippedError(msg)
    return ids


def _refuse_open_file(path: Path, name: str) -> None:
    """Refuse a private key that others may read; a secret of a container is root's and the group's."""
    mode = path.stat().st_mode
    is_ours = path.stat().st_uid == os.getuid()
    if is_ours and mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"{name}={path} may be read by others (mode {stat.S_IMODE(mode):o})"
        raise CheckFailedError(msg, f"chmod 600 {path}")


CHECKS = (
    InstallationCheck(
        name="signing-key",
        service="this machine",
        asks="for the key that signs models",
        why="a model that is not signed by a key that is believed is refused after it was paid for",
        expected="a private key whose public one MODEL_PUBLIC_KEYS names",
        advice="docs/runbooks/signing-key.md",
        ask=look_at_signing_key,
    ),
    InstallationCheck(
        name="ssh-key",
        service="this machine",
        asks="for the key that opens the GPU hosts",
        why="without it a machine is started, waited for, and stopped",
        expected="a private key without a passphrase that only its owner may read",
        advice="set MTS_SSH_KEY_FILE to the key whose public part is in the hosts' authorized_keys",
        ask=look_at_ssh_key,
    ),
    InstallationCheck(
        name="host-keys",
        service="this machine",
        asks="for the pinned key of each GPU host",
        why="a host without one is not spoken to",
        expected="a line for each of MTS_EC2_INSTANCE_ID in MTS_SSH_KNOWN_HOSTS",
        advice="add `<instance id> ssh-ed25519 AAAA...` with the key that the host shows",
        ask=look_at_host_keys,
    ),
    InstallationCheck(
        name="google-key",
        service="this machine",
        asks=f"for the file of {GOOGLES_FILE}",
        why="without it no photo is labelled",
        expected="a service account's file",
        advice="docs/runbooks/vision-quota-or-credentials.md",
        ask=look_at_googles_file,
    ),
)
