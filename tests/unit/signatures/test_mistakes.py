"""The usual mistakes are named, nothing else is explained, and nothing tells a guesser more than the whole secret."""

import base64
import hmac
import random
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from postledger.policy.source import Source
from postledger.signatures import mistaken_codes
from postledger.signatures.mistaken_keys import EMPTY, KNOWN_WRONG, RETIRED, KeyVariant, list_keys
from postledger.signatures.mistakes import MAX_WORK, WORK_BETWEEN_RESTS, diagnose
from postledger.signatures.profile_schema import KeyForm
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from tests.parts.mistaken_senders import (
    BODY,
    ON_PRESETS,
    ON_V1,
    ON_WEBHOOKS,
    PUBLIC_URL,
    QUERY,
    SECRET,
    SLUG,
    WHSEC,
    diagnose_by,
    examine_by,
    get,
    mac,
    make_source,
    post,
    v1,
    webhook,
)
from tests.parts.network import SPKI, sign_ecdsa

_V1, _WEBHOOKS = make_source(), make_source(WHSEC)
_CASES = [
    *((f"v1: {name}", _V1, request, words) for name, (request, words) in ON_V1.items()),
    *((f"webhooks: {name}", _WEBHOOKS, request, words) for name, (request, words) in ON_WEBHOOKS.items()),
    *(
        (f"{preset}: {name}", make_source(preset=preset, public_url=PUBLIC_URL), request, words)
        for name, (preset, request, words) in ON_PRESETS.items()
    ),
]
_RANDOM = random.Random(18)  # noqa: S311 - repeatable tests


def name_mistakes(source: Source, request: Request) -> str:
    return " + ".join(mistake.what for mistake in diagnose_by(source, request).mistakes)


def test_at_least_60_mistakes_are_planted() -> None:
    assert len(_CASES) >= 60


@pytest.mark.parametrize(("source", "by_mistake", "words"), [one[1:] for one in _CASES], ids=[one[0] for one in _CASES])
def test_a_planted_mistake_is_named(source: Source, by_mistake: Request, words: str) -> None:
    assert words in name_mistakes(source, by_mistake)


def test_the_shortest_explanation_wins() -> None:
    assert len(diagnose_by(_V1, ON_V1["echo"][0]).mistakes) == 1
    assert len(diagnose_by(_V1, ON_V1["retired and echo"][0]).mistakes) == 2
    assert len(diagnose_by(_V1, ON_V1["three at once"][0]).mistakes) == 3


