"""`/internal/policy`: what the edge pulls."""

import pytest

from tests.http.conftest import Service


def test_the_snapshot_names_every_source_and_nothing_secret(service: Service) -> None:
    answer = service.client.get("/internal/policy")

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


def test_an_edge_that_is_up_to_date_is_told_so(service: Service) -> None:
    etag = service.client.get("/internal/policy").headers["etag"]

    answer = service.client.get("/internal/policy", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("form", ['W/"{}"', '"0", "{}"', '"0",W/"{}"', "*"])
def test_whoever_asks_by_a_proxy_or_a_tool_is_told_so_too(service: Service, form: str) -> None:
    version = service.client.get("/internal/policy").json()["version"]

    answer = service.client.get("/internal/policy", headers={"If-None-Match": form.format(version)})

    assert answer.status_code == 304


@pytest.mark.parametrize("known", ['"0"', 'W/"0"', "", ",", '"'])
def test_whoever_has_another_version_gets_this_one(service: Service, known: str) -> None:
    assert service.client.get("/internal/policy", headers={"If-None-Match": known}).status_code == 200
