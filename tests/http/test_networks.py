"""Networks that sign, through the whole backend: each by a hand of its own, which follows what the network published.

The published examples are in `test_vectors.py`. Here are postbacks of now that nobody has published, under our keys.
"""

import time
from datetime import UTC, datetime

import pytest

from postledger.policy.preset_files import read_known
from tests.http.conftest import Service
from tests.parts.network import Network, tamper
from tests.parts.networks import NETWORKS, add_network
from tests.parts.sender import Postback
from tests.parts.wall_senders import TEST_CALLBACKS, sign_address, sign_digistore24

TIMED = [network for network in NETWORKS if network.is_timed]
LONG_AGO_S, AHEAD_S = 4 * 3600, 3600


def named(network: Network) -> str:
    return network.name


@pytest.fixture(scope="module")
def networks(service: Service, master_key: str) -> Service:
    """A source for each network, of the settings that `apply` would make of its table."""
    for network in NETWORKS:
        add_network(service.database, master_key, network)
    service.backend.wait_for_source(NETWORKS[-1].slug)
    return service


def told(networks: Service, postback: Postback) -> tuple[int, str | None]:
    """The verdict as our own header has it, whatever words the network waits for."""
    answer = networks.client.request(
        postback.method, postback.target, content=postback.body or None, headers=dict(postback.headers)
    )
    return answer.status_code, answer.headers.get("x-postledger-reason", answer.headers["x-postledger-verdict"])


def named_network(name: str) -> Network:
    (network,) = (network for network in NETWORKS if network.name == name)
    return network


def booked(networks: Service, network: Network, unique: str) -> int:
    ((count,),) = networks.fetch(
        "SELECT count(*) FROM conversions JOIN sources ON sources.id = source_id "
        "WHERE slug = %s AND (transaction_id = %s OR click_id = %s)",
        network.slug, unique, unique,
    )  # fmt: skip
    return int(count)


def test_every_preset_that_signs_has_a_hand_here() -> None:
    signing = {
        name for name, preset in read_known().presets.items() if isinstance(preset.source.get("signature"), dict)
    }

    assert signing == {network.table["preset"] for network in NETWORKS if "preset" in network.table}


@pytest.mark.parametrize("network", NETWORKS, ids=named)
def test_what_it_signs_is_booked_and_its_repeat_is_not(networks: Service, network: Network, unique: str) -> None:
    postback = network.postback(unique, int(time.time()))

    answers = [told(networks, postback) for _ in range(2)]

    assert answers == [(200, "accepted"), (200, "duplicate")]
    assert booked(networks, network, unique) == 1


@pytest.mark.parametrize("network", NETWORKS, ids=named)
def test_whatever_is_covered_and_changed_is_refused(networks: Service, network: Network, unique: str) -> None:
    postback = network.postback(unique, int(time.time()))

    reasons = {piece: told(networks, tamper(postback, piece, new))[1] for piece, new in network.covered.items()}

    assert reasons == dict.fromkeys(network.covered, "bad_signature")
    assert booked(networks, network, unique) == 0


@pytest.mark.parametrize("network", TIMED, ids=named)
def test_what_was_signed_long_ago_is_refused_and_nobody_can_renew_it(
    networks: Service, network: Network, unique: str
) -> None:
    now_s = int(time.time())
    captured, early = (network.postback(unique, now_s + apart_s) for apart_s in (-LONG_AGO_S, AHEAD_S))

    reasons = [told(networks, sent)[1] for sent in (captured, early, renew(captured, now_s - LONG_AGO_S, now_s))]

    assert reasons == ["stale_timestamp", "future_timestamp", "bad_signature"]
    assert booked(networks, network, unique) == 0


def test_a_digit_that_is_moved_between_values_run_together_is_believed_and_none_of_them_counts_as_signed(
    networks: Service, unique: str
) -> None:
    """The signature cannot tell `userId=…1` and `rewards=250` from `userId=…12` and `rewards=50`."""
    sent = named_network("ironsource").postback(unique, int(time.time()))

    assert told(networks, tamper(sent, "&rewards=250", "2&rewards=50")) == (200, "accepted")
    found = networks.fetch("SELECT payout::text, unsigned FROM conversions WHERE transaction_id = %s", unique)
    assert found == [("50", ["click_id", "payout", "status", "transaction_id"])]


