"""Normal traffic as series, made with a fixed seed: days and nights, chance, and sources of every character.

Apart from the test because a reader who doubts an alert wants to see what "normal" was taken to be.
"""

import math
import random
from collections.abc import Callable
from itertools import accumulate

Series = dict[str, list[float]]
Rate = Callable[[int], float]  # minute of the day -> events a minute

_BUCKETS_S = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "+Inf")


def by_day(most: float) -> Rate:
    """Little at night, most in the afternoon."""
    return lambda minute: most * (0.1 + 0.9 * math.sin(math.pi * minute / 1440) ** 2)


def in_one_batch(count: float, hour: int) -> Rate:
    """All of a day within ten minutes."""
    return lambda minute: count / 10 if hour * 60 <= minute < hour * 60 + 10 else 0.0


SOURCES: dict[str, tuple[Rate, dict[str, float]]] = {  # rate, and the share of each outcome that is no acceptance
    "acme": (by_day(60), {"duplicate": 0.02, "bad_signature": 0.001, "unknown_click": 0.01}),
    "messy": (by_day(20), {"duplicate": 0.1, "unknown_click": 0.25, "invalid_parameter": 0.05}),
    "thrice": (by_day(30), {"duplicate": 0.66}),
    "small": (lambda _: 0.03, {"duplicate": 0.1, "conflict": 0.1}),
    "batch": (in_one_batch(800, hour=3), {"duplicate": 0.3}),
    "idle": (lambda _: 0.0, {}),
}
PAYOUT_SIZES = {"10": 0.5, "15": 0.4, "47": 0.1}  # and the share of payouts that are of each
CAMPAIGNS = {"spring": (by_day(40), 0.06), "niche": (lambda _: 0.05, 0.2), "paused": (lambda _: 0.0, 0.0)}


