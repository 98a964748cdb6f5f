"""Names that are no setting are found and described."""

import pytest

from postledger.platform.known_settings import describe_unknown
from postledger.platform.settings import BadSetting, check_given


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("POSTLEDGER_WORKER", "POSTLEDGER_WORKERS"),
        ("POSTLEDGER_EGDE_PORT", "POSTLEDGER_EDGE_PORT"),
        ("POSTLEDGER_DATABASE_URL", "DATABASE_URL"),
        ("POSTLEDGER_TLS_CERT", "POSTLEDGER_TLS_CERTIFICATE"),
        ("POSTLEDGER_MASTERKEY", "POSTLEDGER_MASTER_KEY"),
    ],
)
def test_an_unknown_name_is_described_with_the_nearest_one(name: str, nearest: str) -> None:
    assert describe_unknown([name, "POSTLEDGER_WORKERS"]) == f"{name} is not a setting; did you mean {nearest}?"


def test_a_name_that_is_like_none_leads_to_the_list() -> None:
    described = describe_unknown(["POSTLEDGER_X"])

    assert described == "POSTLEDGER_X is not a setting; docs/configuration.md lists all settings"


def test_all_unknown_names_are_described_in_one_line() -> None:
    described = describe_unknown(["POSTLEDGER_WORKER", "POSTLEDGER_DEM", "HOME", "DATABASE_URL"])

    assert described is not None
    assert described.count("is not a setting") == 2
    assert "\n" not in described


def test_known_names_and_names_of_other_programs_are_no_fault() -> None:
    assert describe_unknown(["POSTLEDGER_DEMO", "PATH", "PGPASSWORD", "DATABASE_URL"]) is None


def test_the_settings_of_make_up_are_checked_for_unknown_names() -> None:
    with pytest.raises(BadSetting, match="did you mean POSTLEDGER_WORKERS"):
        check_given({"POSTLEDGER_WORKER": "canary"})
