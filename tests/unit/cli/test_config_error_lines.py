"""Each fault of a file is reported with its line."""

import tomllib

import pytest

from postledger.cli.config_error_lines import find_line, map_lines
from postledger.policy.config_file import BadConfiguration, read_configuration
from postledger.policy.preset_files import read_known

FILE = """# A file with a fault in every table.
[[sources]]
slug = "first"
secrets = [
    "one",
    "rate = 5",
]
rate = "fast"                      # line 8

[sources.params]
click_id = "a"
clickid = "b"                      # line 12

[[sources]]
slug = "second"
secrets = ["s"]
name = '''
rate = "inside of a text"
'''                                # line 17 begins it
[sources.signature]
signature = { from = "header", name = "X-Sig" }
mac = "hmac-sha256"
message = "{bdy}"                  # line 23

[[sources]]
slug = "third"
preset = "bitlabs"                 # signs the address, and has none: the table, line 25
secrets = ["s"]

[[sources]]
slug = "fourth"
secrets = ["s"]
signature.signature = { from = "query", name = "sig" }
signature.mac = "hash-md5"
signature.mesage = "{query}"       # line 35

[[sources]]
slug = "third"                     # line 38: once more
auth = "none"

[[campaigns]]
destination = "https://shop.example/"

[colours]
"""


def test_a_fault_has_its_line() -> None:
    document = tomllib.loads(FILE)

    with pytest.raises(BadConfiguration) as caught:
        read_configuration(document, {}, read_known())

    found = {find_line(FILE, document, fault): fault.key for fault in caught.value.faults}
    assert {line: key for line, key in found.items() if line != 25} == {
        8: "rate", 12: "params", 17: "name", 23: "signature", 35: "signature", 38: "slug", 41: "slug", 44: "colours",
    }  # fmt: skip


def test_a_nested_list_of_tables_is_numbered() -> None:
    text = "[[sources]]\n[[sources.signature.schemes]]\nmac = 1\n[[sources.signature.schemes]]\nmac = 2\n"

    assert map_lines(text)["sources", 0, "signature", "schemes", 1, "mac"] == 5


@pytest.mark.parametrize("text", ["", 'sources = [{ slug = "a" }]', "sources = 5", '"odd key" = 1', "[a.'b c'.d]\nx=1"])
def test_line_numbers_never_fail(text: str) -> None:
    document = tomllib.loads(text)
    faults = []

    try:
        read_configuration(document, {}, read_known())
    except BadConfiguration as bad:
        faults = bad.faults

    assert {find_line(text, document, fault) for fault in faults} <= {1}
