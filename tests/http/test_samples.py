"""Samples, sent to a real backend in their order, get the answers that they promise."""

from datetime import UTC, datetime

import httpx
import msgspec
import psycopg
import pytest

from postledger.partners.order_samples import order_samples
from postledger.partners.sample_formats import describe_expected
from postledger.partners.samples import Order, Sample, Samples
from postledger.platform.keyring import Keyring
from postledger.policy.read import load_policy
from postledger.policy.source import Source
from tests.http.conftest import Service
from tests.parts.preset_sources import SECRET, make_preset_source, make_source
from tests.parts.sources import UNLIMITED, add_click, add_source

SOURCES = {
    "sample-v1": make_source(SECRET, **UNLIMITED),
    "sample-optional": make_source(SECRET, click="optional", **UNLIMITED),
    "sample-v2": make_source(SECRET, versions=[2], **UNLIMITED),
    "sample-hooks": make_preset_source("standard-webhooks", **UNLIMITED),
    "sample-wall": make_preset_source("ironsource", **UNLIMITED),
    "sample-form": make_preset_source("digistore24", **UNLIMITED),
}


@pytest.fixture(scope="module")
def sampled(service: Service, master_key: str) -> dict[str, Source]:
    """The sources, as the backend has them."""
    for slug, source in SOURCES.items():
        add_source(service.database, master_key, slug, [SECRET], msgspec.to_builtins(source.settings))
    service.backend.wait_for_source("sample-form")
    with psycopg.connect(service.database, autocommit=True) as connection:
        sources = load_policy(connection, Keyring([master_key])).sources
    return {slug: sources[slug] for slug in SOURCES}


def make(service: Service, source: Source, kind: str = "all") -> Samples:
    order = Order(kind=kind, is_for_operator=True)  # type: ignore[arg-type]
    with psycopg.connect(service.database, autocommit=True) as connection:
        return order_samples(connection, source, order, datetime.now(UTC))


def send(service: Service, sample: Sample) -> httpx.Response:
    request = sample.request
    return service.client.request(
        request.method, request.target, content=request.body or None, headers=request.headers
    )  # fmt: skip


def said(answer: httpx.Response) -> dict[str, object]:
    is_ours = answer.headers["content-type"].startswith("application/json")
    fields = (
        {name: value for name, value in answer.json().items() if name != "id"} if is_ours else {"text": answer.text}
    )
    return {"http": answer.status_code, **fields}


def promised(sample: Sample) -> dict[str, object]:
    expected = describe_expected(sample.expect)
    return {"http": expected["http"], "text": expected["text"]} if "text" in expected else expected


@pytest.mark.parametrize("slug", SOURCES)
def test_each_sample_gets_its_answer_if_its_click_exists(
    service: Service, sampled: dict[str, Source], slug: str
) -> None:
    made = make(service, sampled[slug])
    for click_id in made.clicks:
        if not service.fetch("SELECT FROM clicks WHERE click_id = %s", click_id):
            add_click(service.database, click_id)

    answers = [said(send(service, sample)) for sample in made.samples]

    assert answers == [promised(sample) for sample in made.samples]


def test_production_books_no_sample(service: Service, sampled: dict[str, Source]) -> None:
    source = sampled["sample-optional"]
    made = make(service, source, "valid")
    service.fetch("DELETE FROM clicks WHERE click_id = %s RETURNING click_id", made.clicks[0])

    answer = send(service, made.samples[0])

    assert (answer.status_code, answer.json()["reason"]) == (422, "unknown_click")


def test_the_click_of_a_sample_exists_in_the_sandbox_once(service: Service, sampled: dict[str, Source]) -> None:
    for _ in range(2):
        made = make(service, sampled["sample-hooks"], "valid")

    assert service.fetch("SELECT is_imported FROM sandbox.test_clicks WHERE click_id = %s", made.clicks[0]) == [(True,)]
