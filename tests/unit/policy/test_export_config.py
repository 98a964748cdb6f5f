"""Reads [[exports]]: every fault is named with what to do."""

import tomllib
from collections.abc import Mapping

import pytest
import tomli_w

from postledger.finance.rules.export_settings import KINDS, ExportSettings
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.diff import Action, Stored, find_changes
from postledger.policy.export_checks import find_export_faults
from postledger.policy.export_config import ExportConfig

KEY, OLD_KEY = (
    "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
)
VARIABLES = {"LOGIN": "postledger", "PASSWORD": "secret-of-the-erp", "KEY": KEY, "OLD_KEY": OLD_KEY}
ADDRESSES = {"erp.example": ["93.184.216.34"], "inside.example": ["10.0.0.5"]}
TRYTON = {
    "kind": "tryton",
    "url": "https://erp.example",
    "database": "erp",
    "payable_account": "2110",
    "login_env": "LOGIN",
    "password_env": "PASSWORD",
}
WEBHOOK = {"kind": "webhook", "url": "https://erp.example/bills", "secrets_env": ["KEY", "OLD_KEY"]}
NOTHING = Stored(Configuration(), Configuration())


def read(*tables: Mapping[str, object]) -> Configuration:
    lookups = {"resolve": lambda host: ADDRESSES.get(host, ()), "secrets_env": lambda name: [VARIABLES[name]]}
    return read_configuration({"exports": [{"slug": "out"} | dict(table) for table in tables]}, lookups)


def read_one(table: Mapping[str, object]) -> ExportConfig:
    return read(table).exports["out"]


def faults_of(table: Mapping[str, object]) -> list[str]:
    with pytest.raises(BadConfiguration) as refused:
        read(table)
    return [str(fault) for fault in refused.value.faults]


def faults_in(*tables: Mapping[str, object], stored: Stored = NOTHING, prune: bool = False) -> list[str]:
    return [str(fault) for fault in find_export_faults(read(*tables), stored, prune=prune)]


def without(table: Mapping[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in table.items() if key not in keys}


def test_an_erp_is_read_with_its_login() -> None:
    assert read_one(TRYTON | {"journal": "EXP", "timeout": "20s"}) == ExportConfig(
        ExportSettings(
            "out",
            "tryton",
            url="https://erp.example",
            database="erp",
            payable_account="2110",
            journal="EXP",
            timeout_s=20,
        ),
        {"login": "postledger", "password": "secret-of-the-erp"},
    )


def test_a_webhook_is_read_with_its_keys_newest_first() -> None:
    assert read_one(WEBHOOK) == ExportConfig(
        ExportSettings("out", "webhook", url="https://erp.example/bills"), {"secret-1": KEY, "secret-2": OLD_KEY}
    )


@pytest.mark.parametrize("kind", ["csv", "json", "beancount"])
def test_a_target_of_files_needs_nothing_and_can_have_a_folder(kind: str) -> None:
    assert read_one({"kind": kind, "path": "/srv/bills"}).settings.path == "/srv/bills"
    assert read_one({"kind": kind}).settings.path is None
    assert not faults_in({"kind": kind})


@pytest.mark.parametrize(
    "table", [TRYTON | {"journal": "EXP"}, WEBHOOK | {"timeout": "5s"}, {"kind": "csv", "path": "/x"}]
)
def test_what_is_exported_is_read_as_the_same(table: Mapping[str, object]) -> None:
    config = read(table)

    again = tomllib.loads(tomli_w.dumps(write_document(config)))["exports"]

    assert [read_one(written).settings for written in again] == [config.exports["out"].settings]


def test_an_export_of_the_configuration_has_no_secret() -> None:
    text = tomli_w.dumps(write_document(read(TRYTON))) + tomli_w.dumps(write_document(read(WEBHOOK)))

    assert not any(secret in text for secret in VARIABLES.values())


def test_the_kinds_are_listed_to_who_wrote_another() -> None:
    (fault,) = faults_of({"kind": "xlsx"})

    assert fault.startswith("exports[out].kind: must be")
    assert all(kind in fault for kind in KINDS)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"kind": "csv", "url": "https://erp.example"}, "exports[out].url: has no effect on an export of the kind csv"),
        (TRYTON | {"path": "/x"}, "exports[out].path: has no effect on an export of the kind tryton"),
        (WEBHOOK | {"login_env": "LOGIN"}, "exports[out].login_env: has no effect on an export of the kind webhook"),
        ({"kind": "csv", "pathh": "/x"}, "exports[out].pathh: is not a known key; did you mean path?"),
        ({"kind": "csv", "path": "a\nb"}, "exports[out].path: must be a folder in quotes"),
        (without(TRYTON, "url"), "exports[out].url: is missing"),
        (without(TRYTON, "database"), "exports[out].database: is missing"),
        (without(TRYTON, "payable_account"), "exports[out].payable_account: is missing"),
        (without(TRYTON, "password_env"), "exports[out].password: is missing; add password_env"),
        (TRYTON | {"login": "x"}, "exports[out].login_env: cannot be combined with login"),
        (WEBHOOK | {"url": "ftp://erp.example"}, "exports[out].url: must begin with http:// or https://"),
        (WEBHOOK | {"url": "https://erp.example/{payout}"}, "exports[out].url: has a macro"),
        (WEBHOOK | {"url": "https://user:pw@erp.example"}, "exports[out].url: has a user or password"),
        (WEBHOOK | {"url": "http://169.254.169.254/"}, "exports[out].url: leads to the metadata service of a cloud"),
        (WEBHOOK | {"url": "http://inside.example/"}, "exports[out].url: leads to a private address: inside.example"),
        (TRYTON | {"url": "http://127.0.0.1:8000"}, "exports[out].url: leads to a loopback address"),
        (WEBHOOK | {"timeout": "26s"}, 'exports[out].timeout: must be at most "25s"'),
    ],
)
def test_a_fault_is_named_with_what_to_do(table: Mapping[str, object], expected: str) -> None:
    assert faults_of(table)[0].startswith(expected)


