"""The settings of a run: the environment overrides the file, and nothing important vanishes unnoticed."""

from pathlib import Path

import pytest

from postledger.platform.run_settings import (
    LastRun,
    RunSettings,
    combine,
    describe_changes,
    describe_unknown_settings,
    describe_vanished,
    find_given_before,
)

FILE = Path("/etc/postledger.env")
NEVER = LastRun({}, ())


def test_the_environment_overrides_the_file() -> None:
    now = combine(
        {"POSTLEDGER_WORKERS": "4", "POSTLEDGER_DEMO": "off"}, {"POSTLEDGER_WORKERS": "8", "HOME": "/root"}, NEVER
    )

    assert now == RunSettings({"POSTLEDGER_WORKERS": "8", "POSTLEDGER_DEMO": "off"}, ("POSTLEDGER_WORKERS",))


def test_an_empty_value_in_the_environment_overrides_too() -> None:
    assert combine({"DATABASE_URL": "x"}, {"DATABASE_URL": ""}, NEVER).given == {"DATABASE_URL": ""}


def test_the_same_value_in_both_overrides_nothing() -> None:
    assert combine({"POSTLEDGER_DEMO": "off"}, {"POSTLEDGER_DEMO": "off"}, NEVER).overriding == ()


def test_what_make_up_works_out_is_not_taken_from_a_shell() -> None:
    environment = {"POSTLEDGER_EDGE_URL": "https://x", "POSTLEDGER_VAR": "/x", "POSTLEDGER_SETTINGS_FILE": "/y"}

    assert combine({}, environment, NEVER).given == {}


def test_what_make_up_chose_is_no_setting_of_a_shell_that_sourced_it() -> None:
    last = LastRun({"DATABASE_URL": "own", "POSTLEDGER_WORKERS": "4"}, ["POSTLEDGER_WORKERS"])

    assert combine({}, last.settings, last).given == {"POSTLEDGER_WORKERS": "4"}


@pytest.mark.parametrize(
    "name",
    [
        *("DATABASE_URL", "POSTLEDGER_TLS_CERTIFICATE", "POSTLEDGER_TLS_KEY"),
        *("POSTLEDGER_TLS_RSA_CERTIFICATE", "POSTLEDGER_TLS_RSA_KEY"),
        *("POSTLEDGER_MASTER_KEY", "POSTLEDGER_MASTER_KEY_FILE"),
    ],
)
def test_a_setting_that_must_not_vanish_is_missed(name: str) -> None:
    last = LastRun({name: "canary"}, [name])

    described = describe_vanished(last, RunSettings({}, ()), FILE)

    assert described is not None
    assert described.startswith(f"{name} was set in the last run and is not set now; write it into /etc/postledger.env")
    assert "canary" not in described


@pytest.mark.parametrize(
    ("last", "now"),
    [
        (LastRun({"DATABASE_URL": "x"}, ["DATABASE_URL"]), {"DATABASE_URL": "y"}),
        (LastRun({"DATABASE_URL": "x"}, ["DATABASE_URL"]), {"DATABASE_URL": ""}),
        (LastRun({"DATABASE_URL": "own"}, []), {}),
        (LastRun({"POSTLEDGER_MASTER_KEY": "x"}, ["POSTLEDGER_MASTER_KEY"]), {"POSTLEDGER_MASTER_KEY_FILE": "y"}),
        (LastRun({"POSTLEDGER_WORKERS": "4"}, ["POSTLEDGER_WORKERS"]), {}),
    ],
)
def test_a_setting_that_is_still_given_or_given_up_is_not_missed(last: LastRun, now: dict[str, str]) -> None:
    assert describe_vanished(last, RunSettings(now, ()), FILE) is None


def test_changes_are_described_without_the_value_of_a_secret() -> None:
    before = {"DATABASE_URL": "canary", "POSTLEDGER_WORKERS": "4", "POSTLEDGER_READER_URL": "canary"}
    after = {"DATABASE_URL": "canary 2", "POSTLEDGER_DEMO": "off", "POSTLEDGER_MASTER_KEY": "canary"}

    assert describe_changes(before, after) == [
        "DATABASE_URL: is changed",
        "POSTLEDGER_MASTER_KEY: is set now",
        "POSTLEDGER_READER_URL: is not set any more",
        "POSTLEDGER_WORKERS: 4 → not set",
        "POSTLEDGER_DEMO: not set → off",
    ]


def test_what_an_earlier_release_was_given_is_told_from_what_it_made() -> None:
    settings = {
        "DATABASE_URL": "postgresql://postledger:own-password@127.0.0.1/postledger",
        "POSTLEDGER_READER_URL": "postgresql://reader:theirs@db/ledger",
        "POSTLEDGER_TLS_CERTIFICATE": "/x/var/tls/edge.crt",
        "POSTLEDGER_TLS_RSA_CERTIFICATE": "/etc/rsa.crt",
        "POSTLEDGER_EDGE_URL": "https://localhost",
        "POSTLEDGER_EDGE_PORT": "443",
    }

    assert find_given_before(settings, Path("/x/var"), ["own-password"]) == {
        *("POSTLEDGER_READER_URL", "POSTLEDGER_TLS_RSA_CERTIFICATE", "POSTLEDGER_EDGE_PORT")
    }


@pytest.mark.parametrize("name", ["DATABSE_URL", "DATABASE_ULR", "POSTLEGDER_WORKERS", "ALERTMANAGER_PROT"])
def test_a_misspelt_name_in_the_file_is_described(name: str) -> None:
    described = describe_unknown_settings([name], [])

    assert described is not None
    assert described.startswith(f"{name} is not a setting; did you mean ")


def test_settings_of_other_programs_are_no_fault() -> None:
    assert describe_unknown_settings(["ACME_SECRET", "PGPASSFILE", "LANG"], ["DATABSE_URL", "GRAFANA_PROT"]) is None
