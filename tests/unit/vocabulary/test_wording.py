"""Numbers in messages have the right form of their noun."""

import pytest

from postledger.vocabulary.wording import count


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [
        (1, "postback", None, "1 postback"),
        (0, "postback", None, "0 postbacks"),
        (2, "postback", None, "2 postbacks"),
        (2, "entry", "entries", "2 entries"),
    ],
)
def test_a_number_is_written_with_its_noun(number: int, noun: str, plural: str | None, text: str) -> None:
    assert count(number, noun, plural) == text