def test_a_private_address_is_possible_if_it_is_meant() -> None:
    assert read_one(TRYTON | {"url": "http://127.0.0.1:8000", "allow_private": True}).settings.allow_private


def test_a_target_that_needs_a_secret_must_have_one() -> None:
    assert faults_in(without(WEBHOOK, "secrets_env")) == [
        "exports[out].secrets: is missing; add secrets_env, with the name of an environment variable"
    ]
    assert faults_in(without(TRYTON, "login_env", "password_env")) == [
        "exports[out].login: is missing; add login_env and password_env, with the name of an environment variable"
    ]


def test_stored_secrets_are_enough_for_the_same_kind_only() -> None:
    bare = without(TRYTON, "login_env", "password_env")

    assert not faults_in(bare, stored=Stored(read(TRYTON), Configuration()))
    assert faults_in(bare, stored=Stored(read(WEBHOOK), Configuration()))
    assert faults_in(bare, stored=Stored(Configuration(), read(TRYTON)))


def test_a_secret_that_cannot_sign_is_refused_without_quoting_it() -> None:
    (fault,) = faults_in(WEBHOOK | {"secrets_env": ["KEY", "PASSWORD"]})

    assert fault.startswith("exports[out].secrets: secret 2 must be whsec_")
    assert VARIABLES["PASSWORD"] not in fault


def test_two_targets_never_write_the_same_files() -> None:
    first, second = {"slug": "one", "kind": "csv", "path": "/x"}, {"slug": "two", "kind": "csv", "path": "/x/"}

    assert faults_in(first, second) == ["exports[two].path: is the folder of one too, of the same kind; use another"]
    assert faults_in(second, stored=Stored(read(first), Configuration()))
    assert not faults_in(second, stored=Stored(read(first), Configuration()), prune=True)
    assert not faults_in(first, second | {"kind": "json"})


def test_a_change_names_its_keys_and_no_secret() -> None:
    stored = Stored(read(TRYTON), Configuration())

    (change,) = find_changes(read(TRYTON | {"timeout": "5s", "password_env": "LOGIN"}), stored, prune=False)

    assert (change.action, change.kind, change.name) == (Action.CHANGE, "export", "out")
    assert change.keys == ("timeout", "password")


def test_a_file_without_secrets_changes_none() -> None:
    stored = Stored(read(TRYTON), Configuration())

    (change,) = find_changes(read(without(TRYTON, "login_env", "password_env")), stored, prune=False)

    assert change.action is Action.LEAVE