@pytest.mark.parametrize("key", [f"{SECRET}\n", f'"{SECRET}"', "s3cret-of-last-year", "s3cret-of-last-year\n", ""])
@pytest.mark.parametrize("signed", ["{}\n", "{}\r\n", "?{}", "{}&sig=", "/tracking/postback/acme?{}", "ABC 123"])
def test_mistakes_in_string_key_and_code_are_found_together(signed: str, key: str) -> None:
    message = signed.format(QUERY) if "{}" in signed else unquote(QUERY)

    for code in (mac(message, key).hex(), mac(message, key).hex().upper()):
        assert len(diagnose_by(_V1, get(f"{QUERY}&sig={code}")).mistakes) >= 2


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Every comparison of a digest with the sent one."""
    found: list[tuple[bytes, bytes]] = []

    def compare(expected: bytes, sent: bytes) -> bool:
        found.append((expected, sent))
        return hmac.compare_digest(expected, sent)

    class Spy:
        compare_digest = staticmethod(compare)
        digest = staticmethod(hmac.digest)

    monkeypatch.setattr(mistaken_codes, "hmac", Spy)
    return found


def test_every_try_compares_whole_digests_in_constant_time(compared: list[tuple[bytes, bytes]]) -> None:
    sent = _RANDOM.randbytes(32)

    found = diagnose_by(_V1, get(f"{QUERY}&sig={sent.hex()}"))

    assert found.tried == len(compared) > 1500
    assert {(len(expected), given) for expected, given in compared} == {(32, sent)}


def test_no_random_signature_is_explained(compared: list[tuple[bytes, bytes]]) -> None:
    """What is compared does not depend on the signature, so that 10,000 of them are looked up in what one has met."""
    diagnose_by(_V1, get(f"{QUERY}&sig={_RANDOM.randbytes(32).hex()}"))
    diagnose_by(_WEBHOOKS, webhook(b"", written=f"v1,{base64.b64encode(_RANDOM.randbytes(32)).decode()}"))
    explained = {expected for expected, _ in compared}

    assert len(explained) > 2000
    assert not any(_RANDOM.randbytes(32) in explained for _ in range(10_000))


@pytest.mark.parametrize("length", [16, 20, 32, 48, 64, 4, 33])
def test_random_signatures_of_any_length_are_not_explained(length: int) -> None:
    for _ in range(5):
        assert not diagnose_by(_V1, get(f"{QUERY}&sig={_RANDOM.randbytes(length).hex()}")).mistakes


def test_a_wrong_secret_costs_the_same_wherever_it_differs() -> None:
    wrong = [SECRET[:place] + "X" + SECRET[place + 1 :] for place in range(len(SECRET))]

    tried = {diagnose_by(_V1, v1(QUERY, key=secret)).tried for secret in wrong}

    assert len(tried) == 1


def list_variants(secret: str, source: Source = _V1) -> list[KeyVariant]:
    return list_keys(source.profile.schemes[0], [Key.from_secret(11, secret)], (), (SLUG,))


def test_each_key_depends_on_the_whole_secret() -> None:
    """A key that two secrets share would let a guesser find the secret piece by piece."""
    without_secret = {(EMPTY,), (KNOWN_WRONG,)}
    own = {one.material for one in list_variants(SECRET) if one.mistakes not in without_secret}
    others = [SECRET[:place] + SECRET[place].swapcase() + SECRET[place + 1 :] for place in range(len(SECRET))]
    others = [*others, SECRET[:-1], SECRET + "0", SECRET[1:], SECRET.upper(), f" {SECRET}x"]

    for other in others:
        if other != SECRET:
            assert own.isdisjoint(one.material for one in list_variants(other) if one.mistakes not in without_secret)


def test_keys_that_are_no_secret_tell_only_what_the_sender_knows() -> None:
    def list_known(secret: str) -> list[KeyVariant]:
        return [one for one in list_variants(secret) if one.mistakes in {(EMPTY,), (KNOWN_WRONG,)}]

    assert list_known(SECRET) == list_known("another-secret-entirely")


def test_a_retired_secret_is_not_told_from_another_retired_one() -> None:
    retired = ("first-retired-secret", "second-retired-secret")

    found = [diagnose_by(_V1, v1(QUERY, key=secret), retired).mistakes for secret in retired]

    assert found == [(RETIRED,), (RETIRED,)]


@pytest.mark.parametrize(("size", "most"), [(100, MAX_WORK), (5_000, MAX_WORK // 2), (60_000, MAX_WORK // 16)])
def test_the_work_is_bounded_by_the_length_of_the_messages(size: int, most: int) -> None:
    body = b'{"a":"' + b"x" * size + b'"}'

    found = diagnose_by(_WEBHOOKS, webhook(b"", body, written=f"v1,{base64.b64encode(bytes(32)).decode()}"))

    assert 0 < found.tried <= most


def test_a_diagnosis_lets_other_work_go_on_all_the_time() -> None:
    """A long turn of the sandbox would keep production from the processor."""
    rests = list[None]()

    found = diagnose_by(_V1, v1(QUERY, key="another secret"), rest=lambda: rests.append(None))

    assert found.mistakes == ()
    assert len(rests) >= (found.tried - 1) // (WORK_BETWEEN_RESTS + 1) > 10


def test_a_hundred_parameters_are_diagnosed_too() -> None:
    query = "&".join(f"p{number}=%20{number}" for number in range(95)) + "&ts=1790000000"

    assert "line break" in name_mistakes(_V1, v1(query + "\n", query))


def test_a_secret_with_line_break_in_base64_of_unicode_is_found() -> None:
    source = make_source("geheim-\u00e4\u00f6\u00fc-und-mehr")

    assert "line break behind the secret" in name_mistakes(
        source, v1(QUERY, key="geheim-\u00e4\u00f6\u00fc-und-mehr\n")
    )


def test_of_asymmetric_signatures_only_string_and_encoding_are_tried() -> None:
    source = make_source(base64.b64encode(SPKI).decode(), preset="admob-ssv")
    query = "ad_network=1&transaction_id=T1&reward_amount=5&timestamp=1790000000000"
    signed = sign_ecdsa(query.encode() + b"\n")
    request = get(f"{query}&signature={base64.urlsafe_b64encode(signed).decode().rstrip('=')}&key_id=1")

    assert "line break behind the string" in name_mistakes(source, request)
    assert [one.mistakes for one in list_keys(source.profile.schemes[0], source.keys, ("old",), (SLUG,))] == [()]
    assert diagnose(examine_by(source, request), (), ("old",), (SLUG,), lambda: None).tried == 0


def test_a_token_with_a_line_break_is_explained() -> None:
    source = make_source(auth="token")

    assert "line break behind the secret" in name_mistakes(source, get(f"click_id=A&token={SECRET}%0A"))
    assert "retired" in name_mistakes(source, get("click_id=A&token=s3cret-of-last-year"))


@pytest.mark.parametrize("raw", [b"sixteen-bytes-ok-and-more", b"eighteen-bytes-ok!", b"\xff\xfe\xfd" * 8])
def test_a_kept_whsec_is_named_whatever_characters_follow_it(raw: bytes) -> None:
    secret = f"whsec_{base64.b64encode(raw).decode()}"
    source, signed = make_source(secret), b"msg_1.1790000000." + BODY

    assert name_mistakes(source, webhook(signed, key=secret.encode())).startswith("whsec_ kept in the key")
    assert "the text behind whsec_" in name_mistakes(source, webhook(signed, key=secret[6:].encode()))


def test_a_removed_whsec_is_named_where_the_whole_text_is_the_key() -> None:
    key, secret = base64.b64encode(b"eighteen-bytes-ok!"), "whsec_" + base64.b64encode(b"eighteen-bytes-ok!").decode()
    signature = mac(b"1790000000." + BODY, key).hex()
    request = post(BODY, {"stripe-signature": f"t=1790000000,v1={signature}"})

    found = diagnose_by(make_source(secret, preset="stripe-style"), request).mistakes

    assert [one.what for one in found] == ["whsec_ is removed from the key"]
    assert "remove nothing" in found[0].advice


@pytest.mark.parametrize("secret", [SECRET, "plain", "a+b/c=", "whsec_abcd", "0011aabb"])
@pytest.mark.parametrize("form", ["utf8", "base64", "hex", "whsec"])
def test_no_text_of_the_secret_itself_is_called_changed(secret: str, form: KeyForm) -> None:
    scheme = replace(_V1.profile.schemes[0], key=form)

    found = list_keys(scheme, [Key.from_secret(11, secret)], (), (SLUG,))

    named = {one.mistakes[0].what for one in found if one.material == secret.encode() and one.mistakes}
    assert not named or any(words in "".join(named) for words in ("not decoded", "whsec_ kept"))


@pytest.mark.parametrize("host", ["track.example", "track.example:8443", "[::1]", "[::1]:8443"])
def test_the_host_as_sent_is_tried_with_and_without_its_port(host: str) -> None:
    bare = host.removesuffix(":8443")
    for shown, words in ((host, "with the host as it was sent"), (bare, "with the host as it was sent")):
        request = v1(f"https://{shown}/tracking/postback/{SLUG}?{QUERY}")

        assert words in name_mistakes(_V1, replace(request, headers={"host": host}))
    assert not name_mistakes(_V1, replace(v1(f"https:///tracking/postback/{SLUG}?{QUERY}"), headers={"host": bare}))


def test_a_truncated_signature_is_compared_as_a_whole() -> None:
    table = {"signature": {"from": "query", "name": "s", "truncate": 12}, "mac": "hmac-sha256", "message": "{query}"}
    source = make_source(signature={**table, "methods": ["GET"]})

    assert "line break" in name_mistakes(source, get(f"click_id=A&s={mac('click_id=A' + chr(10)).hex()[:12]}"))
    assert "not truncated" in name_mistakes(source, get(f"click_id=A&s={mac('click_id=A').hex()}"))
