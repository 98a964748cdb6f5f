"""Requests as bytes, full of canaries: well-formed ones, refused ones, and ones that are hardly HTTP.

Apart from the test because there are many, and each is one line that says what it is.
"""

import json
import time
from collections.abc import Iterator
from urllib.parse import quote

from tests.acceptance.canaries import Canaries, percent_encode
from tests.parts.sender import FORM, JSON, Postback, Sender

TRACKING = "/tracking/postback/acme"


class Loud:
    """Writes requests of the source `acme` (masks `email`) and `strict` (wants a known click), all with canaries."""

    def __init__(self, canaries: Canaries) -> None:
        self.canaries = canaries
        self.acme, self.strict = Sender("acme", canaries.secret), Sender("strict", canaries.secret)
        self.parameters = {"click_id": "c1", "payout": canaries.payout, "email": canaries.email, "phone": "1"}
        payout, secret, email = canaries.payout, canaries.secret, quote(canaries.email)
        self.query = f"click_id=c1&payout={payout}&email={email}&token={secret}"
        self.chatter = {
            "Referer": f"https://shop.example/thanks?payout={payout}&email={email}&sig={secret}",
            "User-Agent": f'Partner/1 "{secret}" {payout} {canaries.email}',
            "Cookie": f"session={secret}; payout={payout}; mail={canaries.email}",
            "Authorization": f"Bearer {secret}",
            "X-Forwarded-For": canaries.email,
            "X-Request-Id": secret,
            "X-Client-Address": payout,
            "From": canaries.email,
            "Accept-Language": payout,
            "Range": f"bytes={payout}",
            "If-None-Match": f'"{secret}"',
            "Upgrade": secret,
            "X-Odd": f"'{payout}' \\x22{secret}\\n <{canaries.email}> %s {{payout}}",
        }

    def postbacks(self) -> Iterator[tuple[str, Postback]]:
        """Each verdict and each refusal that a backend with Postgres can give, by the name of what it is."""
        yield from self._believed()
        yield from self._taken_back()
        yield from self._disbelieved()
        yield from self._invalid()
        yield from self._unreadable()
        yield from self._elsewhere()

    def targets(self) -> Iterator[str]:
        """Paths with canaries in every place that a path has."""
        payout, secret, email = self.canaries.payout, self.canaries.secret, quote(self.canaries.email)
        yield f"{TRACKING}?{self.query}&sig={secret}"
        yield f"{TRACKING}?%70ayout={payout}&%65mail={email}&%73ig={secret}"
        yield f"{TRACKING}?payout={percent_encode(payout.encode()).decode()}"
        yield f'{TRACKING}?payout="{payout}"&email="{email}"'
        yield f"{TRACKING}/{secret}?{self.query}"
        yield f"/tracking/postback/{email}?{self.query}"
        yield f"/tracking/postback?source={email}&{self.query}"
        yield f"/sandbox/postback/acme?{self.query}"
        yield f"/click/spring?aff={secret}&sub1={email}&sub2={payout}&email={email}"
        yield f"/click/spring?sub1={email}&sub1={payout}&{self.query}"
        yield f"/click/{secret}?{self.query}"
        yield f"/click/../{secret}?{self.query}"
        yield f"/{secret}/{payout}/{email}?{self.query}"
        yield f"/healthz?{self.query}"
        yield f"/schemas/{secret}?{self.query}"
        yield f"/schemas/postback-v2.json?{self.query}"
        yield f"/schemas/../{secret}/{payout}.json?{self.query}"
        yield f"/metrics/backend?{self.query}"
        yield f"/internal/metrics?{self.query}"
        yield f"/%2e%2e/%00/{secret}?{self.query}"
        yield f"https://{payout}.example/{secret}?{self.query}"
        yield f"{TRACKING}?{self.query}&{'x' * 6000}"
        yield f"{TRACKING}?{self.query}&{'x' * 20000}"
        yield f"{TRACKING}?{'&'.join(f'n{number}={payout}' for number in range(150))}"

    def malformed(self) -> Iterator[bytes]:
        """What is not quite HTTP, as bytes; each ends the connection, one way or the other."""
        payout, secret, email = (
            value.encode() for value in (self.canaries.payout, self.canaries.secret, self.canaries.email)
        )
        line = b"GET " + TRACKING.encode() + b"?" + self.query.encode()
        end = b"Host: localhost\r\nConnection: close\r\n\r\n"
        yield line + b"\r\n\r\n"
        yield line + b" HTTP/9.9\r\n" + end
        yield line + b" HTTP/1.1 " + secret + b"\r\n" + end
        yield line + b' "' + payout + b'" HTTP/1.1\r\n' + end
        yield line + b"\x00" + secret + b" HTTP/1.1\r\n" + end
        yield line + b"\xff\xfe" + secret + b" HTTP/1.1\r\n" + end
        yield line + b"\x01\x7f HTTP/1.1\r\n" + end
        yield line + b" HTTP/1.1\r\nHost: " + email + b"\r\nConnection: close\r\n\r\n"
        yield line + b" HTTP/1.1\r\nHost: a\r\nHost: " + email + b"\r\n\r\n"
        yield line + b" HTTP/1.1\r\n\r\n"
        yield line + b" HTTP/1.1\r\n" + secret + b" without a colon\r\n" + end
        yield line + b" HTTP/1.1\r\nBad Name " + secret + b": x\r\n" + end
        yield line + b" HTTP/1.1\r\nX_" + secret + b": " + payout + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nX-Odd: \x01\x02" + secret + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nX-Odd: \xff" + secret + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nX-Long: " + secret + b"x" * 12_000 + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nX-Longer: " + secret + b"x" * 80_000 + b"\r\n" + end
        yield line + b" HTTP/1.1\r\n" + b"".join(b"X-%d: %b\r\n" % (number, payout) for number in range(150)) + end
        yield line + b" HTTP/1.1\r\nContent-Length: " + payout + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + end + secret
        yield line + b" HTTP/1.1\r\nTransfer-Encoding: " + secret + b"\r\n" + end
        yield line + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + secret + b"\r\n" + payout + b"\r\n"
        yield line + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + b"5;" + secret + b"\r\nhello\r\n0\r\n\r\n"
        yield line + b" HTTP/1.1\r\nExpect: " + secret + b"\r\n" + end
        yield line.replace(b"GET", secret.upper()) + b" HTTP/1.1\r\n" + end
        yield line.replace(b"GET", b"PROPFIND") + b" HTTP/1.1\r\n" + end
        yield line.replace(b"GET", b"CONNECT") + b" HTTP/1.1\r\n" + end
        yield line.replace(b"GET", b"TRACE") + b" HTTP/1.1\r\n" + end
        yield line.replace(b"GET", b"get") + b" HTTP/1.1\r\n" + end
        yield secret + b" " + payout + b"\r\n\r\n"
        yield payout + email + b"\r\n\r\n"

    def _believed(self) -> Iterator[tuple[str, Postback]]:
        pending = self.parameters | {"transaction_id": "T1", "status": "pending"}
        yield "accepted", self.acme.get(pending)
        yield "duplicate", self.acme.get(pending)
        yield "updated", self.acme.form(self.parameters | {"transaction_id": "T1", "status": "approved"})
        yield "conflict", self.acme.json(pending | {"status": "approved", "payout": "1" + self.canaries.payout})
        yield "accepted", self.acme.form(self.parameters | {"transaction_id": "T2"})
        yield (
            "accepted",
            self.acme.json(self.parameters | {"transaction_id": "T3", "payout": float(self.canaries.payout)}),
        )
        labels = f"sub1=%ff{self.canaries.payout}&sub2={{{self.canaries.secret}}}&sub3={self.canaries.secret * 20}"
        yield "accepted", self.acme.get(f"{self.query}&transaction_id=T5&{labels}&%zz{self.canaries.secret}=%00")
        encoded = f"click_id=c9&%70ayout={self.canaries.payout}&%65mail={quote(self.canaries.email, safe='@')}"
        yield "accepted", self.acme.get(encoded)
        yield "accepted", self.acme.form(encoded + "&transaction_id=T4")
        yield "unknown_click", self.strict.get(self.parameters)

    def _taken_back(self) -> Iterator[tuple[str, Postback]]:
        """A source that corrects its payouts, may take nothing back unseen, and must sign what it pays."""
        shop, payout, path = Sender("shop", self.canaries.secret), self.canaries.payout, "/tracking/postback/careful"
        sale = self.parameters | {"transaction_id": "T1", "status": "approved"}
        refund = sale | {"transaction_id": "R1", "reverses": "T1", "status": "reversed", "payout": f"-{payout}"}
        yield "accepted", shop.get(sale)
        yield "updated", shop.form(sale | {"payout": "1" + payout})
        yield "duplicate", shop.json(sale)
        yield "parked", shop.get(refund)
        yield "duplicate", shop.json(refund)
        yield "conflict", shop.form(refund | {"transaction_id": "R2", "payout": f"-9{payout}"})
        yield "invalid_parameter", shop.get(refund | {"status": "approved"})
        yield "missing_signature", Postback("GET", f"{path}?{self.query}")

    def _elsewhere(self) -> Iterator[tuple[str, Postback]]:
        """Paths of another tracker, with the secret in them; and a source that waits for words of its own."""
        payout, secret, form = self.canaries.payout, self.canaries.secret, {"Content-Type": FORM}
        moved = f"/{secret}/postback"
        yield "accepted", Postback("GET", f"{moved}?{self.query}")
        yield "duplicate", Postback("POST", f"{moved}?{self.query}")
        yield "duplicate", Postback("POST", moved, self.query.encode(), form)
        yield "not_found", Postback("GET", f"/x{secret}/postback?{self.query}")
        yield "not_found", Postback("GET", f"/{secret}/elsewhere?{self.query}")
        yield "invalid_parameter", Postback("GET", f"{moved}?{self.query}&status={secret}&sale_status={payout}")
        yield "unresolved_macro", Postback("GET", f"{moved}?{self.query}&tid=[[[{secret}]]]")
        yield "malformed", Postback("GET", f"{moved}?{self.query}&status=%ff{payout}")
        yield "method_not_allowed", Postback("PUT", f"{moved}?{self.query}", payout.encode())
        lsr = f"/aff_lsr?amount={payout}&email={quote(self.canaries.email)}&transaction_id=c7&adv_sub=T7"
        yield "accepted", Postback("GET", f"{lsr}&security_token={secret}")
        yield "bad_signature", Postback("GET", f"{lsr}&security_token=x{secret}")
        yield "missing_signature", Postback("GET", f"{lsr}&token={secret}")
        yield "200", Postback("GET", f"/tracking/postback/wordy?{self.query}")
        yield "403", Postback("GET", f"/tracking/postback/wordy?{self.query}&currency={secret}")

    def _disbelieved(self) -> Iterator[tuple[str, Postback]]:
        now_s = time.time()
        yield "unknown_source", Sender(self.canaries.secret, self.canaries.secret).get(self.parameters)
        yield "missing_signature", Postback("GET", f"{TRACKING}?{self.query}")
        yield "missing_signature", Postback("POST", TRACKING, self.query.encode(), {"Content-Type": FORM})
        yield "bad_signature", Sender("acme", "wrong").get(self.parameters)
        yield "bad_signature", Postback("GET", f"{TRACKING}?{self.query}&ts={int(now_s)}&sig={self.canaries.secret}")
        yield "bad_signature", Sender("acme", "wrong").json(self.parameters)
        yield "stale_timestamp", self.acme.get(self.parameters, at_s=now_s - 9000)
        yield "future_timestamp", self.acme.form(self.parameters, at_s=now_s + 9000)

    def _invalid(self) -> Iterator[tuple[str, Postback]]:
        # The e-mail address stays in the parameter that the source masks; elsewhere the audit would rightly keep it.
        loud, payout, secret = self.parameters, self.canaries.payout, self.canaries.secret
        yield "missing_parameter", self.acme.get({"payout": payout, "email": self.canaries.email})
        yield "invalid_parameter", self.acme.get(loud | {"payout": payout + "e5"})
        yield "invalid_parameter", self.acme.form(loud | {"currency": secret})
        yield "invalid_parameter", self.acme.json(loud | {"event_time": payout})
        yield "invalid_parameter", self.acme.get(loud | {"click_id": f"{secret}\n{secret}"})
        yield "invalid_parameter", self.acme.get(loud | {"affiliate_id": secret * 20})
        yield "invalid_parameter", self.acme.get(loud | {"click_id": f"{secret}?payout={payout}"})
        yield "invalid_parameter", self.acme.get({"click_id": "c1", "PAYOUT": payout, secret: payout})
        yield "duplicate_parameter", self.acme.get(f"{self.query}&payout={payout}")
        yield "unresolved_macro", self.acme.get(loud | {"affiliate_id": "{" + secret + "}"})
        yield "unsupported_version", self.acme.get(loud | {"v": payout})

    def _unreadable(self) -> Iterator[tuple[str, Postback]]:
        loud, payout = self.parameters, self.canaries.payout
        yield "malformed", self.acme.get(f"{self.query}&affiliate_id=%zz")
        yield "malformed", self.acme.get(f"{self.query}&affiliate_id=%ff%fe{payout}")
        yield "malformed", self.acme.form(f"{self.query}&affiliate_id=%00")
        yield "malformed", self.acme.json(loud | {"affiliate_id": {"nested": payout}})
        yield "accepted", self.acme.json(loud | {"transaction_id": "T9", "sub1": {"nested": payout}, "more": [payout]})
        yield "malformed", self.acme.json({"v": 2, "conversion": payout, "email": self.canaries.email})
        nested = {"v": 2, "conversion": {"click_id": "c8"}, "amount": {"value": payout}}
        yield "accepted", self.acme.json({**nested, "buyer": {"email": self.canaries.email}})
        yield "invalid_parameter", self.acme.json({**nested, "items": [{"sku": payout, "quantity": payout}]})
        yield "malformed", self.acme.post(json.dumps(loud).encode()[:-1], JSON)
        yield "malformed", self.acme.post(b"[" * 5000 + payout.encode(), JSON)
        yield "unsupported_media_type", self.acme.post(json.dumps(loud).encode(), f"text/{self.canaries.secret}")
        yield "payload_too_large", self.acme.form(loud | {"sub1": payout * 7000})
        yield "payload_too_large", self.acme.form(loud | {"sub1": payout * 14000})
        yield "method_not_allowed", Postback("PUT", f"{TRACKING}?{self.query}", payout.encode())
        yield "method_not_allowed", Postback("DELETE", f"{TRACKING}?{self.query}")
