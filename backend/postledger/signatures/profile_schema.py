"""The format of a signature profile: what a file can say of how one network signs.

Plain records without behaviour: `compile.py` turns them into what verifies, and refuses what could never be filled.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from postledger.decoding.source_paths import KEY

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Encoding = Literal["hex", "hex-upper", "hex-any", "base64", "base64url"]
Decoding = Literal["raw", "pct", "form"]
KeyForm = Literal["utf8", "base64", "hex", "whsec", "spki", "ed25519"]
UrlForm = Literal["as-is", "without-port", "with-port"]
Mac = Literal[
    "hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512",
    "hash-md5", "hash-sha1", "hash-sha256", "hash-sha384", "hash-sha512", "hash2-sha256",
    "ecdsa-p256-sha256", "ed25519", "token",
]  # fmt: skip


class SignaturePlace(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"place": "from"}
):
    """Where the signature stands. With `split`, it is an item of a list; with `pair`, the items have names.

    In a path it stands where `name`, which is that path, has `{key}`.
    `pick` names the items that count, the strongest first: a weaker one counts only where no stronger one was sent.
    `prefix` must stand before it; `after` skips everything up to and with that text, `before` ends it.
    """

    place: Literal["header", "query", "form", "json", "path"]
    name: Name
    split: str = ""
    pair: str = ""
    pick: tuple[Name, ...] = ()
    prefix: str = ""
    after: str = ""
    before: str = ""
    encoding: Encoding = "hex"
    truncate: Annotated[int, msgspec.Meta(ge=0)] = 0


class TimestampPlace(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"place": "from"}
):
    """Where the signed time stands, `part` being an item of the signature's own list, and in what form."""

    place: Literal["header", "query", "form", "json", "part"]
    name: Name
    unit: Literal["s", "ms", "us", "iso", "http-date", "minutes"] = "s"
    after: str = ""
    before: str = ""


class IdPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"place": "from"}):
    """The header where the sender's own id of the message stands."""

    place: Literal["header"]
    name: Name


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"place": "from"}):
    """How parameters are written into the message: which, in what order, each as what, and joined by what.

    `only` is an ordered list of names; `a|b` takes whichever of the two was sent. `drop` leaves names out, and the
    signature's own name is always left out. `skip` tells what is left out silently; `keep` are exceptions to it.
    """

    place: Literal["query", "form", "json"]
    sort: Literal["name", "none"] = "none"
    only: tuple[Name, ...] = ()
    drop: tuple[Name, ...] = ()
    item: str = "{name}={value}"
    join: str = ""
    encode: Literal["none", "form", "rfc3986"] = "none"
    skip: Literal["none", "empty", "absent"] = "none"
    keep: tuple[Name, ...] = ()
    repeated: Literal["refuse", "sorted-unique"] = "refuse"


class BodyDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"place": "from"}):
    """A digest of the body that is carried, signed, somewhere else; where it is demanded, it must be right."""

    place: Literal["header", "query"]
    name: Name
    hash: Literal["md5", "sha1", "sha256", "sha384", "sha512"] = "sha256"
    encoding: Encoding = "hex"


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to sign, for the methods and bodies that it names.

    `decode` lists how a signed query may have been decoded before it was signed; the parameters are then read as what
    verified. `drop` names parameters of the query that are never signed. `signs_no_content` admits a message in which
    nothing of the postback stands: all that it says is then unsigned. `covers` claims that parameters are signed, by
    the sender's names; what is signed follows from the message alone, and a claim that it does not bear out is refused.
    """

    signature: SignaturePlace
    mac: Mac
    message: str = ""
    key: KeyForm = "utf8"
    methods: tuple[Literal["GET", "POST"], ...] = ("GET", "POST")
    body: Literal["any", "form", "json"] = "any"
    parameters: Parameters | None = None
    timestamp: TimestampPlace | None = None
    id: IdPlace | None = None
    decode: tuple[Decoding, ...] = ()
    url: tuple[UrlForm, ...] = ("as-is",)
    drop: tuple[Name, ...] = ()
    digest: BodyDigest | None = None
    signs_no_content: bool = False
    covers: tuple[Name, ...] = ()


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All the ways in which one network signs, the strongest first: the first that was sent must be right."""

    schemes: Annotated[tuple[Scheme, ...], msgspec.Meta(min_length=1)]

    def name_parameters(self) -> dict[str, str]:
        """Map the parameters in which signatures and their times are sent to the canonical `sig` and `ts`."""
        places = ("query", "form", "json")
        times = {s.timestamp.name: "ts" for s in self.schemes if s.timestamp and s.timestamp.place in places}
        return times | {s.signature.name: "sig" for s in self.schemes if s.signature.place in places}


def read_profile(document: object) -> Profile:
    """Read a profile from a table: one with `schemes`, or a single scheme; ValueError tells what does not fit."""
    if isinstance(document, dict) and "schemes" not in document:
        document = {"schemes": [document]}
    return msgspec.convert(document, Profile)


def make_token_profile(parameter: str, header: str | None, paths: Sequence[str] = ()) -> Profile:
    """Make the profile of a sender that proves itself by a token: in its path, a header, or a parameter."""
    in_paths = [SignaturePlace("path", path) for path in paths if KEY in path]
    in_header = [SignaturePlace("header", header, prefix=_SCHEMES_OF_HEADERS.get(header.lower(), ""))] if header else []
    query, form = SignaturePlace("query", parameter), SignaturePlace("form", parameter)
    schemes = [Scheme(signature=place, mac="token") for place in (*in_paths, *in_header, query)]
    return Profile(schemes=(*schemes, Scheme(signature=form, mac="token", methods=("POST",))))


_SCHEMES_OF_HEADERS = {"authorization": "Bearer "}  # a bare token there is not what HTTP says, and does not pass
_WEBHOOK_HEADERS = ("webhook", "svix")

POSTLEDGER_V1 = Profile(
    schemes=(
        Scheme(
            methods=("GET",),
            signature=SignaturePlace("query", "sig"),
            mac="hmac-sha256",
            message="{query}",
            timestamp=TimestampPlace("query", "ts"),
        ),
        *(
            Scheme(
                methods=("POST",),
                signature=SignaturePlace(
                    "header", f"{family}-signature", split=" ", pair=",", pick=("v1",), encoding="base64"
                ),
                mac="hmac-sha256",
                key="whsec",
                message="{id}.{ts}.{body}",
                timestamp=TimestampPlace("header", f"{family}-timestamp"),
                id=IdPlace("header", f"{family}-id"),
            )
            for family in _WEBHOOK_HEADERS
        ),
    )
)
"""The profile that is used where no other is named: the query's HMAC for GET, Standard Webhooks for POST."""
