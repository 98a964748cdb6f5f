"""A byte order mark in front of a file that an operator's editor saved is skipped."""

from pathlib import Path

from postledger.cli.config_loading import read_file
from postledger.platform.settings_file import read_settings_file

MARK = b"\xef\xbb\xbf"


def test_a_mark_before_a_configuration_and_its_secrets_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_bytes(MARK + b"s3cret-of-acme-16\n")
    configuration = tmp_path / "acme.toml"
    configuration.write_bytes(MARK + b'[[sources]]\nslug = "acme"\nname = "Acme"\nsecrets_file = "secrets"\n')

    (source,) = read_file(configuration, {}).sources.values()

    assert source.secrets == ("s3cret-of-acme-16",)


def test_a_mark_before_settings_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_bytes(MARK + b"POSTLEDGER_WORKERS=3\n")

    assert read_settings_file(file) == {"POSTLEDGER_WORKERS": "3"}
