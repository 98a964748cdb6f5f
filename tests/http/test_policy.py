"""`/internal/policy`: what the edge pulls."""

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
