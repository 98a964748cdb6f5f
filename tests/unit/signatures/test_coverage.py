"""What a signature covers: someone who has one signed text cannot change a field that counts as signed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from postledger.decoding.pairs import DecodedRequest, read_segments
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import find_profile
from postledger.signatures.message_template import compile_message
from postledger.signatures.profile_schema import Scheme, read_profile
from postledger.signatures.signature_input import SignatureInput
from postledger.signatures.signed_fields import describe_coverage, find_coverage
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refused

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = ("a", "b", "c")
VALUES = (None, "", "1", "11")
AS_ONE = "only as one text without separators"
Values = dict[str, str | None]


def scheme(message: str, **parameters: Any) -> Scheme:
    table = {"signature": {"from": "query", "name": "sig"}, "mac": "hmac-sha256", "message": message}
    beside = {"parameters": {"from": "query", **parameters}} if parameters else {}
    return read_profile({**table, **beside, "methods": ["GET"]}).schemes[0]


def list_indistinguishable(signed: Scheme) -> Iterable[list[Values]]:
    """Group small requests by their signed text."""
    write, by_text = compile_message(signed, None), defaultdict(list)
    for values in product(VALUES, repeat=len(NAMES)):
        sent = dict(zip(NAMES, values, strict=True))
        query = "&".join(f"{name}={value}" for name, value in sent.items() if value is not None).encode()
        decoded = DecodedRequest({}, query, b"", segments=read_segments(query))
        try:
            text = write(SignatureInput(Request("r", NOW, "GET", query=query), decoded, (), {}), b"")
        except Refused:
            continue
        by_text[text].append(sent)
    return by_text.values()


CHOICES: tuple[dict[str, Any], ...] = ({"sort": "name"}, {"only": list(NAMES)}, {"only": ["a", "b"]})
SCHEMES = [
    *(
        scheme(f"{{query:a}}{first}{{query:b{optional}}}{second}{{query:c}}")
        for first, second, optional in product(("", "-"), ("", "-"), ("", "?"))
    ),
    *(
        scheme("{parameters}", item=item, join=join, skip=skip, **beside)
        for item, join, skip, beside in product(
            ("{name}={value}", "{value}", "{name}{value}", "{len}{value}"),
            ("", "&"),
            ("none", "empty", "absent"),
            CHOICES,
        )
    ),
    scheme("{parameters}{query:c}", join="&", only=["a", "b"]),
    scheme("{parameters}-{query:c}", join="&", only=["a", "b"]),
]


@pytest.mark.parametrize(
    "signed", SCHEMES, ids=lambda signed: f"{signed.message}-{signed.parameters and signed.parameters.item}"
)
def test_requests_with_the_same_message_agree_in_every_signed_field(signed: Scheme) -> None:
    """An empty value and a missing one count as equal here."""
    coverage = find_coverage(signed, "GET")
    covered = [name for name in NAMES if name in coverage]

    told = {name: max(len({sent[name] or "" for sent in same}) for same in list_indistinguishable(signed))
            for name in covered}  # fmt: skip

    assert told == dict.fromkeys(covered, 1)


@pytest.mark.parametrize(
    ("message", "covered", "run_together"),
    [
        ("{query:a}{query:b}{key}", [], ("a", "b")),
        ("{query:a}{key}{query:b}", ["a", "b"], ()),
        ("{query:a}:{query:b}", ["a", "b"], ()),
        ("{query:a}{query:b}-{query:c}", ["c"], ("a", "b")),
        ("{header:X-Id}{query:a}", [], ("a",)),
        ("{method}{query:a}", ["a"], ()),
    ],
)
def test_values_without_a_separator_do_not_count_as_signed(
    message: str, covered: list[str], run_together: tuple[str, ...]
) -> None:
    found = find_coverage(scheme(message), "GET")

    assert [name for name in NAMES if name in found] == covered
    assert found.run_together == run_together


def test_a_signed_timestamp_separates_values() -> None:
    """A timestamp with a digit more or less is another timestamp."""
    time = {"from": "query", "name": "a", "unit": "minutes"}
    table = {"signature": {"from": "query", "name": "sig"}, "mac": "hmac-sha256", "timestamp": time}

    found = find_coverage(read_profile({**table, "message": "{query:a}{query:b}{key}"}).schemes[0], "GET")

    assert (sorted(found.names), found.run_together) == (["a", "b"], ())


@pytest.mark.parametrize(
    ("preset", "told"),
    [
        ("lootably", f"userID, ip, revenue, currencyReward {AS_ONE}"),
        ("ironsource", f"timestamp; eventId, userId, rewards {AS_ONE}"),
        (
            "adcolony",
            f"id, uid, amount, currency, open_udid, udid, odin1, mac_sha1, custom_id {AS_ONE}",
        ),
        ("cpx", "trans_id"),
        ("bitlabs", "all parameters"),
    ],
)
def test_a_preset_reports_values_signed_as_one_text(preset: str, told: str) -> None:
    assert describe_coverage(read_profile(read_known().presets[preset].source["signature"])) == told


def test_a_pollfish_source_that_lists_its_placeholders_has_them_signed() -> None:
    """As docs/signature-profiles.md advises."""
    listed = {"from": "query", "only": ["cpa", "request_uuid", "tx_id"], "item": "{value}", "join": ":"}
    document = {"slug": "p", "preset": "pollfish", "secrets": ["s"], "signature": {"parameters": listed}}

    settings = read_configuration({"sources": [document]}, {}, read_known()).sources["p"].settings

    assert describe_coverage(find_profile(settings)) == "cpa, request_uuid, tx_id"


def test_the_note_of_a_preset_names_values_without_separators() -> None:
    presets = read_known().presets
    signing = {name: preset.source["signature"] for name, preset in presets.items() if "signature" in preset.source}
    profiles = {name: read_profile(table) for name, table in signing.items() if isinstance(table, dict)}

    running = {name for name, profile in profiles.items() if "one text" in describe_coverage(profile)}

    assert running == {name for name, preset in presets.items() if "counts as signed" in preset.note}
