"""`sample`: prints sample postbacks of a source, with the answer to expect for each."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.output import AsJson, note, print_json
from postledger.cli.sending import Base, Post, SourceSlug, find_edge, list_trust_options
from postledger.cli.sources import print_panel_url
from postledger.partners.order_samples import order_samples
from postledger.partners.sample_formats import describe_sample, write_address, write_curl, write_har
from postledger.partners.sample_writer import WAYS, Way, Wish
from postledger.partners.samples import MAX_SAMPLES, TOKEN, Order, Sample, Samples, read_kind
from postledger.partners.send_postback import find_source
from postledger.platform.build_info import read_build_info
from postledger.platform.settings import read_environment
from postledger.vocabulary.statuses import Status


class Form(StrEnum):
    """How samples are printed."""

    URL = "url"
    CURL = "curl"
    JSON = "json"
    HAR = "har"


EventName = Annotated[str | None, typer.Option(help="The event that they report.", metavar="NAME")]
StatusName = Annotated[Status | None, typer.Option(help="The status that they report.")]
Number = Annotated[int, typer.Option("--n", help="How many of a kind.", min=1, max=MAX_SAMPLES)]
KindName = Annotated[str, typer.Option(help="valid, all, or a reason for which a postback is refused.", metavar="KIND")]
FormName = Annotated[Form, typer.Option("--as", help="How they are printed. A POST has no URL: it is printed as curl.")]
PostKind = Annotated[Post | None, typer.Option("--post", help="POSTs with JSON or a form, instead of the usual kind.")]


def sample(
    context: typer.Context,
    source: SourceSlug,
    *,
    event: EventName = None,
    status: StatusName = None,
    number: Number = 1,
    kind: KindName = "all",
    form: FormName = Form.URL,
    post: PostKind = None,
    template: Annotated[bool, typer.Option(help="Only print the URL for the network's panel.")] = False,
    production: Annotated[bool, typer.Option(help="For production, which refuses them: unknown_click.")] = False,
    url: Base = None,
    as_json: AsJson = False,
) -> None:
    """Print sample postbacks for the sandbox: valid ones, and one for every reason that the source can be refused for.

    They are to be sent in this order. The click of a sample exists in the sandbox alone, so production never books one.
    """
    if template:
        print_panel_url(context, source, url=url, reveal=False, as_json=as_json)
        return
    ways: tuple[Way, ...] = WAYS if post is None else (post.value,)
    wish = Wish(event, status)
    order = Order(read_kind(kind), wish, number, ways, is_for_operator=True, is_for_production=production)
    keyring, now = open_keyring(context), datetime.now(UTC)
    with open_ledger(context) as connection:
        made = order_samples(connection, find_source(connection, keyring, source), order, now)
    base = find_edge(url)
    addressed = [(one, write_address(base, one.request, is_for_sandbox=not production)) for one in made.samples]
    _print(addressed, Form.JSON if as_json else form, now)
    _print_notes(made, is_all=kind == "all")


def _print(samples: list[tuple[Sample, str]], form: Form, now: datetime) -> None:
    if form is Form.JSON:
        print_json([describe_sample(one, address) for one, address in samples])
    elif form is Form.HAR:
        print_json(write_har(samples, now.isoformat(), read_build_info(read_environment()).version))
    else:
        for one, address in samples:
            note(f"# {one.kind}: {_write_answer(one)}. {one.why}")
            is_plain = form is Form.URL and one.request.method == "GET" and not one.request.headers
            print(address if is_plain else write_curl(address, one.request, list_trust_options()))


def _write_answer(sample: Sample) -> str:
    expect = sample.expect
    named = [expect.reason, expect.parameter, expect.cause] if expect.reason else [expect.status]
    return f"HTTP {expect.http} {':'.join(filter(None, named))}"


def _print_notes(made: Samples, *, is_all: bool) -> None:
    if made.secret == TOKEN:
        note(f"# Replace {TOKEN} with the secret of the source.")
    for reason, why in made.left_out.items() if is_all or not made.samples else ():
        note(f"# {reason}: no sample, because {why}.")
