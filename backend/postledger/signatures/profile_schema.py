"""The schema of a signature profile: how one network signs, as an operator writes it in TOML.

These are plain records. `verifier.py` compiles them and refuses profiles that cannot work.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec.inspect import LiteralType, UnionType, VarTupleType, type_info

from postledger.decoding.source_paths import KEY

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Encoding = Literal["hex", "hex-upper", "base64", "base64url"]
Decoding = Literal["raw", "pct", "form"]
KeyForm = Literal["utf8", "base64", "hex", "whsec", "spki", "ed25519"]
UrlForm = Literal["as-is", "without-port", "with-port"]
Mac = Literal[
    "hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512",
    "hash-md5", "hash-sha1", "hash-sha256", "hash-sha384", "hash-sha512", "hash2-sha256",
    "ecdsa-p256-sha256", "ed25519", "token",
]  # fmt: skip


class SignatureLocation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"location": "from"}
):
    """Where a request carries its signature.

    - `path`: `name` is the path template, and the signature replaces `{key}` in it.
    - `split`: the value is a list of signatures, separated by this text.
    - `pair`: items of the list are NAME, this text, VALUE. `pick` lists the names that are verified, the strongest
      first. A weaker one is verified only if the sender sent no stronger one.
    - `prefix`: the value must start with this text.
    - `after`, `before`: the signature is the text between these two.
    - `truncate`: how many characters of the encoded signature are sent; 0 means all.
    """

    location: Literal["header", "query", "form", "json", "path"]
    name: Name
    split: str = ""
    pair: str = ""
    pick: tuple[Name, ...] = ()
    prefix: str = ""
    after: str = ""
    before: str = ""
    encoding: Encoding = "hex"
    truncate: Annotated[int, msgspec.Meta(ge=0)] = 0


class TimestampLocation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"location": "from"}
):
    """Where a request carries its signed timestamp, and its format; `part` is an item of the signature's own list."""

    location: Literal["header", "query", "part"]
    name: Name
    unit: Literal["s", "ms", "us", "iso", "http-date", "minutes"] = "s"
    after: str = ""
    before: str = ""


class IdLocation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"location": "from"}
):
    """The header with the sender's own message id."""

    location: Literal["header"]
    name: Name


class Parameters(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"location": "from"}
):
    """How `{parameters}` of a message is built from the request's parameters.

    - `only`: an ordered list of names. `a|b` means the one of the two that was sent.
    - `drop`: names that are not signed. The parameter with the signature is never signed.
    - `item`, `join`: the template of one parameter, and the text between two of them.
    - `skip`: which parameters are left out, `keep`: the exceptions.
    - `repeated`: what happens if a name was sent twice.
    """

    location: Literal["query", "form", "json"]
    sort: Literal["name", "none"] = "none"
    only: tuple[Name, ...] = ()
    drop: tuple[Name, ...] = ()
    item: str = "{name}={value}"
    join: str = ""
    encode: Literal["none", "form", "rfc3986"] = "none"
    skip: Literal["none", "empty", "absent"] = "none"
    keep: tuple[Name, ...] = ()
    repeated: Literal["refuse", "sorted-unique"] = "refuse"


class BodyDigest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"location": "from"}
):
    """A signed digest of the body in a header or in the query. It must be present and match the body."""

    location: Literal["header", "query"]
    name: Name
    hash: Literal["md5", "sha1", "sha256", "sha384", "sha512"] = "sha256"
    encoding: Encoding = "hex"


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One signature scheme, for the listed methods and body types.

    - `decode`: decodings that the sender may have applied to the query before it signed. They are tried in this order,
      and the parameters are read with the one that verified.
    - `url`: forms of the public URL that the sender may have signed, tried in this order.
    - `drop`: query parameters that are not signed.
    - `signs_no_content`: allows a message without any content of the postback. All its fields are then unsigned.
    - `covers`: parameters, by the sender's names, that the operator expects to be signed. The profile is refused if the
      message does not contain them.
    """

    signature: SignatureLocation
    mac: Mac
    message: str = ""
    key: KeyForm = "utf8"
    methods: tuple[Literal["GET", "POST"], ...] = ("GET", "POST")
    body: Literal["any", "form", "json"] = "any"
    parameters: Parameters | None = None
    timestamp: TimestampLocation | None = None
    id: IdLocation | None = None
    decode: tuple[Decoding, ...] = ()
    url: tuple[UrlForm, ...] = ("as-is",)
    drop: tuple[Name, ...] = ()
    digest: BodyDigest | None = None
    signs_no_content: bool = False
    covers: tuple[Name, ...] = ()


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All schemes of one network, the strongest first. The first one whose signature was sent decides."""

    schemes: Annotated[tuple[Scheme, ...], msgspec.Meta(min_length=1)]

    def name_parameters(self) -> dict[str, str]:
        """Map the parameters that carry signatures and timestamps to the canonical names `sig` and `ts`."""
        timestamps = {s.timestamp.name: "ts" for s in self.schemes if s.timestamp and s.timestamp.location == "query"}
        locations = ("query", "form", "json")
        return timestamps | {s.signature.name: "sig" for s in self.schemes if s.signature.location in locations}


