"""The published schema of explanations is that of the struct which is sent, with closed keys."""

import json
from importlib.resources import files
from typing import Any

import msgspec

from postledger.partners.explanation import Explanation

NAME = "explanation-1.json"


def write_schema() -> dict[str, Any]:
    (_, components) = msgspec.json.schema_components([Explanation], ref_template="#/$defs/{name}")
    for one in components.values():
        one["description"] = " ".join(one["description"].split()).partition(" - `")[0]
        if one.get("type") == "object":
            one["additionalProperties"] = False
    head: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"/schemas/{NAME}"}
    root: dict[str, Any] = components.pop("Explanation")
    return head | root | {"title": "An explanation, version 1", "$defs": components}


def test_the_published_schema_is_current() -> None:
    published = json.loads((files("postledger.schemas") / NAME).read_bytes())

    assert published == write_schema()


def test_the_schema_closes_every_object() -> None:
    objects = [one for one in write_schema()["$defs"].values() if one.get("type") == "object"]

    assert len(objects) > 8
    assert all(one["additionalProperties"] is False for one in objects)
