"""The commands of docs/month-end.md work as printed on examples/month: at the end the month is explained and locked."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.parts.backend import Backend
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import create_database, drop_database
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

DOCUMENT = read_document("docs/month-end.md")
_BLOCKS = re.findall(r"^```bash\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in _BLOCKS for line in block.splitlines() if line and not line.startswith("#")]
_LIST = "postledger discrepancies list --period 2026-10"
_EACH_LINE = "xargs -L 1 postledger "


@pytest.fixture
def environment(postgres: Postgres, template: str, master_key: str) -> Iterator[dict[str, str]]:
    """A backend and an edge on a new ledger with one source, as after `make up`."""
    url = create_database(postgres, template=template)
    add_source(url, master_key, "demo")
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    with Backend(environment, workers=1) as backend, Edge(backend_socket=backend.socket) as edge:
        yield environment | {"POSTLEDGER_EDGE_URL": edge.https_url, "POSTLEDGER_CA_FILE": str(edge.ca_file)}
    drop_database(postgres, url)


class Reader:
    """Runs the commands of the page as a reader does in a shell, in a checkout."""

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        (cli.directory / "examples").symlink_to(ROOT / "examples")

    def run(self, command: str) -> None:
        """Run one line of the page. One that ends in `# refused` must fail."""
        command, _, remark = command.partition("  #")
        if command.startswith("export "):
            self.cli.environment.update(word.partition("=")[::2] for word in shlex.split(command)[1:])
        elif command.startswith(_EACH_LINE):
            verb, file = command.removeprefix(_EACH_LINE).split(" < ")
            for line in (ROOT / file).read_text("utf-8").splitlines():
                self._send(f"{verb} {line}")
        else:
            ran = self._call(self._fill_in(command.removeprefix("postledger ")))
            assert (ran.code == 0) == ("refused" not in remark), f"{command}: {ran.out}{ran.err}"

    def _fill_in(self, command: str) -> str:
        """Write the ids that a reader finds in the lists."""
        if "STATEMENT" in command:
            listed = self.cli("statement", "list", "--json").facts
            command = command.replace("STATEMENT", next(each["id"] for each in listed if each["format"] == "mt940"))
        return re.sub(r"ID_OF_(\S+)", self._find_items, command)

    def _find_items(self, match: re.Match[str]) -> str:
        """Find the ids of the work items about a transaction or a receivable."""
        listed = self.cli("discrepancies", "list", "--period", "2026-10", "--json").facts
        subjects = [(item["id"], {item["transaction_id"], item["receivable"]}) for item in listed]
        found = [str(item_id) for item_id, names in subjects if match[1] in names]
        assert found, match[0]
        return " ".join(found)

    def _send(self, command: str) -> None:
        """Send it until edge and backend know the source, which takes them a second after `apply`."""
        wait_until(lambda: self._call(command).code == 0, what=command)

    def _call(self, command: str) -> Ran:
        arguments = shlex.split(command)
        return self.cli.process(*arguments) if arguments[0] == "worker" else self.cli(*arguments)


def test_scenario_34_month_end(cli: CommandLine) -> None:
    """At the end the month is locked, three items are disputed, and the rest is explained to the cent."""
    reader = Reader(cli)

    for command in COMMANDS:
        reader.run(command)
        if command == _LIST:
            assert count_lines(cli(*_LIST.split()[1:]).out) == read_table()

    shown = cli("period", "report", "2026-10", "--json").facts
    report = shown["report"]
    assert report["state"] == "locked"
    assert shown["verdict"].replace("\u00a0", " ") == (
        "Explained to the cent, except 3 work items (17.00 EUR, 80.00 USD) that are disputed."
    )
    assert [item["state"] for item in report["items"]].count("disputed") == 3
    assert {item["state"] for item in report["items"]} == {"disputed", "resolved"}
    for source in report["sources"]:
        (totals,) = source["totals"]
        assert add(source["bridge"], "ledger") == Decimal(totals["ledger"])
        assert add(source["bridge"], "report") == Decimal(totals["report"])
    (main,) = report["accounts"]
    assert main["proof"] == "proven"
    assert [entry for entry in main["entries"] if add(entry["parts"], "amount") != Decimal(entry["amount"])] == []
    assert add([main], "opening") + add(main["entries"], "amount") == Decimal(main["closing"])
    assert "Explained to the cent" in (cli.directory / "october.html").read_text("utf-8")


def read_table() -> Counter[tuple[str, ...]]:
    """The work items of the page's table: what it is about, class, stake and currency."""
    section = read_section(DOCUMENT, "Compare the reports with the ledger")
    return Counter(
        (*list_code(about)[:1], *list_code(kind), *stake.split()) for about, kind, stake, _ in list_rows(section)
    )


def count_lines(table: str) -> Counter[tuple[str, ...]]:
    """The work items of the command's table, in the same way."""
    head, *lines = table.splitlines()
    starts = [head.index(title) for title in ("subject", "class", "stake", "currency")]
    return Counter(tuple(line[start:].split()[0] for start in starts) for line in lines)


def add(rows: list[dict[str, Any]], name: str) -> Decimal:
    """Add amounts up."""
    return sum((Decimal(row[name]) for row in rows), Decimal(0))
