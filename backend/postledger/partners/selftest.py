"""Sends the postback of the self-test through the edge: always the same one, so that it is booked only once."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from postledger.partners.send_postback import Answer, send_postback, sign_postback
from postledger.platform.keyring import Keyring
from postledger.vocabulary.selftest import SELFTEST

_PARAMETERS = (("click_id", "make-up"), ("transaction_id", "make-up"), ("event", "sale"), ("payout", "0.50"))


def run_selftest(
    connection: Connection[Any], keyring: Keyring, base: str, environment: Mapping[str, str], unix_s: int
) -> Answer:
    """Send the postback to the edge at a base URL. Raises `NotFound` or `NotPossible`."""
    request = sign_postback(connection, keyring, SELFTEST, _PARAMETERS, body=None, unix_s=unix_s)
    return send_postback(base, request, environment)
