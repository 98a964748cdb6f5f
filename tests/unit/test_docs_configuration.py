"""docs/configuration.md names every environment variable and every key of the configuration file, and no other."""

import re
from pathlib import Path

import pytest

from loadtests.bench import __main__ as bench
from loadtests.bench import plan
from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.outgoing.rules.url_template import MACROS
from postledger.platform.known_settings import KNOWN, SETTINGS
from postledger.policy.config_file import BadConfiguration, read_configuration
from postledger.vocabulary.statuses import Status
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section

DOCUMENT = read_document("docs/configuration.md")
VARIABLES = read_section(DOCUMENT, "Environment variables")
BENCH = read_section(DOCUMENT, "Of `make bench`")
_VARIABLE = re.compile(
    r"\b(?:POSTLEDGER(?:_[A-Z]+)+|DATABASE_URL|(?:PROMETHEUS|ALERTMANAGER|GRAFANA)_[A-Z_]*[A-Z])\b(?!_)"
)
_DEFAULTS = (
    re.compile(r"\$\{(\w+):-([\w.]+)\}"),  # shell: ${NAME:-default}
    re.compile(r"\bport (POSTLEDGER_\w+) (\d+)"),  # script/edge-config
    re.compile(r'read_count\(environment, "(\w+)", (\d+)\)'),
    re.compile(r'os\.environ\.get\("(\w+)", "([^"]+)"\)'),
)


def _list_code() -> list[Path]:
    package = [
        path
        for path in (ROOT / "backend").rglob("*.py")
        if "egg-info" not in str(path) and path.name != "known_settings.py"
    ]
    scripts = [path for path in (ROOT / "script").iterdir() if path.is_file()]
    return [*package, *scripts, *(ROOT / "examples").glob("*.toml")]


CODE = {path: path.read_text("utf-8") for path in _list_code()}


def _list_documented(text: str) -> list[str]:
    return [name for row in list_rows(text) for name in list_code(row[0])]


def _list_bench_variables() -> set[str]:
    assert plan.__file__ is not None
    assert bench.__file__ is not None
    text = Path(plan.__file__).read_text("utf-8") + Path(bench.__file__).read_text("utf-8")
    names = set(re.findall(r'environ(?:ment)?(?:\.get\(|, )"([A-Z_]+)"', text))
    return {name for name in names if not name.startswith("POSTLEDGER_")}  # those belong to all scripts


_WRONG = {"xxxxxxxxxxxxxxxx": 1}


def _list_keys(table: str) -> set[str]:
    """The keys that a table of the file may have."""
    return _list_keys_of({table: _WRONG if table == "finance" else [_WRONG]})


def _list_keys_of(document: dict[str, object]) -> set[str]:
    """The keys that a table may have, as the reader itself tells whoever writes another."""
    with pytest.raises(BadConfiguration) as caught:
        read_configuration(document, {})
    (told,) = [fault.message for fault in caught.value.faults if fault.key == next(iter(_WRONG))]
    return set(told.partition("use one of ")[2].split(", "))


def test_every_variable_that_the_code_reads_is_documented_and_every_documented_one_is_read() -> None:
    read = {name for text in CODE.values() for name in _VARIABLE.findall(text)}

    documented = set(_list_documented(VARIABLES.replace(BENCH, "")))

    assert documented == read


def test_the_list_of_settings_is_what_code_and_docs_have() -> None:
    assert set(KNOWN) == set(_list_documented(VARIABLES.replace(BENCH, "")))
    assert len(KNOWN) == len(SETTINGS)


def test_every_setting_that_can_hold_a_secret_is_marked_as_one() -> None:
    """A file of a secret is none, nor are the addresses of this machine and of people, and the keys of routes."""
    alike = re.compile(r"_(KEY|SECRET|PASSWORD|TOKEN)$|^(?!.*(PAGERDUTY|RUNBOOKS|CONSOLE)).*_URL$")

    secret = {setting.name for setting in SETTINGS if alike.search(setting.name) and not setting.made}

    assert secret - {"POSTLEDGER_TLS_KEY", "POSTLEDGER_TLS_RSA_KEY", "POSTLEDGER_BROKER_ROUTING_KEY"} <= {
        setting.name for setting in SETTINGS if setting.secret
    }


def test_every_variable_of_the_benchmark_is_documented() -> None:
    assert set(_list_documented(BENCH)) == _list_bench_variables()


def test_no_variable_is_documented_twice() -> None:
    documented = _list_documented(VARIABLES)

    assert len(documented) == len(set(documented))


def test_documented_defaults_are_those_of_the_code() -> None:
    cells = {name: row[1] for row in list_rows(VARIABLES.replace(BENCH, "")) for name in list_code(row[0])}
    given = {pair for text in CODE.values() for form in _DEFAULTS for pair in form.findall(text)}

    wrong = {(name, value) for name, value in given if name in cells and value not in cells[name]}

    assert wrong == set()
    assert ("POSTLEDGER_EDGE_PORT", "8443") in given, "the forms above still find what they look for"


_TABLES = [
    *("sources", "campaigns", "affiliates", "finance", "payees", "expense_rules", "approval_rules", "forwards"),
    *("exports", "report_formats", "bank_accounts"),
]


@pytest.mark.parametrize("table", _TABLES)
def test_the_keys_of_each_table_are_documented(table: str) -> None:
    section = read_section(DOCUMENT, f"`[{table}]`" if table == "finance" else f"`[[{table}]]`")
    section = section.partition("#### Macros")[0]

    assert set(_list_documented(section)) == _list_keys(table)


@pytest.mark.parametrize("channel", ["mail", "webhook"])
def test_the_keys_of_each_channel_are_documented(channel: str) -> None:
    documented = _list_documented(read_section(DOCUMENT, f"`[notify.{channel}]`"))

    assert set(documented) == _list_keys_of({"notify": {channel: _WRONG}})


def test_the_keys_of_csv_files_of_banks_are_documented() -> None:
    section = read_section(DOCUMENT, "`[bank_accounts.csv]`")

    assert set(_list_documented(section)) == _list_keys_of({"bank_accounts": [{"csv": _WRONG}]})


def test_the_keys_of_notify_are_documented() -> None:
    section = read_section(DOCUMENT, "`[notify]`").partition("####")[0]

    assert set(_list_documented(section)) == _list_keys_of({"notify": _WRONG})


def test_the_macros_of_forwards_are_documented() -> None:
    documented = _list_documented(read_section(DOCUMENT, "Macros of forwards"))

    assert documented == [f"{{{name}}}" for name in MACROS if name not in [f"sub{number}" for number in range(2, 10)]]


def test_the_canonical_names_and_statuses_are_documented() -> None:
    section = read_section(DOCUMENT, "`[[sources]]`")
    paragraph = section[section.index("`[sources.params]`") : section.index("```toml")]

    named = set(list_code(paragraph)) - {"[sources.params]", "[sources.statuses]"}

    assert named == {name for name in CANONICAL_NAMES if name[3:] not in map(str, range(2, 10))} | set(Status)
