"""A source that brings a token, and one that a preset describes: booked, refused, nothing secret in the audit row."""

import hashlib
from uuid import uuid4

import msgspec
import pytest

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from tests.http.conftest import Service
from tests.parts.sender import Postback
from tests.parts.sources import add_source


@pytest.fixture(scope="module")
def partners(service: Service, master_key: str) -> Service:
    common = {"click": "optional", "currency": "USD"}
    add_source(service.database, master_key, "tokened", ["t0ken"], {**common, "auth": "token", "token": "key"})
    document = {"slug": "wall", "preset": "cpx", "secrets": ["app"], "click": "optional"}
    wall = read_configuration({"sources": [document]}, {}, read_known()).sources["wall"]
    add_source(service.database, master_key, "wall", ["app"], msgspec.to_builtins(wall.settings))
    service.backend.wait_for_source("wall")
    return service


def test_the_token_books_and_is_not_stored(partners: Service) -> None:
    click_id = uuid4().hex

    answer = partners.send(Postback("GET", f"/tracking/postback/tokened?click_id={click_id}&payout=1&key=t0ken"))

    assert answer.status == "accepted"
    ((raw,),) = partners.fetch("SELECT raw FROM postbacks WHERE id = %s", answer.receipt)
    assert raw == f"click_id={click_id}&payout=1".encode()


def test_another_token_is_refused_and_not_stored(partners: Service) -> None:
    answer = partners.send(Postback("GET", "/tracking/postback/tokened?click_id=A&key=t0kem"))

    assert (answer.code, answer.reason) == (401, "bad_signature")
    ((raw,),) = partners.fetch("SELECT raw FROM postbacks WHERE id = %s", answer.receipt)
    assert b"t0kem" not in raw


def test_a_network_of_a_preset_speaks_its_own_names(partners: Service) -> None:
    transaction_id = uuid4().hex
    signature = hashlib.md5(f"{transaction_id}-app".encode()).hexdigest()  # noqa: S324 - as the network does
    query = f"trans_id={transaction_id}&user_id=U1&amount_usd=0.75&status=1&secure_hash={signature}"

    other = query.replace("=U1", "=U2")
    answers = [partners.send(Postback("GET", f"/tracking/postback/wall?{sent}")) for sent in (query, query, other)]

    assert [answer.cause or answer.status for answer in answers] == ["accepted", "duplicate", "other_click"]
    booked = partners.fetch(
        "SELECT click_id, payout::text, status FROM conversions WHERE transaction_id = %s", transaction_id
    )
    assert booked == [("U1", "0.75", "approved")]


def test_what_the_network_does_not_sign_is_told_on_the_conversion(partners: Service) -> None:
    transaction_id = uuid4().hex
    signature = hashlib.md5(f"{transaction_id}-app".encode()).hexdigest()  # noqa: S324 - as the network does
    query = f"trans_id={transaction_id}&user_id=U1&amount_usd=0.75&secure_hash={signature}"

    answer = partners.send(Postback("GET", f"/tracking/postback/wall?{query}"))

    unsigned = partners.fetch("SELECT unsigned FROM conversions WHERE transaction_id = %s", transaction_id)
    assert (answer.status, unsigned) == ("accepted", [(["click_id", "payout"],)])


def test_a_payout_that_must_be_signed_and_is_not_is_refused_by_name(partners: Service, master_key: str) -> None:
    settings = {"auth": "token", "token": "key", "click": "optional", "require_signed": ["payout"]}
    add_source(partners.database, master_key, "careful", ["t0ken"], settings)
    partners.backend.wait_for_source("careful")
    path = "/tracking/postback/careful?key=t0ken&click_id="

    refused = partners.send(Postback("GET", f"{path}{uuid4().hex}&payout=1"))
    without = partners.send(Postback("GET", f"{path}{uuid4().hex}"))

    assert (refused.code, refused.reason, refused.parameter) == (401, "missing_signature", "payout")
    assert partners.audit_row(refused.receipt) == ("refused", "missing_signature", "payout")
    assert without.status == "accepted"
