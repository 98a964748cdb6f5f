"""Writes an explanation as a table of plain text, for curl: what to do next first, then each step."""

from collections.abc import Iterator

from postledger.partners.explanation import EdgeStep, Explanation, Quota, SignatureStep

_WIDTH = 14


def write_table(explanation: Explanation) -> str:
    """Write the table. Characters that a terminal would act on are escaped."""
    rows = [*_list_head(explanation), *_list_reading(explanation)]
    if explanation.signature is not None:
        rows += _list_signature(explanation.signature)
    rows += _list_event(explanation)
    return "".join(f"{name:<{_WIDTH}}{_escape(text)}\n" for name, text in rows)


def _escape(text: str) -> str:
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _list_head(explanation: Explanation) -> Iterator[tuple[str, str]]:
    yield "next", explanation.next
    narrowed = [one for one in (explanation.reason, explanation.parameter) if one]
    yield "verdict", " ".join([explanation.verdict.value, *narrowed, f"(HTTP {explanation.http})"])
    yield "edge", _describe_edge(explanation.edge)
    yield "quota", _describe_quota(explanation.edge.quota)


def _describe_edge(edge: EdgeStep) -> str:
    if edge.address is None:
        return "the address is not in the request, so the allowlist was not asked"
    by = f" by {edge.by}" if edge.by else ""
    return f"{edge.address} {'allowed' if edge.allowed else 'not allowed'}{by}"


def _describe_quota(quota: Quota) -> str:
    used = "" if quota.used is None else f", {quota.used:.0%} of it used by this address"
    return f"{quota.rate}/s, {quota.burst} at once{used}"


def _list_reading(explanation: Explanation) -> Iterator[tuple[str, str]]:
    for one in explanation.read:
        note = f"  ({one.note})" if one.note else ""
        yield "read", f"{one.canonical} = {one.value}  sent as {one.sent}{note}"
    if explanation.ignored:
        yield "ignored", ", ".join(explanation.ignored)
    if explanation.masked:
        yield "masked", ", ".join(explanation.masked)


def _list_signature(step: SignatureStep) -> Iterator[tuple[str, str]]:
    yield "signature", f"{step.scheme}, in {step.place}"
    yield "key", step.key or "no secret matches"
    if step.signed_string is not None:
        yield "signed string", step.signed_string
    if step.clock is not None:
        skew = "unreadable" if step.clock.skew_s is None else f"{step.clock.skew_s:+d} s"
        yield (
            "clock",
            f"{step.clock.ts}: {skew}, allowed {step.clock.tolerance_s[0]} to {step.clock.tolerance_s[1]:+d} s",
        )
    if step.unsigned:
        yield "unsigned", ", ".join(step.unsigned)
    for mistake in step.would_match or ():
        yield "would match", mistake
    if step.tried and not step.would_match:
        yield "would match", f"none of {step.tried} usual mistakes"


def _list_event(explanation: Explanation) -> Iterator[tuple[str, str]]:
    mapped, dedup, fold = explanation.mapped, explanation.dedup, explanation.fold
    if mapped is not None:
        yield "status", f"{mapped.status.sent or 'not sent'} means {mapped.status.means or 'nothing'}"
        if mapped.payout.sent is not None:
            amount = f"{mapped.payout.means or 'nothing'} {mapped.currency.means or ''}".rstrip()
            yield "payout", f"{mapped.payout.sent} means {amount}"
    if dedup is not None:
        yield (
            "dedup",
            f"by {dedup.by}: {', '.join(dedup.parts)}{f' (known, opened by {dedup.first})' if dedup.known else ''}",
        )
    if fold is not None:
        yield "fold", f"was {fold.was}, says {fold.says}: {fold.rule}"
