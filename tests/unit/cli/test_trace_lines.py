"""Lines of `trace`: what other programs and people wrote stays in its line."""

import pytest

from postledger.cli.trace_lines import print_line


def test_words_of_others_begin_no_line_and_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("   export", None, "tryton", "refused  fault=The total is wrong\nCorrect it\x1b[2J\r\u2028ä — 12")

    assert capsys.readouterr().out == "   export    tryton  refused  fault=The total is wrong Correct it [2J  ä — 12\n"
