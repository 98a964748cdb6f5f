"""The published signatures of real networks through the whole backend: believed as they stand, refused when changed.

Those that sign the time are years old, so their sources have a tolerance that no operator could set; that a tolerance
holds is judged by the tests of the domain, at the time of each example.
"""

import msgspec
import pytest

from tests.http.conftest import Service
from tests.parts.sender import Answer, Postback
from tests.parts.sources import add_source
from tests.parts.vectors import Vector, read_vectors

VECTORS = read_vectors()
AGES_S = 10**9


def slug_of(vector: Vector) -> str:
    return "vector-" + vector.name.partition("-")[0]


@pytest.fixture(scope="module")
def networks(service: Service, master_key: str) -> Service:
    """A source for each example, verified by its own profile under the example's address."""
    for vector in VECTORS:
        profile = msgspec.to_builtins(vector.profile)
        settings = {
            "click": "optional", "currency": "USD", "public_url": vector.public_url, "signature": profile,
            "timestamp_tolerance_s": AGES_S,
        }  # fmt: skip
        add_source(service.database, master_key, slug_of(vector), [vector.secret], settings)
    service.backend.wait_for_source(slug_of(VECTORS[-1]))
    return service


def send(networks: Service, vector: Vector, *, forged: bool = False) -> Answer:
    headers, query, body = dict(vector.headers), vector.query, vector.body
    place = vector.profile.schemes[0].signature
    if forged and place.location == "header":
        headers = {name: _forge(value) if name == place.name else value for name, value in headers.items()}
    if forged and place.location == "query":
        query = query.replace(f"{place.name}=".encode(), f"{place.name}=0".encode())
    if forged and place.location in ("form", "json"):
        body = body.replace(b'signature": "', b'signature": "A').replace(b"HASH=", b"HASH=0")
    target = f"/tracking/postback/{slug_of(vector)}" + (f"?{query.decode()}" if query else "")
    headers = {"Content-Type": "application/json", **headers} if vector.method == "POST" else headers
    return networks.send(Postback(vector.method, target, body, headers))


def _forge(signature: str) -> str:
    counts, beside, ignored = signature.partition(",v0=")
    return counts[:-4] + ("0000" if counts[-4:] != "0000" else "1111") + beside + ignored


def test_all_published_examples_are_here() -> None:
    assert len(VECTORS) == 35


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_example_is_believed_and_its_forgery_is_not(networks: Service, vector: Vector) -> None:
    genuine, forged = send(networks, vector), send(networks, vector, forged=True)

    # What is believed is read; that most examples have no click id, or no parameters at all, is another matter.
    assert genuine.code in (200, 400)
    assert genuine.reason in (None, "missing_parameter", "malformed", "unsupported_media_type")
    assert (forged.code, forged.reason) == (401, "bad_signature")
