"""Damaged postbacks of each network: nothing crashes, and no signed field changes.

The genuine postbacks are signed without the code under test. The damage is done without the key.
"""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate, find_response
from postledger.ledger.entry import Entry, Outcome
from postledger.policy.source import Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.statuses import Verdict
from tests.parts.network import Network
from tests.parts.networks import NETWORKS, read_settings

NOW_S = 1_790_000_000
METHODS = ("GET", "POST", "PUT")
FIELDS = ("click_id", "transaction_id", "event", "payout", "currency", "affiliate_id", "event_time", "reverses")
BY_NETWORK = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
EXAMPLES = settings(max_examples=40)


def source_of(network: Network) -> Source:
    read = read_settings(network)
    keys = tuple(Key.from_secret(number, secret) for number, secret in enumerate(network.secrets, 1))
    return Source(1, network.slug, read, keys, find_profile(read))


GENUINE: dict[str, Request] = {}
"""Each is signed once, because ECDSA gives another signature every time and hypothesis must repeat an example."""


def request_of(network: Network) -> Request:
    return GENUINE.setdefault(network.name, _sign(network))


def _sign(network: Network) -> Request:
    postback = network.postback("A1", NOW_S)
    path, _, query = postback.target.partition("?")
    headers = {name.lower(): value for name, value in postback.headers.items()}
    return Request(
        "01981c1b-9c80-7abc-8abc-0123456789ab",
        datetime.fromtimestamp(NOW_S + 1, UTC),
        postback.method,
        path=path.encode(),
        query=query.encode(),
        body=postback.body,
        media_type=headers.get("content-type", ""),
        headers=headers,
    )


def ask(request: Request, source: Source) -> Entry:
    """Judge a request, and render its response too."""
    entry = evaluate(request, source)
    find_response(Outcome(Verdict.ACCEPTED), entry, source)
    return entry


def bend(data: st.DataObject, text: bytes) -> bytes:
    """Replace up to three bytes with up to three others."""
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 3))
    common = st.sampled_from([b"", b"&", b"=", b"%", b"+", b",", b" ", b"0", b"\xff", b"\0", b"{", b'"', b"&sig="])
    return text[:start] + data.draw(st.one_of(common, st.binary(max_size=3))) + text[end:]


@BY_NETWORK
@EXAMPLES
@given(data=st.data())
def test_a_damaged_postback_never_changes_what_was_signed(network: Network, data: st.DataObject) -> None:
    source, genuine = source_of(network), request_of(network)
    places = [name for name in ("query", "body") if getattr(genuine, name)]
    place = data.draw(st.sampled_from([*places, *sorted(genuine.headers)]))
    if place in genuine.headers:
        value = bend(data, genuine.headers[place].encode("latin-1")).decode("latin-1")
        bent = msgspec.structs.replace(genuine, headers={**genuine.headers, place: value})
    else:
        bent = msgspec.structs.replace(genuine, **{place: bend(data, getattr(genuine, place))})

    original, entry = ask(genuine, source), ask(bent, source)

    assert original.event is not None, original.refusal
    if entry.event is not None:
        assert moved(original.event, entry.event) <= set(entry.unsigned)


def moved(original: msgspec.Struct, bent: msgspec.Struct) -> set[str]:
    """The changed fields. A removed field does not count, because no signature prevents removal."""
    said = {name: (getattr(original, name), getattr(bent, name)) for name in FIELDS}
    return {name for name, (before, after) in said.items() if after is not None and before != after}


@BY_NETWORK
@EXAMPLES
@given(
    query=st.binary(max_size=80),
    body=st.binary(max_size=80),
    value=st.text(max_size=60),
    method=st.sampled_from(METHODS),
)
def test_an_unsigned_request_is_never_accepted(
    network: Network, query: bytes, body: bytes, value: str, method: str
) -> None:
    genuine = request_of(network)
    headers = dict.fromkeys(genuine.headers, value)
    stranger = msgspec.structs.replace(genuine, method=method, query=query, body=body, headers=headers)

    assert ask(stranger, source_of(network)).event is None
