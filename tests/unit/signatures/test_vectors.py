"""The published signatures of real networks: each verifies, and none does after any byte has changed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import find_format, read_request
from postledger.ingest.receive import evaluate
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused
from tests.parts.vectors import FORM, Vector, read_vectors

VECTORS = read_vectors()
BY_NAME = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
UNAUTHENTICATED = (Reason.MISSING_SIGNATURE, Reason.BAD_SIGNATURE, Reason.STALE_TIMESTAMP, Reason.FUTURE_TIMESTAMP)


def source_of(vector: Vector, *secrets: str) -> Source:
    keys = tuple(Key.from_secret(number, secret) for number, secret in enumerate(secrets or (vector.secret,), 1))
    return Source(1, "x", Settings(currency="USD", public_url=vector.public_url), keys, vector.profile)


def reason_of(request: Request, source: Source) -> Reason | None:
    refusal = evaluate(request, source).refusal
    return refusal.reason if refusal else None


def is_believed(request: Request, source: Source) -> bool:
    return reason_of(request, source) not in UNAUTHENTICATED


def test_there_are_35_examples() -> None:
    assert len(VECTORS) == 35


@BY_NAME
def test_each_example_is_believed(vector: Vector) -> None:
    assert is_believed(vector.request(), source_of(vector))


@BY_NAME
def test_no_example_verifies_with_another_secret(vector: Vector) -> None:
    flipped = vector.secret[:-6] + ("AAAAA=" if vector.secret.endswith("=") else "aaaaaa")
    if vector.scheme in ("admob_ssv", "skadnetwork_4"):  # another point of the curve: the generator itself
        flipped = (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7L"
            "tkBoN79R9Q=="
        )

    assert not is_believed(vector.request(), source_of(vector, flipped))


@BY_NAME
def test_each_example_verifies_with_the_older_secret(vector: Vector) -> None:
    other = {"spki": vector.secret, "ed25519": vector.secret}.get(vector.profile.schemes[0].key, "AAECAwQFBgc=")

    assert is_believed(vector.request(), source_of(vector, other, vector.secret))


@BY_NAME
def test_no_example_verifies_without_its_signature(vector: Vector) -> None:
    place = vector.profile.schemes[0].signature
    bare: dict[str, Any] = {"headers": {k: v for k, v in vector.request().headers.items() if k != place.name.lower()}}
    if place.location == "query":
        parts = [part for part in vector.query.split(b"&") if not part.startswith(place.name.encode() + b"=")]
        bare["query"] = b"&".join(parts)
    if place.location in ("form", "json"):
        bare["body"] = vector.body.replace(place.name.encode(), b"other")

    # A body that makes no sense, and is not signed, is first of all a body that makes no sense.
    assert reason_of(vector.request(**bare), source_of(vector)) in (Reason.MISSING_SIGNATURE, Reason.MALFORMED)


@BY_NAME
@settings(max_examples=30)
@given(data=st.data())
def test_any_changed_byte_of_a_signed_body_is_refused(vector: Vector, data: st.DataObject) -> None:
    if "{body" not in vector.profile.schemes[0].message or not vector.body:
        return
    forged = bytearray(vector.body)
    forged[data.draw(st.integers(0, len(forged) - 1))] ^= data.draw(st.integers(1, 255))

    assert not is_believed(vector.request(body=bytes(forged)), source_of(vector))


@BY_NAME
@settings(max_examples=30)
@given(data=st.data())
def test_any_changed_value_of_the_message_is_refused(vector: Vector, data: st.DataObject) -> None:
    scheme = vector.profile.schemes[0]
    if vector.method != "GET":
        return
    source = source_of(vector)
    verified = source.verifier.verify(vector.request(), _read(vector, source), 10**9)
    parts = {part.decode().partition("=")[0] for part in vector.query.split(b"&")} - {scheme.signature.name}
    coverage = verified.coverage["GET"]
    covered = sorted(name for name in parts if name in coverage or name in coverage.run_together)
    name = data.draw(st.sampled_from(covered))
    value = data.draw(st.text("abcXYZ0189", min_size=1, max_size=8))
    query = b"&".join(
        f"{name}={value}~".encode() if part.startswith(f"{name}=".encode()) else part
        for part in vector.query.split(b"&")
    )

    with pytest.raises(Refused) as refused:
        source.verifier.verify(vector.request(query=query), _read(vector, source, query), 10**9)
    assert refused.value.refusal.reason is Reason.BAD_SIGNATURE


def _read(vector: Vector, source: Source, query: bytes | None = None) -> DecodedRequest:
    request = vector.request(query=vector.query if query is None else query)
    return read_request(request, source, find_format(request, source))


@BY_NAME
def test_a_signed_time_is_judged_at_receipt(vector: Vector) -> None:
    if vector.signed_s is None:
        return
    request = vector.request()
    late, early = (
        msgspec.structs.replace(request, received_at=request.received_at + timedelta(seconds=seconds))
        for seconds in (1861, -361)
    )

    assert reason_of(late, source_of(vector)) is Reason.STALE_TIMESTAMP
    assert reason_of(early, source_of(vector)) is Reason.FUTURE_TIMESTAMP


@BY_NAME
@settings(max_examples=25)
@given(
    query=st.binary(max_size=120), body=st.binary(max_size=120), method=st.sampled_from(["GET", "POST", "PUT"]),
    value=st.text(st.characters(max_codepoint=255), max_size=60),
)  # fmt: skip
def test_no_random_input_crashes_a_profile_or_verifies(
    vector: Vector, query: bytes, body: bytes, method: str, value: str
) -> None:
    headers = {name.lower(): value for name in [*vector.headers, vector.profile.schemes[0].signature.name]}
    media_type = FORM if len(body) % 2 else "application/json"
    request = vector.request(method=method, query=query, body=body, media_type=media_type, headers=headers)

    assert evaluate(request, source_of(vector)).event is None
