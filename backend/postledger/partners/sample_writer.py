"""Writes the requests that samples are made of, by the names and the signature of a source, and judges them.

The signer writes them and the code of real postbacks judges them, so a sample cannot promise what that code does not
do. Pure.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from postledger.decoding.json_v2 import NAMES
from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.partners.signer import MEDIA_TYPES, CannotSign, Pairs, SignedRequest, make_forged, make_get, make_post
from postledger.policy.source import Source
from postledger.signatures.message_template import find_placeholders
from postledger.signatures.profile_schema import Scheme
from postledger.vocabulary.conversion_event import DEFAULT_EVENT
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.sample_click import SAMPLE_CLICK
from postledger.vocabulary.statuses import Status

Way = Literal["query", "form", "json"]
"""Where a sample has its parameters: in the query of a GET, or in the body of a POST."""

WAYS: tuple[Way, ...] = ("query", "json", "form")
_PAYOUTS = ("1.50", "150", "1,50")  # one of them is right for each format of amounts
_RECEIPT = "00000000-0000-7000-8000-000000000000"
_NESTED = {canonical: path for path, canonical in NAMES.items()}


class Wish(msgspec.Struct, frozen=True):
    """What the samples shall say: an event by the source's or our name, and a status."""

    event: str | None = None
    status: Status | None = None


ANYTHING = Wish()


