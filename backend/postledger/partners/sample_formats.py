"""Writes samples for people and programs: as a URL, a curl line, JSON or a HAR. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from postledger.partners.samples import Expected, Sample
from postledger.partners.signer import SignedRequest

Form = Literal["url", "curl", "json", "har"]
_LONGEST_ARGUMENT = 16 * 1024  # a longer body is piped, so that the line can be read
_PRODUCTION, _SANDBOX = "/tracking", "/sandbox"


def write_address(base: str, request: SignedRequest, *, is_for_sandbox: bool) -> str:
    """Write the URL of a request: in the sandbox each path of a source has `/sandbox` in front."""
    target = request.target
    if is_for_sandbox:
        target = _SANDBOX + target.removeprefix(_PRODUCTION)
    return base + target


def write_curl(address: str, request: SignedRequest, options: Sequence[str] = ()) -> str:
    """Write a request as a line for a shell."""
    headers = [part for name, value in request.headers.items() for part in ("--header", f"{name}: {value}")]
    method = [] if request.method == "GET" else ["--request", request.method]
    line = shlex.join(["curl", *options, *headers, *method, *_write_body(request.body), address])
    if len(request.body) <= _LONGEST_ARGUMENT:
        return line
    letter = shlex.quote(request.body[:1].decode())
    return f"head -c {len(request.body)} /dev/zero | tr '\\0' {letter} | {line}"


def _write_body(body: bytes) -> list[str]:
    if len(body) > _LONGEST_ARGUMENT:
        return ["--data-binary", "@-"]
    return ["--data-raw", body.decode()] if body else []


def describe_sample(sample: Sample, address: str) -> dict[str, Any]:
    """Write a sample as JSON."""
    request = sample.request
    return {
        "kind": sample.kind,
        "method": request.method,
        "url": address,
        "headers": request.headers,
        "body": request.body.decode(),
        "expect": describe_expected(sample.expect),
        "why": sample.why,
        "expires_at": sample.expires_at,
    }


def describe_expected(expect: Expected) -> dict[str, Any]:
    """Write the answer to expect, without what it does not have."""
    document: dict[str, Any] = msgspec.to_builtins(expect)
    return {name: value for name, value in document.items() if value is not None}


def write_har(samples: Sequence[tuple[Sample, str]], at: str, version: str) -> dict[str, Any]:
    """Write samples with their addresses as an HTTP archive (HAR 1.2), with the answers to expect."""
    entries = [_write_entry(sample, address, at) for sample, address in samples]
    return {"log": {"version": "1.2", "creator": {"name": "postledger", "version": version}, "entries": entries}}


def _write_entry(sample: Sample, address: str, at: str) -> dict[str, Any]:
    return {
        "startedDateTime": at,
        "time": 0,
        "request": _write_request(sample.request, address),
        "response": _write_response(sample.expect),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"{sample.kind}: {sample.why}",
    }


def _write_request(request: SignedRequest, address: str) -> dict[str, Any]:
    query = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    body = {"mimeType": request.headers.get("Content-Type", ""), "text": request.body.decode()}
    return {
        "method": request.method,
        "url": address,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _write_pairs(request.headers),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": -1,
        "bodySize": len(request.body),
        **({"postData": body} if request.body else {}),
    }


def _write_response(expect: Expected) -> dict[str, Any]:
    fields = {name: value for name, value in describe_expected(expect).items() if name not in ("http", "text")}
    text = msgspec.json.encode(fields).decode() if expect.text is None else expect.text
    kind = "application/json" if expect.text is None else "text/plain; charset=utf-8"
    return {
        "status": expect.http,
        "statusText": HTTPStatus(expect.http).phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": len(text), "mimeType": kind, "text": text},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _write_pairs(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs.items()]
