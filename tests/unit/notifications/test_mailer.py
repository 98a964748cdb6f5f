"""What a mail looks like on its way."""

from datetime import UTC, datetime

import pytest

from postledger.notifications.letters import Letter
from postledger.notifications.mailer import Mail, write_message
from postledger.policy.notify_config import MailServer

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SERVER = MailServer("smtp.example.com", 587, "starttls", "Postledger <postledger@example.com>")


@pytest.mark.parametrize("word", ["plain", "Kätzchen — 猫"])
def test_a_long_link_is_one_unbroken_line(word: str) -> None:
    link = f"https://console.example/{'x' * 300}/decide#pld_{'y' * 43}"

    sent = write_message(Mail("1", "mia@example.com", Letter(word, f"{word}\n{link}\n")), SERVER, NOON).as_bytes()

    assert f"\r\n{link}\r\n".encode() in sent


def test_a_line_break_in_a_subject_makes_no_header() -> None:
    letter = Letter("Approval waits: a\r\nBcc: eve@example.com", "text\n")

    with pytest.raises(ValueError, match="linefeed"):
        write_message(Mail("1", "mia@example.com", letter), SERVER, NOON)
