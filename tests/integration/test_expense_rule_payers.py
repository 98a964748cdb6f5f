"""A rule that is receivable from sources needs a payee for them, because no line could ever be mapped without."""

import pytest

from tests.parts.cli import CommandLine
from tests.parts.mapping import FINANCE

OTHER = '[[sources]]\nslug = "other"\nsecrets = ["0therS3cret-current"]\n'
PAYEE = '[[payees]]\nid = "acme"\n'


def rule(match: str) -> str:
    return f'[[expense_rules]]\nslug = "income"\ncategory = "Income"\ndirection = "receivable"\n{match}\n'


@pytest.mark.parametrize("match", ["", 'match.source = ["acme"]', 'match.source = ["acme", "oth*"]'])
def test_a_rule_whose_sources_have_no_payee_is_refused(cli: CommandLine, match: str) -> None:
    text = FINANCE + OTHER + rule(match)
    wrong = cli.write("wrong.toml", text)

    ran = cli("apply", wrong)

    line = text.splitlines().index('direction = "receivable"') + 1
    assert ran.code == 1
    assert ran.err.startswith(
        f"postledger: {wrong}:{line}: expense_rules[income].direction: is receivable from the source, and no source"
    )


@pytest.mark.parametrize(
    ("match", "missing"),
    [("", "other"), ('match.source = ["acme", "other"]', "other"), ('match.source = ["acme"]', None)],
)
def test_sources_without_a_payee_are_warned_of(cli: CommandLine, match: str, missing: str | None) -> None:
    ran = cli("apply", cli.write("look.toml", FINANCE + OTHER + PAYEE + rule(match)))

    assert ran.code == 0, ran.err
    assert ("these are no payees: other" in ran.err) == (missing == "other")
    assert ("no payees" in ran.err) == (missing is not None)


def test_a_rule_that_names_its_payee_needs_none_for_its_sources(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("named.toml", FINANCE + OTHER + rule('payee = "456"')))

    assert (ran.code, "no payees" in ran.err) == (0, False)
