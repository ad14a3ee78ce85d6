"""The demo signs its models with a pair of its own, which it makes once."""

from pathlib import Path

from sandbox.demo.pipeline import signing_settings
from sightscan.settings import read_settings
from sightscan.signing import read_key_file, require_trusted


def test_demo_makes_a_pair_once_and_believes_it(tmp_path: Path) -> None:
    made = signing_settings(tmp_path / "state" / "signing-key")
    assert signing_settings(tmp_path / "state" / "signing-key") == made
    config = read_settings(**{name.lower(): value for name, value in made.items()})
    assert config.model_signing_key_file is not None
    assert config.model_signing_key_file.stat().st_mode & 0o777 == 0o600
    require_trusted(read_key_file(config.model_signing_key_file), config.public_keys)
