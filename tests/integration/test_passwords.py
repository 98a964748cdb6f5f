"""`user password` stores an argon2id hash of a password, and shows or records the password nowhere."""

import pty
import re
import subprocess
import sys
from os import close, fdopen, read, write

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from tests.parts.cli import BACKEND, CommandLine
from tests.parts.databases import fetch
from tests.parts.part import END_WITHIN_S

PASSWORD = "Zebra-crossing ﬁve"  # the ligature is another encoding of "fi"


@pytest.fixture
def mia(cli: CommandLine) -> CommandLine:
    assert cli("user", "add", "mia", "--role", "manager").code == 0
    return cli


def stored(cli: CommandLine) -> str:
    ((hashed,),) = fetch(cli.environment["DATABASE_URL"], "SELECT password FROM users WHERE login = 'mia'")
    return str(hashed)


def test_a_password_is_stored_as_argon2id_of_its_normal_form(mia: CommandLine) -> None:
    changed = mia("user", "password", "mia", stdin=PASSWORD + "\r\nno part of it\n")
    hashed = stored(mia)

    assert changed.out == "user mia has a new password\n"
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", hashed)
    assert PasswordHasher().verify(hashed, "Zebra-crossing five")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(hashed, "Zebra-crossing fivе")


def test_a_change_of_a_password_is_recorded_without_it(mia: CommandLine) -> None:
    mia("user", "password", "mia", "--as", "mia", stdin=PASSWORD)
    (entry,) = mia("audit", "list", "--action", "user.password", "--json").facts

    assert (entry["actor"], entry["subject"], entry["body"]) == ("mia", "mia", {})
    assert "argon2" not in mia("user", "list", "--json").out + mia("audit", "list", "--json").out


def test_the_same_password_twice_has_two_hashes(mia: CommandLine) -> None:
    mia("user", "password", "mia", stdin=PASSWORD)
    first = stored(mia)
    mia("user", "password", "mia", stdin=PASSWORD)

    assert stored(mia) != first


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 129, "ﬁ" * 65])
def test_a_password_of_a_wrong_length_is_refused(mia: CommandLine, password: str) -> None:
    refused = mia("user", "password", "mia", stdin=password)

    assert (refused.code, refused.err) == (1, "postledger: a password must have 12 to 128 characters\n")
    assert stored(mia) == "None"


def test_a_disabled_user_gets_no_password(mia: CommandLine) -> None:
    mia("user", "disable", "mia")

    assert "user mia is disabled" in mia("user", "password", "mia", stdin=PASSWORD).err
    assert "user eve does not exist" in mia("user", "password", "eve", stdin=PASSWORD).err


def type_at_terminal(cli: CommandLine, *lines: str) -> str:
    """Run the command on a terminal of its own, answer each question, and give what the terminal showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "postledger", "user", "password", "mia"]
    environment = {"PYTHONPATH": str(BACKEND), "TERM": "dumb", **cli.environment}
    with (
        fdopen(theirs),
        subprocess.Popen(
            command,
            env=environment,
            cwd=cli.directory,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as program,
    ):
        shown = b""
        for line in lines:
            question = len(shown)
            while b": " not in shown[question:]:
                shown += read(ours, 1024)
            write(ours, line.encode() + b"\n")
        program.wait(END_WITHIN_S)
    shown += read(ours, 4096)
    close(ours)
    return shown.decode()


def test_a_password_is_typed_twice_and_not_shown(mia: CommandLine) -> None:
    shown = type_at_terminal(mia, "correct horse battery", "correct horse battery")

    assert "user mia has a new password" in shown
    assert "horse" not in shown
    assert PasswordHasher().verify(stored(mia), "correct horse battery")
