"""A postback that is signed as a sender does is verified by the backend."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.partners.signer import Body, CannotSign, SignedRequest, make_get, make_post
from postledger.policy.source import Settings, Source
from postledger.signatures.message_template import find_placeholders
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason
from tests.parts.preset_sources import KNOWN, ONLY_THEIRS, make_preset_source, make_source

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEYS = [Key.from_secret(7, secret) for secret in ("s3cret-current", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)


def as_received(outgoing: SignedRequest) -> Request:
    """The request as the backend sees it."""
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    return Request(
        receipt="01981c1b-9c80-7abc-8abc-0123456789ab",
        received_at=NOW,
        method=outgoing.method,
        path=urlsplit(outgoing.target).path.encode(),
        query=urlsplit(outgoing.target).query.encode(),
        body=outgoing.body,
        media_type=headers.get("content-type", ""),
        headers=headers,
    )


@pytest.mark.parametrize("key", KEYS)
@given(value=printable)
def test_a_signed_get_is_verified(key: Key, value: str) -> None:
    source = Source(1, "acme", Settings(), (key,))

    entry = evaluate(
        as_received(make_get(source, key, [("click_id", "C1"), ("note", value)], int(NOW.timestamp()))), source
    )

    assert (entry.refusal, entry.secret_id) == (None, 7)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", ["json", "form"])
@given(value=printable)
def test_a_signed_post_is_verified(key: Key, kind: Body, value: str) -> None:
    source = Source(1, "acme", Settings(), (key,))
    pairs = [("click_id", "C1"), ("note", value)]

    outgoing = make_post(source, key, pairs, kind, message_id="msg_1", unix_s=int(NOW.timestamp()))

    assert evaluate(as_received(outgoing), source).refusal is None


def test_the_signature_has_the_name_that_the_source_uses() -> None:
    settings = Settings(params={"sig": ("hash",), "sub1": ("sig",)})
    source = Source(1, "acme", settings, (KEYS[0],))

    outgoing = make_get(source, KEYS[0], [("click_id", "C1")], int(NOW.timestamp()))

    assert "&hash=" in outgoing.target
    assert evaluate(as_received(outgoing), source).refusal is None


def test_a_repeated_name_is_sent_twice() -> None:
    source = Source(1, "acme", Settings(), (KEYS[0],))
    pairs = [("click_id", "C1"), ("click_id", "C2")]

    outgoing = make_post(source, KEYS[0], pairs, "json", message_id="msg_1", unix_s=int(NOW.timestamp()))
    refusal = evaluate(as_received(outgoing), source).refusal

    assert refusal is not None
    assert refusal.reason is Reason.DUPLICATE_PARAMETER


def covered(source: Source) -> list[tuple[str, str]]:
    """A value for each parameter that is signed."""
    atoms = find_placeholders(source.profile.schemes[0].message)
    names = [name for kind, _, name in (atom.partition(":") for atom in atoms) if kind in ("query", "form")]
    time = source.profile.schemes[0].timestamp
    return [(name, "5") for name in names if time is None or name != time.name]


def attempt(source: Source, pairs: list[tuple[str, str]]) -> SignedRequest:
    """A GET if the profile signs one, otherwise a POST that it signs."""
    scheme = source.profile.schemes[0]
    if "GET" in scheme.methods:
        return make_get(source, source.keys[0], pairs, int(NOW.timestamp()))
    kind: Body = "form" if scheme.signature.location == "form" else "json"
    return make_post(source, source.keys[0], pairs, kind, message_id="msg_1", unix_s=int(NOW.timestamp()))


@pytest.mark.parametrize("name", sorted(set(KNOWN.presets) - set(ONLY_THEIRS)))
def test_a_postback_signed_for_a_network_is_verified(name: str) -> None:
    source = make_preset_source(name)

    outgoing = attempt(source, [*covered(source), ("note", "a b+c%&é")])

    entry = evaluate(as_received(outgoing), source)
    assert entry.secret_id == 7, entry.refusal


@pytest.mark.parametrize("name", sorted(ONLY_THEIRS))
def test_a_profile_with_a_private_key_cannot_be_signed(name: str) -> None:
    source = make_preset_source(name)

    with pytest.raises(CannotSign, match="needs the private key, which only the sender has"):
        attempt(source, covered(source))


def test_an_unsigned_method_is_refused_with_a_signed_one_to_try() -> None:
    for_post, for_get = make_preset_source("stripe-style"), make_preset_source("cpx")

    with pytest.raises(CannotSign, match="try a POST: add --post form or --post json"):
        make_get(for_post, for_post.keys[0], [], 0)
    with pytest.raises(CannotSign, match="try a GET"):
        make_post(for_get, for_get.keys[0], [], "json", message_id="m", unix_s=0)


def test_a_missing_signed_parameter_is_reported() -> None:
    source = make_preset_source("cpx")

    with pytest.raises(CannotSign, match="which the profile signs, is missing or repeated"):
        make_get(source, source.keys[0], [("user_id", "U1")], 0)


def test_the_secret_of_a_dialect_goes_into_the_path() -> None:
    source = make_source("3f9c0de", dialect="keitaro")

    outgoing = make_get(source, source.keys[0], [("subid", "C1")], 0)

    assert outgoing.target == "/3f9c0de/postback?subid=C1"
    assert evaluate(as_received(outgoing), source).refusal is None


@pytest.mark.parametrize(
    ("name", "pairs", "transaction_id"),
    [
        ("tapjoy", [("id", "T1"), ("snuid", "C1"), ("currency", "100")], "T1"),
        ("adcolony", [("id", "T1"), ("amount", "5"), ("currency", "Coins"), ("custom_id", "C1")], "T1"),
        ("pangle", [("user_id", "C1"), ("trans_id", "T1"), ("reward_amount", "5")], "T1"),
        ("unity-ads", [("productid", "1"), ("sid", "C1"), ("oid", "T1")], "T1"),
        ("ironsource", [("userId", "C1"), ("eventId", "T1"), ("rewards", "5")], "T1"),
        ("superrewards", [("id", "T1"), ("new", "5"), ("total", "9"), ("uid", "C1"), ("oid", "7")], "T1"),
        ("lootably", [("userID", "C1"), ("ip", "1"), ("revenue", "1.5"), ("currencyReward", "9"),
                      ("transactionID", "T1"), ("status", "1")], "T1"),
        ("torox", [("id", "T1"), ("oid", "7"), ("user_id", "C1"), ("payout", "1.5"), ("amount", "9")], "T1"),
        ("bitlabs", [("uid", "C1"), ("tx", "T1"), ("val", "9"), ("raw", "1.5"), ("type", "COMPLETE")], "T1"),
    ],
)  # fmt: skip
def test_a_postback_of_a_network_becomes_its_event(
    name: str, pairs: list[tuple[str, str]], transaction_id: str
) -> None:
    source = make_preset_source(name)

    entry = evaluate(as_received(attempt(source, pairs)), source)

    assert entry.refusal is None
    assert entry.event is not None
    assert (entry.event.click_id, entry.event.transaction_id) == ("C1", transaction_id)
