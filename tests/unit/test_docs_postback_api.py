"""docs/postback-api.md tells partners what the code does: reasons with their codes, parameters, examples, signature."""

import hashlib
import hmac
import re

import falcon
import pytest

from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.http.answers import answer_refusal
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from tests.parts.documents import ROOT, list_code, list_rows, read_document, read_section

DOCUMENT = read_document("docs/postback-api.md")
EXAMPLES = sorted(path for path in (ROOT / "examples/signing").iterdir() if path.is_file())
_EMBEDDED = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _code_of(reason: Reason) -> str:
    response = falcon.Response()
    answer_refusal(response, "receipt", Refusal(reason))
    return str(response.status)[:3]


def _documented_refusals() -> dict[str, str]:
    return {list_code(row[0])[0]: row[1] for row in list_rows(read_section(DOCUMENT, "Refusals"))}


def test_each_reason_is_documented_with_its_code() -> None:
    assert _documented_refusals() == {reason.value: _code_of(reason) for reason in Reason}


def test_each_cause_is_documented_beside_a_reason() -> None:
    rows = [(list_code(row[0])[0], list_code(row[1])[0]) for row in list_rows(read_section(DOCUMENT, "Causes"))]

    assert sorted(cause for cause, _ in rows) == sorted(Cause)
    assert {reason for _, reason in rows} <= set(Reason)


def test_each_parameter_is_documented() -> None:
    cells = [row[0] for row in list_rows(read_section(DOCUMENT, "Parameters"))]

    documented = {name for cell in cells for name in list_code(cell)}

    assert documented == {name for name in CANONICAL_NAMES if name[3:] not in map(str, range(2, 10))}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_each_signing_example_stands_in_the_document_as_it_is(path: object) -> None:
    embedded = dict(_EMBEDDED.findall(DOCUMENT))

    name = str(path).removeprefix(f"{ROOT}/")

    assert embedded.get(name) == (ROOT / name).read_text("utf-8")


def test_the_worked_example_is_right() -> None:
    secret, message, sig = re.findall(r"^    (?:secret|string to sign|sig) +(\S+)$", DOCUMENT, re.MULTILINE)

    assert hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest() == sig
