"""`/schemas/{name}`: the published JSON Schemas, so that partners can check their postbacks before they send them."""

from collections.abc import Mapping
from importlib.resources import files

import falcon

from postledger.http.answers import answer_get_only, answer_not_found
from postledger.http.requests import receipt_of

MAX_AGE_S = 86400  # a released schema never changes
_SUFFIX = ".json"


def read_schemas() -> Mapping[str, bytes]:
    """Read every schema that is shipped with the package, by file name."""
    found = files("postledger.schemas").iterdir()
    return {file.name: file.read_bytes() for file in found if file.name.endswith(_SUFFIX)}


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

    on_head = on_get

    def on_options(self, request: falcon.Request, response: falcon.Response, name: str) -> None:  # noqa: ARG002
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))
