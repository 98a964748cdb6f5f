"""Writes the parts of the partner page that repeat what the code knows: the reference and the signing examples.

`python -m tests.parts.partner_page` writes them into `edge/partner-page/page.html`. A test compares the file with them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from postledger.decoding.parameters import CANONICAL_NAMES, SUB_NAMES
from postledger.http.answers import STATUS_BY_REASON
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status
from tests.parts.documents import ROOT

PAGE = ROOT / "edge/partner-page/page.html"
EXAMPLES = {
    "curl": ("sign.sh", "bash"),
    "python": ("sign.py", "python3"),
    "php": ("sign.php", "php"),
    "node": ("sign.mjs", "node"),
    "go": ("sign.go", "go run"),
}
"""By language: its example of `examples/signing/`, and the command that runs it."""
ADDRESS = "https://EDGE/sandbox/postback/SOURCE"
VALUES = "ABC123 TXN789 12.50"

_PARAMETERS = {
    "click_id": ("yes", "The id that came with the visitor. 1 to 255 printable characters."),
    "transaction_id": ("no", "Your own id of the conversion. Send it if one click can bring several sales."),
    "event": ("no", "What happened: `sale`, `install`, `deposit`. Without it: `conversion`."),
    "status": ("no", f"{', '.join(f'`{status}`' for status in Status)}, or a word of yours. Without it: `approved`."),
    "payout": ("no", "Digits with a decimal point: `12.50`. No comma, no currency sign, no exponent."),
    "currency": ("no", "ISO 4217: `USD`. Without it: the currency of the source."),
    "affiliate_id": ("no", "Up to 255 printable characters. May be empty."),
    "sub1 … sub10": ("no", "Labels: any text. A label never costs the conversion."),
    "event_time": ("no", "ISO 8601 with an offset, or unix seconds. Without it: when it arrives."),
    "reverses": ("no", "With `status=reversed`: the transaction id of the sale that is taken back."),
    "v": ("no", "The version of the API: `1`, or `2` for a nested JSON body."),
    "ts": ("signed GET", "Unix time in seconds, part of what is signed."),
    "sig": ("signed GET", "Lower-case hex of HMAC-SHA256 over the query without `sig`."),
}
_REFUSALS = {
    Reason.UNKNOWN_SOURCE: ("No source has this name.", "Check the address."),
    Reason.NOT_FOUND: ("No such path.", "Check the address."),
    Reason.IP_NOT_ALLOWED: ("Your address is not on the list of the source.", "Tell the operator your address."),
    Reason.CLIENT_CERTIFICATE: ("The source wants a client certificate that it trusts.", "Talk to the operator."),
    Reason.RATE_LIMITED: ("Too fast.", "Wait as long as `Retry-After` says, then repeat."),
    Reason.METHOD_NOT_ALLOWED: ("Neither GET nor POST.", "Use one of them."),
    Reason.PAYLOAD_TOO_LARGE: ("The body has more than 64 KiB.", "Send less."),
    Reason.TIMEOUT: ("The body did not arrive in time.", "Repeat later."),
    Reason.UNSUPPORTED_MEDIA_TYPE: ("The body is neither a form nor JSON in UTF-8.", "Set `Content-Type`."),
    Reason.MALFORMED: ("The query, form or JSON cannot be read. `cause` says why.", "Correct the encoding."),
    Reason.DUPLICATE_PARAMETER: ("A parameter came twice.", "Send it once."),
    Reason.MISSING_SIGNATURE: ("The signature is not there, or it does not cover a field.", "Sign the request."),
    Reason.BAD_SIGNATURE: ("No live secret gives this signature.", "Check the secret, then the string."),
    Reason.STALE_TIMESTAMP: ("The signed time is too old.", "Sign again, then repeat."),
    Reason.FUTURE_TIMESTAMP: ("The signed time is more than 5 minutes ahead.", "Set your clock."),
    Reason.UNRESOLVED_MACRO: ("A placeholder was not filled.", "Correct your template."),
    Reason.UNSUPPORTED_VERSION: ("The source does not accept this version.", "Use version `1`."),
    Reason.MISSING_PARAMETER: ("A required parameter is not there.", "Add it."),
    Reason.INVALID_PARAMETER: ("A value does not have its form.", "Correct the named parameter."),
    Reason.UNKNOWN_CLICK: ("No visitor was sent with this click id.", "Check the macro of the click id."),
    Reason.CONFLICT: ("It contradicts what is on the ledger.", "Talk to the operator."),
    Reason.UNAVAILABLE: ("It cannot be written at the moment.", "Repeat after `Retry-After` seconds."),
}
_REPEATS = (
    ("2xx", "No", "It is done. `duplicate` is success too."),
    ("429, 503", "Yes", "After `Retry-After` seconds, then at growing pauses, for hours if need be."),
    ("500, a time-out, a broken connection", "Yes", "It may be recorded. The repeat is then a `duplicate`."),
    ("401 `stale_timestamp`", "Yes", "Sign it again first."),
    ("any other 4xx", "No", "The same request gets the same answer."),
)
_REGION = re.compile(r"(?<=<!-- generated: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def make_page(text: str) -> str:
    """Replace the generated regions of the page."""
    regions = {"examples": _write_examples, "reference": _write_reference}
    return _REGION.sub(lambda found: found[1] + found[2] + regions[found[1]](), text)


def _write_examples() -> str:
    return "".join(_write_panel(language, *example) for language, example in EXAMPLES.items())


def _write_panel(language: str, file: str, command: str) -> str:
    line = f"POSTBACK_SECRET='…' {command} {file} get {ADDRESS} {VALUES}"
    source = (ROOT / "examples/signing" / file).read_text("utf-8")
    signed = _write_code("Signed, ready to send", "signed", "", "wrap", " hidden") if language == "curl" else ""
    run = _write_code("Run it", f"run-{language}", escape(line), "wrap")
    return (
        f'<div class="panel {language}">\n{signed}{run}{_write_code(file, f"file-{language}", escape(source))}</div>\n'
    )


def _write_code(title: str, name: str, text: str, wrap: str = "", hidden: str = "") -> str:
    copy = f'<button class="quiet" type="button" data-copies="{name}" aria-label="Copy: {title}" hidden>Copy</button>'
    head = f'<header><span id="{name}-title">{title}</span>{copy}</header>'
    classes = f"code {wrap}".strip()
    focus = f'tabindex="0" role="region" aria-labelledby="{name}-title"'
    return f'<div class="{classes}"{hidden}>{head}<pre {focus}><code id="{name}">{text}</code></pre></div>\n'


def _write_reference() -> str:
    assert set(CANONICAL_NAMES) == {*_PARAMETERS, *SUB_NAMES} - {"sub1 … sub10"}, "each parameter has its words"
    parameters = ((f"`{name}`", *words) for name, words in _PARAMETERS.items())
    refusals = ((f"`{reason}`", STATUS_BY_REASON[reason][:3], *_REFUSALS[reason]) for reason in Reason)
    return "".join(
        [
            *_write_table("Parameters", ("Name", "Required", "What it is"), parameters),
            *_write_table("Refusals", ("Reason", "HTTP", "What it means", "What to do"), refusals),
            *_write_table("What to repeat", ("Answer", "Repeat?", "How"), _REPEATS),
        ]
    )


def _write_table(caption: str, heads: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f'<table class="cards" id="{caption.lower().replace(" ", "-")}">\n<caption>{caption}</caption>\n<thead><tr>'
    yield from (f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead>\n<tbody>\n"
    for first, *others in rows:
        cells = "".join(
            f'<td data-head="{head}">{_write_words(cell)}</td>' for head, cell in zip(heads[1:], others, strict=True)
        )
        yield f'<tr><th scope="row">{_write_words(first)}</th>{cells}</tr>\n'
    yield "</tbody>\n</table>\n"


def _write_words(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text("utf-8")), "utf-8")
