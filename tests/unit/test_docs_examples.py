"""The TOML examples in the documentation are accepted as printed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from tests.parts.bank_files import IBAN
from tests.parts.documents import ROOT, list_documents

_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECRET = "0123456789abcdef"
_LOOKUPS = {name: lambda _: [_SECRET] for name in ("secrets_file", "client_ca")}
_LOOKUPS["secrets_env"] = lambda name: [IBAN if name.endswith("_IBAN") else _SECRET]
_LOOKUPS["resolve"] = lambda _: []


def _list_examples() -> list[tuple[str, str]]:
    return [
        (f"{path.relative_to(ROOT)}-{number}", text)
        for path in list_documents()
        for number, text in enumerate(_TOML.findall(path.read_text("utf-8")), 1)
    ]


EXAMPLES = dict(_list_examples())


def _complete(text: str) -> dict[str, Any]:
    """Give an example that shows only a part of a source the rest of one."""
    if "[[" not in text:
        text = f'[[sources]]\nslug = "example"\n{text}'
    document = tomllib.loads(text)
    for source in document.get("sources", []):
        if not {"secrets", "secrets_env", "secrets_file"} & set(source):
            source["secrets"] = [_SECRET]
    return document


def test_there_are_examples_in_the_pages_for_operators() -> None:
    pages = {Path(name.rpartition("-")[0]).name for name in EXAMPLES}

    assert {"networks.md", "configuration.md"} <= pages


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_toml_example_is_accepted_as_printed(name: str) -> None:
    read_configuration(_complete(EXAMPLES[name]), _LOOKUPS, read_known())
