"""Bar of the readers of bank files: how many lines they read in a second, and in how much memory.

Started as a program it reads one file, because only the memory of a process of its own can be measured.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from loadtests.bench.month import MonthGround
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed
from postledger.reconciliation.readers.bank_files import RECOGNISED_BY, read_bank_file, recognise_bank_file
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.statement_lines import BankLine

LINES = 50_000
LEAST_A_SECOND = 5_000
MOST_MEMORY = 100 * MIB
"""Of the whole process. It is the same for a file of ten times the size."""
ROOT = Path(__file__).parents[2]
CSV = BankFormat({"date": "Date", "amount": "Amount", "balance": "Balance", "text": "Text"}, currency="EUR")


def run_the_readers(ground: MonthGround) -> list[Target]:
    """Read the files of banks: 50,000 lines each of CAMT.053, MT940, OFX and CSV."""
    return [target for kind in _WRITERS for target in _measure(ground.home, kind)]


def _measure(home: Path, kind: str) -> list[Target]:
    file = home / f"bank.{kind}"
    with file.open("w") as written:
        written.writelines(_WRITERS[kind]())
    command = [sys.executable, "-m", "loadtests.bench.readers", str(file)]
    ran = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300).stdout)
    file.unlink()
    if ran["lines"] != LINES:
        raise RoundFailed(f"{ran['lines']} of {LINES} lines were read of {kind}")
    return [
        Target(f"lines of {kind} a second", ran["lines"] / ran["took_s"], LEAST_A_SECOND),
        Target(f"the most memory, {kind}, MiB", ran["peak_bytes"] / MIB, MOST_MEMORY / MIB, at_least=False),
    ]


def _read(path: Path) -> dict[str, float]:
    begun = time.perf_counter()
    with path.open("rb") as content:
        kind = recognise_bank_file(content.read(RECOGNISED_BY), CSV)
        assert kind is not None
        found = (line for statement in read_bank_file(content, kind, CSV) for line in statement.lines)
        lines = sum(isinstance(line, BankLine) for line in found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"lines": lines, "took_s": time.perf_counter() - begun, "peak_bytes": peak}


def _write_camt() -> Iterator[str]:
    head = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>"""
    return chain([head], map(_write_entry, range(LINES)), ["</Stmt></BkToCstmrStmt></Document>"])


def _write_entry(number: int) -> str:
    return f"""<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-10-05</Dt></BookgDt><ValDt><Dt>2026-10-05</Dt></ValDt><AcctSvcrRef>R{number}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls>
<Refs><EndToEndId>E{number}</EndToEndId></Refs><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr>
<Pty><Nm>Network</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>Invoice {number}</Ustrd></RmtInf></TxDtls></NtryDtls><AddtlNtryInf>Transfer</AddtlNtryInf></Ntry>"""


def _write_mt940() -> Iterator[str]:
    head = ":20:X\n:25:DE02120300000000202051\n:28C:1\n:60F:C261001EUR0,00\n"
    entry = (
        ":61:2610051005CR12,50N051NONREF//R{0}\n:86:166?00GUTSCHRIFT?20EREF+E{0}?21SVWZ+Rechnung {0}"
        "?30DEUTDEFF?31DE89370400440532013000?32Netzwerk?33 GmbH\n"
    )
    return chain([head], map(entry.format, range(LINES)), [":62F:C261031EUR625000,00\n-\n"])


def _write_ofx() -> Iterator[str]:
    head = "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n"
    entry = (
        "<STMTTRN>\n<TRNTYPE>CREDIT\n<DTPOSTED>20261005\n<TRNAMT>12.50\n<FITID>R{0}\n<NAME>Network\n"
        "<MEMO>Invoice {0}\n</STMTTRN>\n"
    )
    return chain([head], map(entry.format, range(LINES)), ["</BANKTRANLIST></STMTRS></OFX>\n"])


def _write_csv() -> Iterator[str]:
    rows = (f"2026-10-05,12.50,{(number + 1) * 12.5:.2f},Invoice {number}\n" for number in range(LINES))
    return chain(["Date,Amount,Balance,Text\n"], rows)


_WRITERS = {"camt": _write_camt, "mt940": _write_mt940, "ofx": _write_ofx, "csv": _write_csv}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(_read(Path(sys.argv[1]))))
