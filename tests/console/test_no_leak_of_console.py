"""No leak of the console: a code, an amount and a comment go through page, edge and broken ledger, and none escapes.

What the page shows to the person who decides is left out, because that is what it is for. All else is: the logs
and files of console and edge, their metrics, process lists, the table of links, and the pages of refusals.
"""

import secrets

import httpx

from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.parts.console import Console
from tests.parts.databases import close_database, fetch, open_database
from tests.parts.decisions import Decisions, decisions
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.waiting import wait_until

__all__ = ["decisions"]

# Postgres refuses each decision with a message that quotes its comment.
QUOTE = """
CREATE FUNCTION quote_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'it says %', NEW.comment; END $$
"""
REFUSE = "CREATE TRIGGER quote BEFORE INSERT ON approval_decisions FOR EACH ROW EXECUTE FUNCTION quote_comment()"


def test_scenario_33_canary_of_the_decision_page(postgres: Postgres, decisions: Decisions) -> None:
    canaries, evidence = Canaries(), SignatureInput()
    amount, comment = canaries.payout, f"{canaries.email} {canaries.secret}"
    mine, theirs = decisions.ask(amount), decisions.ask(amount, created_by="mia")
    codes = [decisions.link(mine), decisions.link(mine, "bob"), decisions.link(theirs), decisions.link(mine)]
    for code in codes:
        canaries.watch("code", code)

    with Console({"DATABASE_URL": decisions.url}) as console:
        settings = {"POSTLEDGER_CONSOLE_SOCKET": str(console.socket), "POSTLEDGER_EDGE_LOG_LEVEL": "info"}
        with (
            Edge(backend_socket="/tmp/no-such-socket", environment=settings) as edge,
            httpx.Client(base_url=edge.console_url, verify=edge.tls_context(), timeout=120) as browser,
        ):

            def send(code: str, decision: str | None = None) -> httpx.Response:
                fields = {"code": code, "comment": comment, **({"decision": decision} if decision else {})}
                return browser.post("/decide", data=fields, headers={"Referer": f"https://mail.example/#{code}"})

            assert amount in send(codes[0]).text, "the page shows what is decided"
            decisions.execute(QUOTE)
            decisions.execute(REFUSE)
            evidence.add("refused by Postgres", send(codes[0], "approve").content)
            decisions.execute("DROP TRIGGER quote ON approval_decisions")
            close_database(postgres, decisions.url)
            wait_until(lambda: console.answers() == 503, what="a console without a ledger")
            evidence.add("no ledger", send(codes[0], "approve").content)
            open_database(postgres, decisions.url)
            wait_until(lambda: console.answers() == 200, what="a console with a ledger")
            statuses = []
            for code in codes:
                answer = send(code, "approve")
                statuses.append(answer.status_code)
                evidence.add("an answer", answer.content)
            evidence.add("a code in a URL", browser.get(f"/decide?code={codes[0]}&comment={comment}").content)
            evidence.add("a code in a path", browser.get(f"/decide/{codes[0]}").content)
            secret = secrets.token_hex(12)
            canaries.watch("a wrong code", secret)
            evidence.add("a wrong code", send(secret).content)
            evidence.add("metrics", console.status("/metrics").content + edge.ask_ops("/metrics").content)
            evidence.add_processes()
            evidence.add_tree(edge.prefix)
        evidence.add_tree(console.home)
    evidence.add("links", str(fetch(decisions.url, "SELECT decision_links::text FROM decision_links")))

    assert statuses == [200, 409, 403, 409]
    assert evidence.leaks(canaries) == []
