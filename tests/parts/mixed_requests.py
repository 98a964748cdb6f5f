"""Requests from a fixed seed: all presets and dialects, good and bad, in every form that a sender may use."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from postledger.partners.sample_writer import Way
from postledger.partners.samples import TOKEN, Order, Samples, make_samples
from postledger.partners.signer import SignedRequest
from postledger.platform.keyring import Keyring
from postledger.policy.read import load_policy
from postledger.policy.source import Source
from postledger.vocabulary.operator_error import NotPossible
from tests.parts.preset_sources import KNOWN, ONLY_THEIRS, SECRET, make_dialect_source, make_preset_source, make_source
from tests.parts.sources import UNLIMITED, add_click, add_source

Random = random.Random
ORDERS: tuple[Way, ...] = ("query", "form", "json")


@dataclass(frozen=True, slots=True)
class Mixed:
    """One request of production, and the same one for the sandbox."""

    request: SignedRequest
    sandbox_target: str


def list_mixed_sources() -> dict[str, tuple[Source, str]]:
    """A source of each kind by its slug, with its secret."""
    usual = {"open": {"auth": "none"}, "watched": {"mode": "observe"}, "demo": {"click": "optional"}, "strict": {}}
    made = {slug: (make_source(SECRET, **own), SECRET) for slug, own in usual.items()}
    made["every"] = make_source(SECRET, duplicates="every", click="optional"), SECRET
    made["second"] = make_source(SECRET, versions=[2]), SECRET
    for name in KNOWN.presets:
        made[f"p-{name}"] = make_preset_source(name), ONLY_THEIRS.get(name, SECRET)
    for name in KNOWN.dialects:
        made[f"d-{name}"] = make_dialect_source(name, "token"), SECRET
    return made


def add_mixed_sources(url: str, master_key: str) -> Mapping[str, Source]:
    """Add them to a ledger, and read them as the backend does."""
    claimed = {"/click", "/"}  # belong to click links, and in the sandbox to the partner page
    for slug, (source, secret) in list_mixed_sources().items():
        settings = msgspec.to_builtins(source.settings)
        # Several trackers have the same path, which would then belong to none of their sources.
        settings["paths"] = sorted(set(source.settings.paths) - claimed)
        claimed |= set(settings["paths"])
        secrets = [] if source.settings.auth == "none" else [secret]
        add_source(url, master_key, slug, secrets, {**settings, **UNLIMITED})
    with psycopg.connect(url, autocommit=True) as connection:
        sources = load_policy(connection, Keyring([master_key])).sources
    assert sources.keys() >= list_mixed_sources().keys()
    return sources


def make_mixture(url: str, sources: Mapping[str, Source], number: int, unix_s: int, seed: int) -> list[Mixed]:
    """Make so many requests. Some are repeated, and some are damaged."""
    chance = Random(seed)
    samples, clicks = _make_all(sources, unix_s)
    for click_id in clicks:
        add_click(url, click_id)
    return [_vary(chance, *chance.choice(samples)) for _ in range(number)]


def _make_all(sources: Mapping[str, Source], unix_s: int) -> tuple[list[tuple[Source, SignedRequest]], list[str]]:
    samples, clicks = [], set[str]()
    for slug in list_mixed_sources():
        for made in _make_of(sources[slug], unix_s):
            samples += [(sources[slug], sample.request) for sample in made.samples]
            clicks |= set(made.clicks)
    return samples, sorted(clicks)


def _make_of(source: Source, unix_s: int) -> Iterator[Samples]:
    for way in ORDERS:
        try:
            yield make_samples(source, Order(ways=(way,), is_for_operator=True), unix_s, f"{source.slug}{way}")
        except NotPossible:  # a network that sends no postback in this form
            continue


def _vary(chance: Random, source: Source, request: SignedRequest) -> Mixed:
    if chance.random() < 0.8:
        request = _put_token(request)
    path, mark, query = request.target.partition("?")
    if chance.random() < 0.1:
        query, request = _damage(chance, query), msgspec.structs.replace(request, body=_cut(chance, request.body))
    if source.settings.paths and chance.random() < 0.5:
        path = chance.choice(source.settings.paths).replace("{key}", SECRET)
    sandbox = "/sandbox" + path.removeprefix("/tracking")
    if chance.random() < 0.02:
        request = msgspec.structs.replace(request, method=chance.choice(("PUT", "HEAD", "DELETE")))
    return Mixed(msgspec.structs.replace(request, target=path + mark + query), sandbox + mark + query)


def _put_token(request: SignedRequest) -> SignedRequest:
    """A sample holds no secret: it has a word in the place of a token."""
    body, headers = request.body, request.headers
    return msgspec.structs.replace(
        request,
        target=request.target.replace(TOKEN, SECRET),
        headers={name: value.replace(TOKEN, SECRET) for name, value in headers.items()},
        body=body.replace(TOKEN.encode(), SECRET.encode()),
    )


def _damage(chance: Random, query: str) -> str:
    parts = query.split("&")
    chance.shuffle(parts)
    return "&".join([*parts, *chance.choice(((), ("payout=1e3",), ("x=%zz",), (parts[0],), ("status=trash",)))])


def _cut(chance: Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))] if body else body


def partition(mixture: Sequence[Mixed], count: int) -> list[list[Mixed]]:
    """Share requests out by their paths, so that those of one source stay in their order."""
    shares: list[list[Mixed]] = [[] for _ in range(count)]
    for mixed in mixture:
        shares[sum(mixed.request.target.partition("?")[0].encode()) % count].append(mixed)
    return shares