def read_profile(document: object) -> Profile:
    """Read a profile from a TOML table, either with `schemes` or with a single scheme; raises ValueError."""
    is_single = isinstance(document, dict) and "schemes" not in document
    try:
        return msgspec.convert({"schemes": [document]} if is_single else document, Profile)
    except msgspec.ValidationError as error:
        what, _, location = str(error).partition(" - at `$")
        path = location.removesuffix("`")
        raise ValueError(_explain(what, path, path.removeprefix(".schemes[0]") if is_single else path)) from None


def _explain(what: str, path: str, shown_path: str) -> str:
    """Rewrite an error of msgspec: where, what is wrong, what is accepted. The value may be a secret: not quoted."""
    location = shown_path.removeprefix(".")
    if found := _FIELD.fullmatch(what):
        key = f"{location}.{found[2]}".removeprefix(".")
        return f"{key}: is missing; add it" if found[1] else f"{key}: is not a known key; use one of {_list(path)}"
    if what.startswith("Invalid enum value"):
        return f"{location}: is not a supported value; use one of {_list(path)}"
    return f"{location}: {what[:1].lower()}{what[1:]}".removeprefix(": ")


def _list(path: str) -> str:
    """List the keys of the table at a path, or the values of the key there."""
    found: Any = type_info(Profile)
    for name in _PATH_PIECE.findall(path):
        found = _unwrap(next(field.type for field in found.fields if field.encode_name == name))
    if isinstance(found, LiteralType):
        return ", ".join(map(str, found.values))
    return ", ".join(field.encode_name for field in found.fields)


def _unwrap(found: Any) -> Any:
    if isinstance(found, UnionType):  # an optional table
        return found.types[0]
    return found.item_type if isinstance(found, VarTupleType) else found


def make_token_profile(parameter: str, header: str | None, paths: Sequence[str] = ()) -> Profile:
    """Make the profile of a sender that authenticates with a token: in its path, a header, or a parameter."""
    in_paths = [SignatureLocation("path", path) for path in paths if KEY in path]
    in_header = [SignatureLocation("header", header, prefix=_HEADER_PREFIXES.get(header.lower(), ""))] if header else []
    query, form = SignatureLocation("query", parameter), SignatureLocation("form", parameter)
    schemes = [Scheme(signature=location, mac="token") for location in (*in_paths, *in_header, query)]
    return Profile(schemes=(*schemes, Scheme(signature=form, mac="token", methods=("POST",))))


_FIELD = re.compile(r"Object (?:(missing required)|contains unknown) field `([^`]*)`")
_PATH_PIECE = re.compile(r"\.(\w+)")
_HEADER_PREFIXES = {"authorization": "Bearer "}  # HTTP requires an authentication scheme, so a bare token is refused
_WEBHOOK_HEADERS = ("webhook", "svix")

POSTLEDGER_V1 = Profile(
    schemes=(
        Scheme(
            methods=("GET",),
            signature=SignatureLocation("query", "sig"),
            mac="hmac-sha256",
            message="{query}",
            timestamp=TimestampLocation("query", "ts"),
        ),
        *(
            Scheme(
                methods=("POST",),
                signature=SignatureLocation(
                    "header", f"{family}-signature", split=" ", pair=",", pick=("v1",), encoding="base64"
                ),
                mac="hmac-sha256",
                key="whsec",
                message="{id}.{ts}.{body}",
                timestamp=TimestampLocation("header", f"{family}-timestamp"),
                id=IdLocation("header", f"{family}-id"),
            )
            for family in _WEBHOOK_HEADERS
        ),
    )
)
"""The default profile: an HMAC of the query for GET, Standard Webhooks for POST."""
