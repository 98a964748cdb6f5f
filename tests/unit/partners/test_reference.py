"""The reference of a source shows a partner what the source may send, and nothing that is secret."""

import msgspec

from postledger.partners.reference import Reference, describe_source
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status

SIGNATURE_REASONS = {
    Reason.MISSING_SIGNATURE, Reason.BAD_SIGNATURE, Reason.STALE_TIMESTAMP, Reason.FUTURE_TIMESTAMP,
}  # fmt: skip


def _describe(**settings: object) -> Reference:
    return describe_source(Source(1, "acme", msgspec.convert(settings, Settings), (Key(1, "canary-secret"),)))


def _names_of(reference: Reference, canonical: str) -> tuple[str, ...]:
    return next(parameter.sent_as for parameter in reference.parameters if parameter.name == canonical)


def test_names_of_the_source_come_before_the_canonical_name() -> None:
    reference = _describe(params={"click_id": ["subid", "sub_1"]})

    assert _names_of(reference, "click_id") == ("subid", "sub_1", "click_id")


def test_the_words_of_each_status_are_listed_with_our_own() -> None:
    reference = _describe(statuses={"rejected": ["Trash", "3"]})

    assert set(reference.statuses[Status.REJECTED]) == {"rejected", "trash", "3"}
    assert reference.statuses[Status.PENDING] == ("pending",)


def test_the_default_profile_is_described_as_it_signs() -> None:
    first, *others = _describe().schemes

    assert (first.methods, first.place, first.mac) == (("GET",), "query parameter sig", "hmac-sha256, hex")
    assert first.message == "{query}"
    assert [scheme.place for scheme in others] == ["header webhook-signature", "header svix-signature"]


def test_a_source_without_signature_cannot_be_refused_for_one() -> None:
    reference = _describe(auth="none", click="optional")

    assert reference.schemes == ()
    assert not {*SIGNATURE_REASONS, Reason.UNKNOWN_CLICK, Reason.IP_NOT_ALLOWED} & set(reference.refusals)


def test_a_source_with_all_checks_can_be_refused_for_every_reason() -> None:
    reference = _describe(allow=["203.0.113.0/24"], client_ca="authority")

    assert reference.refusals == tuple(Reason)


def test_neither_secret_nor_address_nor_authority_is_in_the_reference() -> None:
    reference = _describe(allow=["203.0.113.77/32"], client_ca="canary-authority")

    text = msgspec.json.encode(reference).decode()

    assert "canary" not in text
    assert "203.0.113" not in text
