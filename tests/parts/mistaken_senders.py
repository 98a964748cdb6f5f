"""Senders that sign wrongly, each in one usual way. Their signatures are made with the standard library alone."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from msgspec.structs import replace

from postledger.ingest.read_request import find_format, read_request
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source, find_profile
from postledger.signatures.examination import Examined, examine
from postledger.signatures.mistakes import Diagnosis, diagnose
from postledger.signatures.public_url import read_public_url
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refused
from tests.parts.signed_requests import NOW

_KNOWN = read_known()
SECRET, RETIRED, SLUG = "s3cret-current-9f2c", "s3cret-of-last-year", "acme"
WHSEC = "whsec_" + base64.b64encode(b"sixteen-bytes-ok-and-more").decode()
QUERY = "click_id=ABC%20123&payout=0.50&name=J%C3%B6rg&transaction_id=TXN%3A789&url=https%3A%2F%2Fa.b%2Fc&ts=1790000000"
BODY = b'{"click_id":"ABC 123","payout":12.50,"transaction_id":"TXN789","name":"J\xc3\xb6rg","url":"https://a.b/c"}'
PUBLIC_URL = "https://track.example.com"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def make_source(secret: str = SECRET, **settings: Any) -> Source:
    """A source of a file, with one secret of id 11."""
    document = {"slug": SLUG, "secrets": [secret], "click": "optional", **settings}
    found = read_configuration({"sources": [document]}, {}, _KNOWN).sources[SLUG].settings
    return Source(1, SLUG, found, (Key.from_secret(11, secret),), find_profile(found))


def examine_by(source: Source, request: Request) -> Examined:
    """What the verifier would look at."""
    url = source.settings.public_url
    decoded = read_request(request, source, find_format(request, source))
    found = examine(source.profile, read_public_url(url) if url else None, request, decoded)
    assert found is not None
    return found


def diagnose_by(
    source: Source, request: Request, retired: Sequence[str] = (RETIRED,), rest: Callable[[], None] = lambda: None
) -> Diagnosis:
    """What the diagnosis says of a request; its signature must be wrong."""
    assert not _is_verified(source, request), "this request is signed rightly"
    return diagnose(examine_by(source, request), source.keys, retired, (SLUG, "plt_token"), rest)


def _is_verified(source: Source, request: Request) -> bool:
    try:
        source.verifier.verify(request, read_request(request, source, find_format(request, source)), 1800)
    except Refused:
        return False
    return True


def get(query: str, path: str = f"/tracking/postback/{SLUG}", headers: Mapping[str, str] | None = None) -> Request:
    """A GET with the query as it is."""
    return Request("receipt", NOW, "GET", path=path.encode(), query=query.encode(), headers=headers or {})


def post(body: bytes, headers: Mapping[str, str], media_type: str = JSON) -> Request:
    """A POST with the body as it is."""
    path = f"/tracking/postback/{SLUG}".encode()
    return Request("receipt", NOW, "POST", path=path, body=body, media_type=media_type, headers=headers)


def mac(text: str | bytes, key: str | bytes = SECRET, name: str = "sha256") -> bytes:
    """HMAC of a text."""
    raw_key = key.encode() if isinstance(key, str) else key
    return hmac.new(raw_key, text.encode() if isinstance(text, str) else text, name).digest()


def v1(signed: str | bytes, sent: str = QUERY, key: str | bytes = SECRET) -> Request:
    """A GET of postledger-v1 that signs one string and sends another."""
    return get(f"{sent}&sig={mac(signed, key).hex()}")


def webhook(signed: bytes, body: bytes = BODY, key: bytes | None = None, written: str | None = None) -> Request:
    """A POST of Standard Webhooks that signs one text and sends another."""
    own = base64.b64decode(WHSEC.removeprefix("whsec_")) if key is None else key
    signature = written or "v1," + base64.b64encode(mac(signed, own)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000", "webhook-signature": signature}
    return post(body, headers)


_KEY = base64.b64decode(WHSEC[6:])
_HEAD = b"msg_1.1790000000."
_PARTS = QUERY.split("&")
_PAIRS = [(unquote(name), unquote(value)) for name, _, value in (part.partition("=") for part in _PARTS)]
_DOCUMENT = json.loads(BODY)
_ESCAPED = QUERY.replace("%20", "+")


def _form(signed: str) -> Request:
    request = webhook(_HEAD + signed.encode(), b"click_id=A+B&payout=1&name=x%2Fy")
    return replace(request, media_type=FORM)


def _again(**layout: Any) -> Request:
    return webhook(_HEAD + json.dumps(_DOCUMENT, **layout).encode())


ON_V1: dict[str, tuple[Request, str]] = {
    "echo": (v1(QUERY + "\n"), "line break behind the string"),
    "CRLF": (v1(QUERY + "\r\n"), "CRLF"),
    "question mark": (v1("?" + QUERY), "? in front"),
    "path": (v1(f"/tracking/postback/{SLUG}?{QUERY}"), "path and ?"),
    "decoded": (v1(unquote(QUERY)), "decoded"),
    "decoded as a form": (v1(unquote_plus(_ESCAPED), _ESCAPED), "decoded"),
    "sorted": (v1("&".join(sorted(_PARTS))), "sorted by name"),
    "sorted and decoded": (v1("&".join("=".join(pair) for pair in sorted(_PAIRS))), "sorted by name and decoded"),
    "plus for blanks": (v1(_ESCAPED), "blanks are signed as +"),
    "blanks for plus": (v1(QUERY, _ESCAPED), "blanks are signed as %20"),
    "small escapes": (
        v1(QUERY.replace("%3A", "%3a").replace("%2F", "%2f").replace("%C3%B6", "%c3%b6")),
        "small letters",
    ),
    "capital escapes": (v1(QUERY, QUERY.replace("%3A", "%3a")), "capitals"),
    "RFC 3986": (v1("&".join(f"{n}={quote(v, safe='')}" for n, v in _PAIRS), QUERY.replace("%3A", ":")), "RFC 3986"),
    "slash alone": (v1("&".join(f"{n}={quote(v)}" for n, v in _PAIRS)), "slash"),
    "html": (v1(QUERY.replace("&", "&amp;")), "&amp;"),
    "ampersand": (v1(QUERY + "&"), "& behind"),
    "empty sig": (v1(QUERY + "&sig="), "&sig= behind"),
    "values": (v1("".join(value for _, value in _PAIRS)), "only the values are signed, in order"),
    "values sorted": (v1("".join(value for _, value in sorted(_PAIRS))), "only the values are signed, sorted"),
    "values encoded": (v1("".join(part.partition("=")[2] for part in _PARTS)), "in order, encoded as in the URL"),
    "values sorted and encoded": (
        v1("".join(part.partition("=")[2] for part in sorted(_PARTS))),
        "sorted by name, encoded as in the URL",
    ),
    "decoded and ts added": (
        v1(unquote(QUERY.replace("&ts=1790000000", ""))),
        "ts is added after signing, and the decoded string is signed",
    ),
    "one empty left out": (v1(QUERY, QUERY + "&sub1="), "empty value are left out"),
    "base64url without padding": (
        get(f"{QUERY}&sig={base64.urlsafe_b64encode(mac(QUERY)).decode().rstrip('=')}"),
        "is base64url",
    ),
    "one added": (v1(QUERY.replace("&name=J%C3%B6rg", "")), "name is added after signing"),
    "ts added": (v1(QUERY.replace("&ts=1790000000", "")), "ts is added after signing"),
    "ts first": (v1("ts=1790000000&" + QUERY.replace("&ts=1790000000", "")), "ts is first"),
    "ts last": (v1(QUERY, "ts=1790000000&" + QUERY.replace("&ts=1790000000", "")), "ts is last"),
    "secret with line break": (v1(QUERY, key=SECRET + "\n"), "line break behind the secret"),
    "secret with blank": (v1(QUERY, key=SECRET + " "), "blank behind the secret"),
    "secret quoted": (v1(QUERY, key=f'"{SECRET}"'), "double quotes"),
    "secret as hex": (v1(QUERY, key=SECRET.encode().hex()), "hex of the secret"),
    "secret as base64": (v1(QUERY, key=base64.b64encode(SECRET.encode())), "base64 of the secret"),
    "empty secret": (v1(QUERY, key=""), "empty key"),
    "slug as secret": (v1(QUERY, key=SLUG), "a key that is no secret"),
    "retired secret": (v1(QUERY, key=RETIRED), "a retired secret"),
    "retired and echo": (v1(QUERY + "\n", key=RETIRED), "a retired secret"),
    "capitals": (get(f"{QUERY}&sig={mac(QUERY).hex().upper()}"), "hex in capitals"),
    "base64": (get(f"{QUERY}&sig={quote(base64.b64encode(mac(QUERY)), safe='')}"), "is base64"),
    "base64url": (get(f"{QUERY}&sig={base64.urlsafe_b64encode(mac(QUERY + '1')[:0] + mac(QUERY)).decode()}"), "base64"),
    "base64 of hex": (get(f"{QUERY}&sig={base64.b64encode(mac(QUERY).hex().encode()).decode()}"), "base64 of the hex"),
    "prefix": (get(f"{QUERY}&sig=sha256={mac(QUERY).hex()}"), "sha256= in front"),
    "SHA-1": (get(f"{QUERY}&sig={mac(QUERY, name='sha1').hex()}"), "HMAC-SHA-1"),
    "SHA-512": (get(f"{QUERY}&sig={mac(QUERY, name='sha512').hex()}"), "HMAC-SHA-512"),
    "MD5": (get(f"{QUERY}&sig={mac(QUERY, name='md5').hex()}"), "HMAC-MD5"),
    "secret in front": (
        get(f"{QUERY}&sig={hashlib.sha256((SECRET + QUERY).encode()).hexdigest()}"),
        "secret and the string",
    ),
    "secret behind": (
        get(f"{QUERY}&sig={hashlib.sha256((QUERY + SECRET).encode()).hexdigest()}"),
        "string and the secret",
    ),
    "capitals and echo": (get(f"{QUERY}&sig={mac(QUERY + chr(10)).hex().upper()}"), "hex in capitals"),
    "three at once": (get(f"{QUERY}&sig={mac(QUERY + chr(10), RETIRED).hex().upper()}"), "a retired secret"),
}
"""What is sent to a source of postledger-v1, and words of the mistake that must be named."""

ON_WEBHOOKS: dict[str, tuple[Request, str]] = {
    "compact": (_again(separators=(",", ":"), ensure_ascii=False), "compact"),
    "with blanks": (_again(ensure_ascii=False), "with blanks"),
    "ASCII": (_again(), "with blanks, with ASCII escapes"),
    "indented": (_again(indent=2, ensure_ascii=False), "indented by 2"),
    "indented by 4": (_again(indent=4, sort_keys=True), "indented by 4, sorted by name"),
    "line break gained": (webhook(_HEAD + BODY, BODY + b"\n"), "is sent and not signed"),
    "line break lost": (webhook(_HEAD + BODY + b"\n"), "line break"),
    "CRLF lines": (webhook(_HEAD + b"{\n}", b"{\r\n}"), "LF and sent as CRLF"),
    "BOM": (webhook(_HEAD + BODY, b"\xef\xbb\xbf" + BODY), "BOM"),
    "empty body": (webhook(_HEAD), "empty body"),
    "no id": (webhook(b"1790000000." + BODY), "{id} is left out"),
    "only the body": (webhook(BODY), "only the body"),
    "id and time swapped": (webhook(b"1790000000.msg_1." + BODY), "{id} and {ts} are swapped"),
    "whsec_ kept": (webhook(_HEAD + BODY, key=WHSEC.encode()), "whsec_ kept"),
    "not decoded": (webhook(_HEAD + BODY, key=WHSEC.removeprefix("whsec_").encode()), "not decoded"),
    "v1 in the secret": (webhook(_HEAD + BODY, key=f"v1,{WHSEC}".encode()), "v1, in front of the secret"),
    "v1=": (webhook(b"", written="v1=" + base64.b64encode(mac(_HEAD + BODY, _KEY)).decode()), "v1= in place of v1,"),
    "JSON of Go": (webhook(_HEAD + b'{"u":"a\\u0026b\\u003c"}', b'{"u": "a&b<"}'), "(Go)"),
    "no v1": (
        webhook(b"", written=base64.b64encode(mac(_HEAD + BODY, _KEY)).decode()),
        "v1, is missing",
    ),
    "hex": (webhook(b"", written="v1," + mac(_HEAD + BODY, _KEY).hex()), "hex in small letters"),
}
"""What is sent to a source of Standard Webhooks with a `whsec_` secret."""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what those networks do


def _ayet(signed: str) -> Request:
    query = "amount=2.50&uid=a%20b&adslot_id=7"
    return get(query, headers={"x-ayetstudios-security-hash": mac(signed).hex()})


def _wall(template: str, name: str = "") -> Request:
    signature = hashlib.new(name, template.encode()).hexdigest() if name else _md5(template)
    return get(f"id=T1&new=5&uid=U%3A1&oid=O1&total=5&sig={signature}")


def _stripe(signed: bytes) -> Request:
    return post(BODY, {"stripe-signature": f"t=1790000000,v1={mac(signed).hex()}"})


_HUB = {"x-hub-signature-256": mac(BODY).hex()}
_URL = f"{PUBLIC_URL}/tracking/postback/{SLUG}"
_BITLABS = "tx=T1&uid=U1&val=100"

ON_WEBHOOKS |= {
    "form decoded": (_form("click_id=A B&payout=1&name=x/y"), "decoded"),
    "form sorted": (_form("click_id=A+B&name=x%2Fy&payout=1"), "sorted by name"),
    "form with %20": (_form("click_id=A%20B&payout=1&name=x%2Fy"), "blanks are signed as %20"),
    "form as JSON": (_form('{"click_id":"A B","payout":"1","name":"x/y"}'), "as JSON"),
    "JSON with CRLF": (webhook(_HEAD + b"{\r\n}", b"{\n}"), "signed as CRLF"),
    "JSON of PHP": (webhook(_HEAD + b'{"u":"a\\/b"}', b'{"u": "a/b"}'), "escaped slashes"),
    "JSON of JavaScript": (webhook(_HEAD + b'{"p":12.5,"n":1000}', b'{"p": 12.50, "n": 1e3}'), "compact"),
    "JSON of Python": (
        webhook(_HEAD + b'{"a": "\\u00f6", "b": [1, 2]}', '{"a":"ö","b":[1,2]}'.encode()),
        "ASCII escapes",
    ),
    "no time": (webhook(b"msg_1." + BODY), "{ts} is left out"),
    "other separator": (webhook(b"msg_1:1790000000:" + BODY), "joined by :"),
    "milliseconds": (webhook(b"msg_1.1790000000000." + BODY), "signed in milliseconds"),
}

ON_PRESETS: dict[str, tuple[str, Request, str]] = {
    "address without host": ("bitlabs", get(f"{_BITLABS}&hash={mac(_BITLABS, name='sha1').hex()}"), "only the query"),
    "http for https": (
        "bitlabs", get(f"{_BITLABS}&hash={mac(f'http{_URL[5:]}?{_BITLABS}', name='sha1').hex()}"), "http:// in place"),
    "address of the sandbox": (
        "bitlabs",
        get(f"{_BITLABS}&hash={mac(f'{PUBLIC_URL}/sandbox/postback/{SLUG}?{_BITLABS}', name='sha1').hex()}"),
        "the address of the sandbox"),
    "SHA-256 for SHA-1": ("bitlabs", get(f"{_BITLABS}&hash={mac(f'{_URL}?{_BITLABS}').hex()}"), "HMAC-SHA-256"),
    "not sorted": ("ayet", _ayet("amount=2.50&uid=a+b&adslot_id=7"), "not sorted"),
    "percent-encoded": ("ayet", _ayet("adslot_id=7&amount=2.50&uid=a%20b"), "RFC 3986"),
    "other joint": ("unity-ads", get(f"sid=S1&oid=O1&hmac={mac('oid=O1&sid=S1', name='md5').hex()}"), "joined by &"),
    "no separator": ("superrewards", _wall(f"T15U:1{SECRET}"), "joined by nothing"),
    "secret first": ("superrewards", _wall(f"{SECRET}T15U:1"), "the secret is first"),
    "values encoded": ("superrewards", _wall(f"T1:5:U%3A1:{SECRET}"), "encoded"),
    "SHA-1 for MD5": ("superrewards", _wall(f"T1:5:U:1:{SECRET}", "sha1"), "SHA-1"),
    "swapped": ("superrewards", _wall(f"5:T1:U:1:{SECRET}"), "{query:id} and {query:new} are swapped"),
    "stripe without time": ("stripe-style", _stripe(BODY), "only the body"),
    "github without prefix": ("github-style", post(BODY, _HUB), "sha256= is missing"),
    "shopify in hex": ("shopify-style", post(BODY, {"x-shopify-hmac-sha256": mac(BODY).hex()}), "hex in small letters"),
}  # fmt: skip
"""What is sent to the sources of presets: the preset, the request, and words of the mistake."""