def test_what_bitlabs_reconciles_points_to_what_it_takes_back(networks: Service, unique: str) -> None:
    """The reconciliation has an id of its own, and the amount may be negative."""
    first = {"uid": unique, "tx": unique, "raw": "2.50", "type": "COMPLETE", "ref": ""}
    taken_back = {**first, "tx": f"{unique}-r", "raw": "-2.50", "type": "RECONCILIATION", "ref": unique}

    answers = [told(networks, sign_address("/tracking/postback/bitlabs", sent)) for sent in (first, taken_back)]

    assert answers == [(200, "accepted"), (200, "updated")]
    found = networks.fetch("SELECT transaction_id, status FROM conversions WHERE click_id = %s", unique)
    assert found == [(unique, "reversed")]


def test_every_preset_that_knows_of_test_callbacks_is_tried_here() -> None:
    knowing = {name for name, preset in read_known().presets.items() if "test_parameters" in preset.source}

    assert knowing == set(TEST_CALLBACKS)


@pytest.mark.parametrize("name", TEST_CALLBACKS)
def test_a_callback_that_calls_itself_a_test_is_no_money(networks: Service, name: str, unique: str) -> None:
    answer = networks.send(TEST_CALLBACKS[name](f"/tracking/postback/{name}", unique, 0))

    assert (answer.code, answer.reason, answer.parameter) == (400, "invalid_parameter", "debug")
    assert networks.audit_row(answer.receipt) == ("refused", "invalid_parameter", "debug")
    assert networks.fetch("SELECT FROM conversions WHERE transaction_id = %s", unique) == []


def test_digistores_test_of_the_connection_is_answered_and_not_booked(networks: Service, unique: str) -> None:
    path = "/tracking/postback/digistore24"
    asked = sign_digistore24(path, {"event": "connection_test", "transaction_id": unique})

    answer = networks.client.post(path, content=asked.body, headers=dict(asked.headers))

    assert (answer.status_code, answer.text) == (200, "OK")
    assert booked(networks, named_network("digistore24"), unique) == 0
    rows = networks.fetch("SELECT verdict, reason, cause FROM postbacks WHERE transaction_id = %s", unique)
    assert rows == [("refused", "invalid_parameter", "notice")]


def test_torox_takes_back_by_a_minus(networks: Service, unique: str) -> None:
    """Its chargeback has the same id and no status; all of it goes back, or a part."""
    sale = named_network("torox").postback(unique, 0)
    part, rest = (tamper(sale, "payout=2.50", f"payout={amount}") for amount in ("-1.00", "-1.50"))

    answers = [told(networks, postback) for postback in (sale, part, part, rest, rest)]

    assert [verdict for _, verdict in answers] == ["accepted", "updated", "duplicate", "updated", "duplicate"]
    found = networks.fetch("SELECT status, payout::text, unsigned FROM conversions WHERE transaction_id = %s", unique)
    assert found == [("reversed", "1.50", ["payout", "status", "transaction_id"])]


def test_pollfish_tells_its_money_in_cents(networks: Service, unique: str) -> None:
    networks.send(named_network("pollfish").postback(unique, 0))

    found = networks.fetch("SELECT payout::text, currency FROM conversions WHERE transaction_id = %s", unique)
    assert found == [("0.25", "USD")]


def renew(captured: Postback, signed_s: int, now_s: int) -> Postback:
    """Put the time of now into what was captured, in the form in which it has its time."""
    shown = f"{captured.target}{captured.headers}"
    write = next(form for form in (str, in_minutes) if form(signed_s) in shown)
    return tamper(captured, write(signed_s), write(now_s))


def in_minutes(moment_s: int) -> str:
    """A time as ironSource writes it."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y%m%d%H%M")
