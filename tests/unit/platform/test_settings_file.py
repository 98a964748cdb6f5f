"""Files of settings are read as a shell and systemd read them, and written so that both can."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.platform.settings_file import BadSettingsFile, parse_settings, write_settings


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("export NAME=value", "value"),
        ("  NAME=value  ", "value"),
        ("NAME=", ""),
        ("NAME=''", ""),
        ("NAME='two words'", "two words"),
        ('NAME="two words" # a comment', "two words"),
        ("NAME=#alerts", "#alerts"),
        ("NAME=a=b", "a=b"),
        ("NAME=$HOME/`x`", "$HOME/`x`"),
        ("NAME='it'\\''s'", "it's"),
        ("NAME=value # don't", "value"),
        ("NAME=value\r", "value"),
        ("NAME='two\nlines'", "two\nlines"),
    ],
)
def test_a_line_is_read(line: str, value: str) -> None:
    assert parse_settings(f"# first\n\n{line}\nOTHER=1\n") == {"NAME": value, "OTHER": "1"}


@pytest.mark.parametrize("line", ["canary", "NAME = canary", "NAME=two canary", "NAME='canary", "1NAME=canary"])
def test_a_line_that_is_no_setting_is_named_by_its_number(line: str) -> None:
    with pytest.raises(BadSettingsFile, match=r"^line 3 is not NAME=value") as caught:
        parse_settings(f"# first\nOTHER=1\n{line}\n")

    assert "canary" not in str(caught.value)


def test_the_last_line_of_a_name_counts() -> None:
    assert parse_settings("NAME=1\nNAME=2\n") == {"NAME": "2"}


@given(st.text(st.characters(exclude_characters="\0\r", codec="utf-8")))
def test_what_is_written_is_read_again(value: str) -> None:
    assert parse_settings(write_settings({"NAME": value})) == {"NAME": value}


def test_a_shell_reads_what_is_written() -> None:
    value = 'it\'s $HOME\n"x" \\ #'

    shell = subprocess.run(
        ["bash", "-c", write_settings({"NAME": value}) + 'printf %s "$NAME"'],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shell.stdout == value
