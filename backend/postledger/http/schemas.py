"""`/schemas/{name}`: what a postback of each version may say, for partners' programs to check theirs by."""

from collections.abc import Mapping

import falcon

from postledger.http.answers import answer_get_only, answer_not_found
from postledger.http.requests import receipt_of

MAX_AGE_S = 86400  # a released schema never changes


class SchemaResource:
    """Serves the published schemas."""

    route = "schemas"

    def __init__(self, schemas: Mapping[str, bytes]) -> None:
        self._schemas = schemas

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Answer with a schema, or 404."""
        schema = self._schemas.get(name)
        if schema is None:
            answer_not_found(response, receipt_of(request))
            return
        response.content_type = "application/schema+json"
        response.set_header("Cache-Control", f"public, max-age={MAX_AGE_S}")
        response.data = schema

    def on_options(self, request: falcon.Request, response: falcon.Response, name: str) -> None:  # noqa: ARG002
        """Refuse, as every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))
