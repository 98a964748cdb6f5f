"""Reads the form of a page: a few fields, each at most once."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import falcon

MAX_BODY_BYTES = 16 * 1024
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 8


def read_form(request: falcon.Request) -> Mapping[str, str]:
    """Return the fields by name. Raises `falcon.HTTPError` if it is no form, is too large, or repeats a field."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind != _MEDIA_TYPE:
        raise falcon.HTTPUnsupportedMediaType
    body: bytes = request.bounded_stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise falcon.HTTPContentTooLarge
    try:
        pairs = parse_qsl(body.decode("ascii"), True, True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:  # an empty part; also what is no ASCII, and no UTF-8 behind the percent signs
        raise falcon.HTTPBadRequest from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise falcon.HTTPBadRequest
    return fields
