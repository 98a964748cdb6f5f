#!/usr/bin/env python3
"""Sends one signed postback, with nothing but the standard library.

POSTBACK_SECRET=… ./sign.py get  https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
POSTBACK_SECRET=… ./sign.py post https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from http.client import HTTPSConnection
from urllib.parse import urlencode, urlsplit

Request = tuple[str, str, bytes | None, dict[str, str]]


def sign_get(path: str, secret: str, parameters: dict[str, str]) -> Request:
    """The signature covers the query exactly as it is sent, so it is appended to that very string."""
    query = urlencode({**parameters, "ts": str(int(time.time()))})
    sig = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return "GET", f"{path}?{query}&sig={sig}", None, {}


def sign_post(path: str, secret: str, parameters: dict[str, str]) -> Request:
    """Standard Webhooks: three headers over the exact bytes of the body."""
    body = json.dumps(parameters).encode()
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    return "POST", path, body, headers


def main() -> int:
    """Send one, write the answer, and fail unless it was taken."""
    method, url, click_id, transaction_id, payout = sys.argv[1:]
    sign = {"get": sign_get, "post": sign_post}[method]
    parameters = {
        "click_id": click_id,
        "transaction_id": transaction_id,
        "event": "sale",
        "payout": payout,  # a text: a float would lose cents
        "currency": "USD",
    }
    address = urlsplit(url)
    connection = HTTPSConnection(address.netloc, timeout=10)
    connection.request(*sign(address.path, os.environ["POSTBACK_SECRET"], parameters))
    answer = connection.getresponse()
    sys.stdout.write(answer.read().decode() + "\n")
    return 0 if answer.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main())