class SampleWriter(msgspec.Struct, frozen=True, dict=True):
    """Writes requests of one source in one way. `serial` tells the samples apart."""

    source: Source
    way: Way
    unix_s: int
    serial: str
    wish: Wish = ANYTHING
    fields: Mapping[str, str] = {}
    """The values of a valid postback by their canonical names, without the ids."""

    @cached_property
    def schemes(self) -> list[Scheme]:
        """The schemes of the profile that can sign this way."""
        method = "GET" if self.way == "query" else "POST"
        return [scheme for scheme in self.source.profile.schemes if method in scheme.methods and self._fits(scheme)]

    def _fits(self, scheme: Scheme) -> bool:
        location = scheme.signature.location
        return scheme.body in ("any", self.way) and (location not in ("form", "json") or location == self.way)

    @cached_property
    def signed_names(self) -> list[str]:
        """The sender's names of the parameters that the signature needs."""
        scheme = self.schemes[0] if self.schemes else None
        if scheme is None or scheme.mac == "token":
            return []
        parted = [one.partition(":") for one in find_placeholders(scheme.message)]
        names = [name.removesuffix("?") for kind, _, name in parted if kind in ("query", "form", "json") and name]
        listed = scheme.parameters.only if scheme.parameters is not None else ()
        own = {scheme.signature.name, *([scheme.timestamp.name] if scheme.timestamp else [])}
        return [name for name in (*names, *(one.partition("|")[0] for one in listed)) if name not in own]

    @property
    def is_nested(self) -> bool:
        """Whether the source takes only bodies of version 2."""
        return "1" not in self.source.versions

    def name_of(self, canonical: str) -> str | None:
        """Find the sender's name of a parameter; None if it has none."""
        if self.is_nested:
            return canonical if canonical in _NESTED or canonical == "v" else None
        names = [name for name, meant in self.source.canonical_names.items() if meant == canonical]
        own = [name for name in self.source.settings.params.get(canonical, ()) if name in names]
        return next((name for name in (*self.signed_names, *own, *names) if name in names), None)

    @property
    def ids(self) -> dict[str, str]:
        """The ids of a sample. Its transaction id is new, and so is its click where that names the conversion."""
        has_own_click = self.name_of("transaction_id") is None or self._rules_key() == "click"
        click_id = f"{SAMPLE_CLICK}{self.source.id}" + (f"-{self.serial}" if has_own_click else "")
        return {"click_id": click_id, "transaction_id": f"sample-{self.serial}"}

    def _rules_key(self) -> str:
        return self.source.rules_for(self.wish.event or DEFAULT_EVENT).key_by

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        """Write the parameters of a valid postback by the sender's names, with some values changed."""
        values = {**self.ids, **self.fields, **changes}
        named = [(self.name_of(canonical), value) for canonical, value in values.items()]
        pairs = [(name, value) for name, value in named if name is not None]
        sent = {name for name, _ in pairs}
        return pairs + [(name, "5") for name in self.signed_names if name not in sent]

    def sign(self, pairs: Pairs, *, unix_s: int | None = None, text: str | None = None) -> SignedRequest | None:
        """Write a request, signed as the source's sender signs. None if it cannot be signed."""
        is_open = self.source.settings.auth == "none"
        if not is_open and not self.source.keys:
            return None
        key, at = None if is_open else self.source.keys[0], self.unix_s if unix_s is None else unix_s
        if text is None and self.is_nested:
            text = self.write_nested(pairs)
        try:
            if self.way == "query":
                return make_get(self.source, key, pairs, at)
            message_id = f"msg_{self.serial}"
            return make_post(self.source, key, pairs, self.way, message_id=message_id, unix_s=at, text=text)
        except CannotSign:
            return None

    def forge(self, pairs: Pairs, signature: str) -> SignedRequest | None:
        """Write a request with a signature of any text. None if this way has no signature."""
        kind = None if self.way == "query" else self.way
        message_id = f"msg_{self.serial}"
        try:
            return make_forged(self.source, pairs, kind, message_id=message_id, unix_s=self.unix_s, forged=signature)
        except CannotSign:
            return None

    def leave_unsigned(self, pairs: Pairs) -> SignedRequest:
        """Write a request without a signature."""
        if self.way == "query":
            return make_get(self.source, None, pairs, self.unix_s)
        text = self.write_nested(pairs) if self.is_nested else None
        return make_post(self.source, None, pairs, self.way, message_id="", unix_s=self.unix_s, text=text)

    def post_text(self, text: str, media_type: str = MEDIA_TYPES["json"]) -> SignedRequest:
        """Write a POST of any text, without a signature."""
        path = f"/tracking/postback/{self.source.slug}"
        return SignedRequest("POST", path, {"Content-Type": media_type}, text.encode())

    def write_nested(self, pairs: Pairs) -> str:
        """Write a body of version 2. A parameter that is sent twice is in it twice."""
        groups: dict[str, list[str]] = {"": [], "conversion": [], "amount": []}
        if "v" not in dict(pairs):
            groups[""].append('"v":2')
        for canonical, value in pairs:
            *group, name = _NESTED.get(canonical, (canonical,))
            groups["".join(group)].append(f"{json.dumps(name)}:{json.dumps(value)}")
        objects = [f'"{name}":{{{",".join(members)}}}' for name, members in groups.items() if name and members]
        return "{" + ",".join([*groups[""], *objects]) + "}"

    def judge(self, request: SignedRequest) -> Entry:
        """Judge a request as if it arrived when it was signed."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, _, query = request.target.partition("?")
        received = Request(
            _RECEIPT, datetime.fromtimestamp(self.unix_s, UTC), request.method,
            path=urlsplit(path).path.encode(), query=query.encode(), body=request.body,
            media_type=headers.get("content-type", ""), headers=headers,
        )  # fmt: skip
        return evaluate(received, self.source)


def find_writer(
    source: Source, unix_s: int, serial: str, wish: Wish = ANYTHING, ways: Sequence[Way] = WAYS
) -> SampleWriter | None:
    """Find a way to write a valid postback of a source; None if only its sender can sign one."""
    for way in ways:
        blank = SampleWriter(source, way, unix_s, serial, wish)
        for fields in _list_fields(blank):
            writer = replace(blank, fields=fields)
            if _says(writer, wish):
                return writer
    return None


def find_any_writer(source: Source, unix_s: int, serial: str, ways: Sequence[Way] = WAYS) -> SampleWriter:
    """Give a writer of requests that are not signed, for a source whose postbacks only its sender can sign."""
    writers = [SampleWriter(source, way, unix_s, serial) for way in ways]
    return next((writer for writer in writers if writer.schemes), writers[0])


def _list_fields(writer: SampleWriter) -> Iterator[dict[str, str]]:
    """List what a postback could say, the most telling first."""
    said = _write_wish(writer)
    currency = {"currency": writer.source.settings.currency}
    for payout in _PAYOUTS:
        yield {**said, "payout": payout, **currency}
        yield {**said, "payout": payout}
    yield said


def _write_wish(writer: SampleWriter) -> dict[str, str]:
    settings, said = writer.source.settings, dict[str, str]()
    if writer.wish.event is not None:
        said["event"] = settings.event_names.get(writer.wish.event, (writer.wish.event,))[0]
    if writer.wish.status is not None:
        said["status"] = settings.statuses.get(writer.wish.status, (writer.wish.status.value,))[0]
    elif writer.source.settings.statuses.get(Status.APPROVED):
        said["status"] = settings.statuses[Status.APPROVED][0]
    return said


def _says(writer: SampleWriter, wish: Wish) -> bool:
    """Return whether a postback can be signed, is valid, and says what was wished."""
    signed = writer.sign(writer.pairs())
    if signed is None:
        return False
    entry = writer.judge(signed)
    event = entry.event
    if entry.refusal is not None or event is None or entry.observed:
        return False
    names = {wish.event, *([wish.event.lower()] if wish.event else [])}
    is_wished = wish.event is None or event.event in names or "event" in writer.fields
    return is_wished and event.status == (wish.status or Status.APPROVED)
