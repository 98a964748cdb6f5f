"""The results for programs: `summary.json`, and `junit.xml` for a CI server."""

import os
import platform
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from loadtests.history import SHARES, Run, percentile
from loadtests.judge import other_cores
from loadtests.lost import lost_by_rule
from loadtests.result import Result


def write_summary(path: Path, result: Result) -> None:
    """Write the verdict, each promise, the figures, and what is needed to repeat the run."""
    settings, run, judgement = result.settings, result.run, result.judgement
    summary = {
        "scenario": settings.scenario,
        "verdict": judgement.code.name.lower(),
        "exit_code": int(judgement.code),
        "sentence": judgement.sentence,
        "not_judged_because": judgement.noise,
        "promises": judgement.promises,
        "verification": result.verification,
        "figures": figures(run),
        "seed": settings.seed,
        "is_short": settings.is_short,
        "duration_s": settings.duration_s,
        "senders": settings.senders,
        "rate_per_sender": settings.rate,
        "marks": run.marks,
        "lost_by_sender": lost_by_rule(run.honest()),
        "generators": run.generators,
        "other_cores": round(other_cores(run), 3),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(summary)))


def figures(run: Run) -> dict[str, float]:
    """The figures that two runs are compared by; latencies in milliseconds."""
    honest = run.honest()
    latencies = {"due": [ack.sent + ack.took - ack.due for ack in honest], "sent": [ack.took for ack in honest]}
    values = {
        f"{name}_{share}_ms": round(percentile(of, number) * 1000, 2)
        for name, of in latencies.items()
        for share, number in SHARES
    }
    return values | {"requests": len(run.acks), "requests_per_s": round(len(run.acks) / run.duration_s, 1)}


def write_junit(path: Path, result: Result) -> None:
    """Write one test case for each promise."""
    name, judgement = f"loadtest.{result.settings.scenario}", result.judgement
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(judgement.promises)))
    for promise in judgement.promises:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=promise.says)
        if promise.is_kept is False:
            ElementTree.SubElement(case, "failure", message=f"{promise.measured}, promised {promise.promised}")
        elif promise.is_kept is None:
            ElementTree.SubElement(case, "skipped", message="; ".join(judgement.noise))
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