def make_normal_traffic(*, beats: int, beat_s: int, from_minute: int, seed: int) -> Series:
    """The series of a healthy Postledger, one value a beat, beginning at that minute of the day; counters from zero."""
    chance = random.Random(seed)  # noqa: S311 - the same traffic in every run

    def drawn(rate: Rate) -> list[int]:
        minutes = [(from_minute + beat * beat_s // 60) % 1440 for beat in range(beats)]
        return [_draw(chance, rate(minute) * beat_s / 60) for minute in minutes]

    series: Series = {}
    for slug, (rate, shares) in SOURCES.items():
        _add_source(series, chance, slug, drawn(rate), shares)
    for slug, (rate, share) in CAMPAIGNS.items():
        _add_campaign(series, chance, slug, drawn(rate), share)
    _add_parts(series, drawn(by_day(150)), beats, beat_s)
    return series


def _add_source(series: Series, chance: random.Random, slug: str, counts: list[int], shares: dict[str, float]) -> None:
    series[f'postledger_source_info{{source="{slug}", trusted="false", mode="enforce"}}'] = [1.0] * len(counts)
    series[f'postledger_source_unusable{{source="{slug}"}}'] = [0.0] * len(counts)
    split = [_split(chance, count, shares) for count in counts]
    refused = [reason for reason in shares if reason != "duplicate"]
    for verdict, outcomes in (("accepted", [""]), ("duplicate", ["duplicate"]), ("refused", refused)):
        rises = [sum(one.get(outcome, 0) for outcome in outcomes) for one in split]
        series[f'postledger_postbacks_total{{source="{slug}", verdict="{verdict}"}}'] = _sum(rises)
    for reason in {*refused, "unavailable"}:
        rises = [one.get(reason, 0) for one in split]
        series[f'postledger_refusals_total{{source="{slug}", reason="{reason}"}}'] = _sum(rises)
    for size, share in PAYOUT_SIZES.items():
        rises = [_draw(chance, one.get("", 0) * share) for one in split]
        series[f'postledger_payouts_total{{source="{slug}", currency="USD", size="{size}"}}'] = _sum(rises)


def _add_campaign(series: Series, chance: random.Random, slug: str, clicks: list[int], share: float) -> None:
    opened = [sum(chance.random() < share for _ in range(count)) for count in clicks]
    series[f'postledger_campaign_info{{campaign="{slug}"}}'] = [1.0] * len(clicks)
    series[f'postledger_clicks_total{{campaign="{slug}"}}'] = _sum(clicks)
    series[f'postledger_conversions_opened_total{{campaign="{slug}"}}'] = _sum(opened)
    series[f'postledger_conversions_total{{campaign="{slug}", status="pending"}}'] = _sum(opened)
    series[f'postledger_conversions_total{{campaign="{slug}", status="approved"}}'] = _sum(opened[:3] + opened[:-3])


def _add_parts(series: Series, requests: list[int], beats: int, beat_s: int) -> None:
    total = _sum(requests)
    now_s = [beat * beat_s for beat in range(beats)]
    series['postledger_edge_requests_total{route="postback", status="200"}'] = total
    series['postledger_edge_requests_total{route="postback", status="503"}'] = [0.0] * beats
    for le in _BUCKETS_S:
        part = [count * (0.9 if le == "0.005" else 0.998 if le != "+Inf" else 1.0) for count in total]
        label = f'route="postback", status="200", le="{le}"'
        series[f"postledger_request_duration_seconds_bucket{{{label}}}"] = part
        series[f'postledger_flush_duration_seconds_bucket{{le="{le}"}}'] = part
    series['postledger_request_duration_seconds_count{route="postback", status="200"}'] = total
    for result, share in (("fast", 0.998), ("slow", 0.002)):
        series[f'postledger_authenticated_postbacks_total{{result="{result}"}}'] = [count * share for count in total]
    series["postledger_flush_duration_seconds_count"] = total
    series["postledger_ledger_contact_timestamp_seconds"] = [float(second) for second in now_s]
    series["postledger_queue_waiting"] = [float(count % 40) for count in requests]
    for size in PAYOUT_SIZES:
        series[f'postledger_payout_size{{size="{size}"}}'] = [float(size)] * beats
    series["postledger_queue_limit"] = [2000.0] * beats
    series['postledger_edge_policy_age_seconds{instance="edge"}'] = [1.0] * beats
    series['postledger_edge_certificate_expiry_timestamp_seconds{certificate="main"}'] = [60 * 86_400.0] * beats
    series["postledger_audit_oldest_timestamp_seconds"] = [-90 * 86_400.0] * beats
    series["postledger_audit_newest_timestamp_seconds"] = [7 * 86_400.0] * beats
    series["postledger_audit_retention_seconds"] = [90 * 86_400.0] * beats
    series['pg_stat_activity_count{instance="pg", datname="postledger", state="idle"}'] = [12.0] * beats
    series['pg_settings_max_connections{instance="pg"}'] = [100.0] * beats
    disk = 'instance="host", device="/dev/a", mountpoint="/", fstype="ext4"'
    series[f"node_filesystem_size_bytes{{{disk}}}"] = [1e12] * beats
    series[f"node_filesystem_avail_bytes{{{disk}}}"] = [6e11 - 1e4 * second for second in now_s]
    _add_worker(series, requests, now_s)
    for job in ("backend", "edge", "worker", "postgres", "nginx", "node", "prometheus", "alertmanager"):
        series[f'up{{job="{job}", instance="{job}"}}'] = [1.0] * beats


def _add_worker(series: Series, requests: list[int], now_s: list[int]) -> None:
    """A forward whose receiver refuses one delivery in twenty, and rates that are imported every three days."""
    beats = len(requests)
    series['postledger_worker_refreshed_timestamp_seconds{instance="worker"}'] = [float(second) for second in now_s]
    series["postledger_outbox_age_seconds"] = [0.2 + count % 5 for count in requests]
    series["postledger_changes_set_aside"] = [0.0] * beats
    series['postledger_expenses_unmapped{reason="no_rule"}'] = [0.0] * beats
    series['postledger_forward_circuit{forward="voluum"}'] = [0.0] * beats
    for result, share in (("delivered", 0.9), ("retried", 0.05), ("failed", 0.05), ("blocked", 0.0)):
        counts = [count * share for count in _sum(requests)]
        series[f'postledger_deliveries_total{{forward="voluum", result="{result}"}}'] = counts
    series["postledger_rates_age_seconds"] = [float(second % (3 * 86_400)) for second in now_s]
    series["postledger_rates_max_age_seconds"] = [7 * 86_400.0] * beats
    series['postledger_jobs_dead{task="retain"}'] = [0.0] * beats
    series['postledger_invariant_broken{invariant="lines_sum_to_worth"}'] = [0.0] * beats
    series['postledger_audit_broken{fault="broken"}'] = [0.0] * beats
    series['postledger_audit_broken{fault="went_back"}'] = [0.0] * beats
    series["postledger_audit_seq"] = [float(beat) for beat in range(beats)]


def _draw(chance: random.Random, mean: float) -> int:
    """A Poisson number; many are drawn as a normal one, which is as good and quicker."""
    if mean > 30:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _split(chance: random.Random, count: int, shares: dict[str, float]) -> dict[str, int]:
    outcomes = chance.choices([*shares, ""], [*shares.values(), 1 - sum(shares.values())], k=count)
    return {outcome: outcomes.count(outcome) for outcome in {*shares, ""}}


def _sum(rises: list[int]) -> list[float]:
    return [float(total) for total in accumulate(rises)]
