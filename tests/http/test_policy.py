"""`/internal/policy`: the snapshot that the edge pulls."""

import pytest

from tests.http.conftest import Service
from tests.parts.sources import add_source


@pytest.fixture(scope="module")
def settled(service: Service, master_key: str) -> Service:
    """Every worker has read the newest policy, so that two requests to different workers agree."""
    add_source(service.database, master_key, "newest")
    service.backend.wait_for_source("newest")
    return service


def test_the_snapshot_names_every_source_and_nothing_secret(settled: Service) -> None:
    answer = settled.operators.get("/internal/policy")

    snapshot = answer.json()
    slugs = [source["slug"] for source in snapshot["sources"]]
    assert slugs == sorted(slugs)
    assert {"acme", "hooks", "strict", "watched"} <= set(slugs), "and those of other tests"
    assert next(one for one in snapshot["sources"] if one["slug"] == "acme") == {
        "slug": "acme", "allow": [], "rate": 10, "burst": 20, "mode": "enforce", "client_ca": None,
        "paths": [], "hosts": [], "keys": [], "any_key": False,
    }  # fmt: skip
    assert answer.headers["etag"] == f'"{snapshot["version"]}"'
    assert "s3cret" not in answer.text


def test_an_edge_with_the_current_version_gets_304(settled: Service) -> None:
    etag = settled.operators.get("/internal/policy").headers["etag"]

    answer = settled.operators.get("/internal/policy", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("form", ['W/"{}"', '"0", "{}"', '"0",W/"{}"', "*"])
def test_every_form_of_if_none_match_gets_304(settled: Service, form: str) -> None:
    version = settled.operators.get("/internal/policy").json()["version"]

    answer = settled.operators.get("/internal/policy", headers={"If-None-Match": form.format(version)})

    assert answer.status_code == 304


@pytest.mark.parametrize("known", ['"0"', 'W/"0"', "", ",", '"'])
def test_another_version_gets_the_current_snapshot(settled: Service, known: str) -> None:
    assert settled.operators.get("/internal/policy", headers={"If-None-Match": known}).status_code == 200
