"""`apply`, `export`, `--prune`, `source reencrypt` and `doctor` with forwards and their secrets."""

import re
import textwrap

import psycopg
import pytest
from cryptography.fernet import Fernet
from standardwebhooks import Webhook

from postledger.ledger.writer import write_entries
from postledger.outgoing.store import load_forwards
from postledger.outgoing.target import Target
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from tests.integration.configured import actions
from tests.parts.cli import CommandLine
from tests.parts.documents import read_document
from tests.parts.entries import entry_of
from tests.parts.sinks import Sink

SECRET = "s3cret-of-the-partner"
SIGNING = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
FILE = """
[[forwards]]
slug = "voluum"
preset = "voluum"
match = { event = ["sale"], status = ["approved", "reversed"] }
url = "https://track.example/postback?cid={click_id}&payout={payout}&txid={transaction_id}"

[[forwards]]
slug = "keitaro"
preset = "keitaro"
url = "https://track.example"
secrets_env = ["KEITARO_KEY", "KEITARO_OLD_KEY"]
switch_off_after = "2d"
"""
_TOML = re.compile(r"^ *```toml\n( *\[\[forwards\]\]\n.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [textwrap.dedent(example) for example in _TOML.findall(read_document("docs/forwards.md"))]


@pytest.fixture(autouse=True)
def secrets(cli: CommandLine) -> None:
    """The environment variables that the file names."""
    cli.environment |= {"KEITARO_KEY": SECRET, "KEITARO_OLD_KEY": "older"}


def apply(cli: CommandLine, text: str = FILE) -> dict[str, str]:
    return actions(cli, cli.write("forwards.toml", text))


def load(cli: CommandLine) -> dict[str, Target]:
    with connect(cli.environment["DATABASE_URL"], name="test", statement_timeout_ms=60_000) as connection:
        forwards = load_forwards(connection, Keyring(cli.environment["POSTLEDGER_MASTER_KEY"].split()))
    return {target.forward.slug: target for target in forwards}


def test_forwards_are_applied_and_the_same_file_changes_nothing(cli: CommandLine) -> None:
    first, again = apply(cli), apply(cli)
    changed = apply(cli, FILE.replace('"2d"', '"3d"').replace(', "KEITARO_OLD_KEY"', ""))

    assert first == {"voluum": "create", "keitaro": "create"}
    assert again == {"voluum": "leave", "keitaro": "leave"}
    assert changed == {"voluum": "leave", "keitaro": "change secrets switch_off_after"}
    assert load(cli)["keitaro"].secrets == (SECRET,)
    assert load(cli)["keitaro"].forward.url.startswith("https://track.example/{secret}/postback?subid={click_id}&")


def test_an_export_has_no_secret_and_changes_nothing(cli: CommandLine) -> None:
    apply(cli)
    before = load(cli)

    exported = cli("export")
    told = actions(cli, cli.write("exported.toml", exported.out))

    assert SECRET not in exported.out + cli("export", "--json").out
    assert told == {"voluum": "leave", "keitaro": "leave"}
    assert load(cli) == before


def test_secrets_of_forwards_are_stored_encrypted(cli: CommandLine) -> None:
    apply(cli)

    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT settings::text, ciphertext FROM forwards JOIN forward_secrets USING (slug)")
        stored = [(settings, bytes(ciphertext)) for settings, ciphertext in rows.fetchall()]

    assert len(stored) == 2
    assert all(SECRET not in settings and SECRET.encode() not in secret for settings, secret in stored)


def test_a_forward_that_cannot_work_is_refused_with_its_line(cli: CommandLine) -> None:
    inside = FILE.replace("https://track.example/postback", "https://localhost/postback")
    unknown = FILE.replace('event = ["sale"]', 'source = ["acme"]')
    keyless = FILE.replace("secrets_env", "# secrets_env")
    empty = FILE.replace(
        'secrets_env = ["KEITARO_KEY", "KEITARO_OLD_KEY"]', f'secrets_file = "{cli.write("empty", " ")}"'
    )

    ran = [cli("apply", cli.write("bad.toml", text)) for text in (inside, unknown, keyless, empty)]

    assert [one.code for one in ran] == [1, 1, 1, 1]
    assert "bad.toml:6: forwards[voluum].url: leads to a loopback address: localhost resolves to " in ran[0].err
    assert "bad.toml:5: forwards[voluum].match: source acme does not exist" in ran[1].err
    assert "bad.toml:10: forwards[keitaro].preset: keitaro needs a secret, and the forward has none" in ran[2].err
    assert "bad.toml:12: forwards[keitaro].secrets_file: has no secret" in ran[3].err
    assert load(cli) == {}


def test_a_forward_that_is_retired_and_revived_needs_its_secrets_again(cli: CommandLine) -> None:
    apply(cli)
    rest = cli.write("rest.toml", FILE.split('[[forwards]]\nslug = "keitaro"', maxsplit=1)[0])

    pruned = cli("apply", rest, "--prune", "--yes")
    left = load(cli)
    keyless = cli("apply", cli.write("keyless.toml", FILE.replace("secrets_env", "# secrets_env")))
    revived = apply(cli, FILE.replace(', "KEITARO_OLD_KEY"', ""))

    assert "retire  forward   keitaro" in pruned.out
    assert set(left) == {"voluum"}
    assert (keyless.code, "add secrets_env" in keyless.err) == (1, True)
    assert revived == {"voluum": "leave", "keitaro": "revive secrets"}
    assert load(cli)["keitaro"].secrets == (SECRET,)


def test_a_forward_that_is_revived_starts_closed(cli: CommandLine) -> None:
    apply(cli)
    cli("forwards", "off", "voluum")
    changed = apply(cli, FILE.replace('"sale"', '"lead"'))
    still_off = cli("forwards", "list", "--json").facts
    cli("apply", cli.write("none.toml", ""), "--prune", "--yes")

    apply(cli)

    assert changed["voluum"] == "change match"
    assert {row["slug"]: row["circuit"] for row in still_off}["voluum"] == "off"
    assert {row["circuit"] for row in cli("forwards", "list", "--json").facts} == {"closed"}


def test_reencrypted_secrets_of_forwards_do_not_need_the_old_key(cli: CommandLine) -> None:
    apply(cli)
    new, old = Fernet.generate_key().decode(), cli.environment["POSTLEDGER_MASTER_KEY"]
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {old}"

    before = cli("doctor").out
    told = cli("source", "reencrypt").out
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert "2 of 2 are under an older master key" in before
    assert told == "2 secrets of 0 sources and 1 forward encrypted under the first master key.\n"
    assert load(cli)["keitaro"].secrets == (SECRET, "older")


def test_a_locked_secret_of_a_forward_is_named_and_can_be_replaced(cli: CommandLine) -> None:
    apply(cli)
    cli.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    examined, reencrypted = cli("doctor"), cli("source", "reencrypt")
    locked = load(cli)["keitaro"]
    told = apply(cli)

    assert "FAIL  secrets           forward keitaro has one that no master key decrypts" in examined.out
    assert "forward keitaro has a secret that no master key decrypts; nothing was changed" in reencrypted.err
    assert locked.secrets is None
    assert told["keitaro"] == "change secrets"
    assert load(cli)["keitaro"].secrets == (SECRET, "older")


def test_a_test_shows_the_url_of_a_preset_without_the_secret(cli: CommandLine) -> None:
    apply(cli)

    shown = cli("forwards", "test", "keitaro", "--dry-run")

    assert shown.out.startswith("https://track.example/***/postback?subid=postledger-test&status=sale&payout=0.01&")
    assert SECRET not in shown.out


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_of_the_page_can_be_applied_and_tested(cli: CommandLine, example: str) -> None:
    cli.environment |= {"PARTNER_KEY": SECRET, "SHOP_WEBHOOK_SECRET": SIGNING}
    source = '[[sources]]\nslug = "acme"\nsecrets = ["0123456789abcdef"]\n'

    slugs = [name for name in actions(cli, cli.write("example.toml", source + example)) if name != "acme"]
    shown = [cli("forwards", "test", slug, "--dry-run") for slug in slugs]

    assert [one.code for one in shown] == [0]
    assert SECRET not in shown[0].out


def test_what_is_applied_is_sent_by_the_worker(cli: CommandLine) -> None:
    with Sink() as sink:
        tables = f'''
            [[sources]]
            slug = "acme"
            secrets = ["0123456789abcdef"]
            [[forwards]]
            slug = "keitaro"
            preset = "keitaro"
            match = {{ source = ["ac*"] }}
            url = "{sink.url}"
            allow_private = true
            secrets_env = ["KEITARO_KEY"]
            [[forwards]]
            slug = "shop"
            url = "{sink.url}/hook"
            method = "json"
            sign = true
            allow_private = true
            secrets = ["{SIGNING}"]
        '''
        apply(cli, tables)
        with connect(cli.environment["DATABASE_URL"], name="test", statement_timeout_ms=60_000) as ledger:
            write_entries(ledger, [entry_of(transaction_id="TXN789", payout="31.41")])
        ran = cli.process("worker", "--once", "--only", "map,forward")

    get, post = sorted(sink.asked, key=lambda asked: asked.method)
    verified = Webhook(SIGNING).verify(post.body, dict(post.headers))
    assert ran.code == 0
    assert (get.method, get.target.partition("&")[0]) == ("GET", f"/{SECRET}/postback?subid=C1")
    assert get.target.endswith("&status=sale&payout=31.41&currency=USD&tid=TXN789")
    assert (verified["transaction_id"], verified["payout"], verified["source"]) == ("TXN789", "31.41", "acme")
