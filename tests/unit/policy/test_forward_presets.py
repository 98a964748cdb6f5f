"""The presets of forwards: the URL that each one sends, byte for byte."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.outgoing.rules.forward import Facts
from postledger.outgoing.rules.render import render
from postledger.policy.config_file import read_configuration
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.preset_files import read_known
from postledger.vocabulary.statuses import Status

NOW = datetime(2026, 10, 31, tzinfo=UTC)
ORIGIN = "https://track.example"
FACTS = Facts(
    receipt="01934f2c-0000-7000-8000-000000000001",
    revision=1,
    conversion_id="5d2d4c1e-0000-4000-8000-000000000001",
    source="acme",
    event="conversion",
    status=Status.APPROVED,
    click_id="c&1",
    transaction_id="T1",
    payout=Decimal("12.50"),
    currency="USD",
    subs={"sub1": "v1"},
)
SALE = replace(FACTS, event="sale", status=Status.REVERSED)
URLS = {
    "voluum": (
        "/postback?cid=c%261&payout=12.50&txid=T1&currency=USD&et=",
        "/postback?cid=c%261&payout=12.50&txid=T1&currency=USD&et=sale",
    ),
    "keitaro": (
        "/s3/postback?subid=c%261&status=sale&payout=12.50&currency=USD&tid=T1",
        "/s3/postback?subid=c%261&status=rejected&payout=12.50&currency=USD&tid=T1",
    ),
    "binom": (
        "/click.php?cnv_id=c%261&payout=12.50&cnv_status=approved&cnv_status2=&cnv_currency=USD",
        "/click.php?cnv_id=c%261&payout=12.50&cnv_status=reversed&cnv_status2=sale&cnv_currency=USD",
    ),
    "redtrack": (
        "/postback?clickid=c%261&sum=12.50&type=&status=approved&rdtk_event_id=T1",
        "/postback?clickid=c%261&sum=12.50&type=sale&status=declined&rdtk_event_id=T1",
    ),
    "clickflare": (
        "/cf/cv?click_id=c%261&payout=12.50&txid=T1&ct=",
        "/cf/cv?click_id=c%261&payout=12.50&txid=T1&ct=sale",
    ),
    "bemob": (
        "/postback?cid=c%261&payout=12.50&txid=T1&status=approved",
        "/postback?cid=c%261&payout=12.50&txid=T1&status=reversed",
    ),
    "funnelflux": ("/pb/?hit=c%261&tx=T1&rev=12.50", "/pb/?hit=c%261&tx=T1&rev=12.50"),
    "peerclick": (
        f"/postback?cid=c%261&payout=12.50&status=approved&txid=T1&currency=USD&conversion_id={FACTS.conversion_id}",
        f"/postback?cid=c%261&payout=12.50&status=reversed&txid=T1&currency=USD&conversion_id={FACTS.conversion_id}",
    ),
    "everflow": (
        "/?nid=42&transaction_id=c%261&event_id=&amount=12.50&order_id=T1&verification_token=s3",
        "/?nid=42&transaction_id=c%261&event_id=sale&amount=12.50&order_id=T1&verification_token=s3",
    ),
    "tune": (
        "/aff_lsr?transaction_id=c%261&amount=12.50&adv_sub=T1&security_token=s3",
        "/aff_lsr?transaction_id=c%261&amount=12.50&adv_sub=T1&security_token=s3",
    ),
    "affise": (
        "/postback?clickid=c%261&action_id=T1&goal=&sum=12.50&status=1&secure=s3",
        "/postback?clickid=c%261&action_id=T1&goal=sale&sum=12.50&status=3&secure=s3",
    ),
    "scaleo": (
        "/track/conv-addchange?click_id=c%261&token=s3&goal_alias=&conv_status=approved&amount=12.50&adv_order_id=T1",
        "/track/conv-addchange?click_id=c%261&token=s3&goal_alias=sale&conv_status=rejected&amount=12.50&adv_order_id=T1",
    ),
}
WITH_STATUS = {"keitaro", "binom", "redtrack", "bemob", "peerclick", "affise", "scaleo"}


def _read(preset: str, **own: object) -> ForwardConfig:
    params = {"nid": "42"} if preset == "everflow" else {}
    table = {"slug": "out", "preset": preset, "url": ORIGIN, "params": params, "secrets": ["s3"]} | own
    return read_configuration({"forwards": [table]}, {"resolve": lambda host: ()}, read_known()).forwards["out"]


def _send(config: ForwardConfig, facts: Facts = FACTS) -> str:
    return render(config.forward, facts, config.secrets or (), NOW).url


def test_each_preset_has_its_urls_here() -> None:
    assert set(URLS) == set(read_known().forwards)


@pytest.mark.parametrize("name", URLS)
def test_a_preset_sends_the_url_of_its_tracker(name: str) -> None:
    config = _read(name)

    assert (_send(config), _send(config, SALE)) == tuple(ORIGIN + target for target in URLS[name])


@pytest.mark.parametrize("name", URLS)
def test_a_tracker_without_status_gets_only_approved_conversions(name: str) -> None:
    statuses = _read(name, match={"source": ["*"]}).forward.match.status

    assert statuses == (() if name in WITH_STATUS else (Status.APPROVED,))
    assert _read(name, match={"status": ["reversed"]}).forward.match.status == (Status.REVERSED,)


def test_a_pending_conversion_has_the_word_of_the_tracker() -> None:
    pending = replace(FACTS, status=Status.PENDING)

    assert "&status=lead&" in _send(_read("keitaro"), pending)
    assert "&status=2&" in _send(_read("affise"), pending)
    assert "&status=5&" in _send(_read("affise", statuses={"pending": "5"}), pending)
    assert "&status=1&" in _send(_read("affise", statuses={"pending": "5"}))


def test_params_override_those_of_the_preset_one_by_one() -> None:
    config = _read("voluum", params={"cid": "{sub1}", "et": "", "param1": "a b {campaign}"})

    assert _send(config) == f"{ORIGIN}/postback?cid=v1&payout=12.50&txid=T1&currency=USD&param1=a%20b%20"


def test_a_path_of_the_operator_replaces_that_of_the_preset() -> None:
    assert _send(_read("binom", url=f"{ORIGIN}/click")).startswith(f"{ORIGIN}/click?cnv_id=c%261&")
    assert _send(_read("binom", url=f"{ORIGIN}/")).startswith(f"{ORIGIN}/click.php?cnv_id=c%261&")


def test_a_query_of_the_operator_replaces_that_of_the_preset() -> None:
    config = _read("affise", url=f"{ORIGIN}/x?a={{status}}", params={"b": "{payout}"})

    assert _send(config) == f"{ORIGIN}/x?a=1&b=12.50"


def test_an_optional_secret_is_left_out_if_there_is_none() -> None:
    document = {"forwards": [{"slug": "out", "preset": "tune", "url": ORIGIN}]}
    config = read_configuration(document, {"resolve": lambda host: ()}, read_known()).forwards["out"]

    assert _send(config) == f"{ORIGIN}/aff_lsr?transaction_id=c%261&amount=12.50&adv_sub=T1"
