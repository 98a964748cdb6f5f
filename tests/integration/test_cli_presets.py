"""`preset` and `dialect` show what is known of a network, and `apply` uses it for a source."""

import hashlib
import tomllib

from tests.parts.cli import CommandLine

FILE = """
[[sources]]
slug = "wall"
preset = "cpx"
secrets = ["app-secret"]
"""


def test_presets_are_listed_with_proof_and_origin(cli: CommandLine) -> None:
    listed = {row["name"]: row for row in cli("preset", "list", "--json").facts}

    assert listed["bitlabs"]["proof"] == "signature"
    assert listed["everflow"]["proof"] == "token"
    assert listed["cpx"]["facts"] == "third-party"
    assert "BitLabs" in cli("preset", "list").out


def test_a_preset_is_shown_as_the_table_of_a_source(cli: CommandLine) -> None:
    shown = tomllib.loads(cli("preset", "show", "cpx").out)

    assert shown["source"]["params"]["transaction_id"] == ["trans_id"]
    assert shown["from"]
    assert cli("preset", "show", "cpx", "--json").facts["source"] == shown["source"]


def test_a_preset_shows_its_signed_fields_and_addresses(cli: CommandLine) -> None:
    wall, ours, moved = (
        tomllib.loads(cli("preset", "show", name).out) for name in ("cpx", "postledger-v1", "everflow")
    )

    assert (wall["signed"], ours["signed"], moved["signed"]) == ("trans_id", "all parameters", "nothing")
    assert wall["addresses"]["networks"][0] == "188.40.3.73"
    assert (wall["addresses"]["read"], bool(wall["addresses"]["from"])) == ("2026-11-22", True)
    assert "addresses" not in ours


def test_known_addresses_are_applied_as_a_change(cli: CommandLine) -> None:
    cli("apply", cli.write("wall.toml", FILE))
    open_to_all = cli("source", "show", "wall", "--json").facts["allow"]

    applied = cli("apply", cli.write("wall.toml", FILE + 'allow = "preset"\n'))

    assert open_to_all == []
    assert "allow" in applied.out
    assert cli("source", "show", "wall", "--json").facts["allow"] == [
        "188.40.3.73/32", "157.90.97.92/32", "2a01:4f8:d0a:30ff::2/128"
    ]  # fmt: skip


def test_an_unknown_preset_is_refused_in_one_line(cli: CommandLine) -> None:
    ran = cli("preset", "show", "cpxx")

    assert ran.code != 0
    assert "preset cpxx does not exist" in ran.err


def test_a_postback_is_signed_as_its_network_would(cli: CommandLine) -> None:
    cli("apply", cli.write("wall.toml", FILE))

    signed = cli("sign", "wall", "trans_id=1", "--url", "https://t.example")
    refused = cli("sign", "wall", "trans_id=1", "--post", "json", "--url", "https://t.example")

    expected = hashlib.md5(b"1-app-secret").hexdigest()  # noqa: S324 - as the network does
    assert signed.out.strip() == f"https://t.example/tracking/postback/wall?trans_id=1&secure_hash={expected}"
    assert refused.code != 0
    assert "cannot sign for source wall: its profile does not sign this POST" in refused.err


def test_applying_the_export_of_a_preset_changes_nothing(cli: CommandLine) -> None:
    applied = cli("apply", cli.write("wall.toml", FILE))
    exported = cli("export").out

    again = cli("apply", cli.write("again.toml", exported), "--json")

    assert applied.code == 0, applied.err
    source = cli("source", "show", "wall", "--json").facts
    assert (source["preset"], source["signature"]["schemes"][0]["mac"]) == ("cpx", "hash-md5")
    assert source["signed"] == "trans_id"
    assert {change["action"] for change in again.facts["changes"]} == {"leave"}


def test_dialects_are_listed_and_shown(cli: CommandLine) -> None:
    listed = {row["name"]: row for row in cli("dialect", "list", "--json").facts}

    assert (listed["keitaro"]["proof"], listed["voluum"]["proof"]) == ("token", "none, or a token")
    assert tomllib.loads(cli("dialect", "show", "keitaro").out)["source"]["paths"] == ["/{key}/postback"]
    assert "dialect volum does not exist;" in cli("dialect", "show", "volum").err


def test_a_path_of_another_source_is_refused_by_apply(cli: CommandLine) -> None:
    first = '[[sources]]\nslug = "a"\ndialect = "keitaro"\nsecrets = ["3f9c0de"]\n'
    assert cli("apply", cli.write("a.toml", first)).code == 0

    ran = cli("apply", cli.write("b.toml", first.replace('"a"', '"b"')))

    assert ran.code != 0
    assert "sources[b].paths: /{key}/postback has the same secret as in a" in ran.err
    assert "3f9c0de" not in ran.err


def test_the_url_for_a_networks_panel_hides_the_token_unless_it_is_asked_for(cli: CommandLine) -> None:
    file = '[[sources]]\nslug = "flow"\npreset = "everflow"\nsecrets = ["a-token-of-16-chars"]\n'
    cli("apply", cli.write("flow.toml", file))

    hidden = cli("source", "url", "flow", "--url", "https://track.example.com")
    shown = cli("source", "url", "flow", "--url", "https://track.example.com", "--reveal", "--json").facts["url"]

    assert "https://track.example.com/tracking/postback/flow?sub1={sub1}&payout={payout_amount}&" in hidden.out
    assert hidden.out.strip().endswith("&token=TOKEN")
    assert "Replace TOKEN" in hidden.err
    assert shown.endswith("&token=a-token-of-16-chars")


def test_the_url_of_an_unknown_source_is_one_clear_line(cli: CommandLine) -> None:
    ran = cli("source", "url", "nobody")

    assert ran.code != 0
    assert "source nobody does not exist" in ran.err


def test_presets_of_forwards_are_listed_and_shown_with_their_origin(cli: CommandLine) -> None:
    listed = {row["name"]: row for row in cli("forwards", "presets", "--json").facts}
    shown = tomllib.loads(cli("forwards", "presets", "keitaro").out)
    unknown = cli("forwards", "presets", "keitar")

    assert len(listed) == 12
    assert listed["keitaro"]["url"].startswith("https://HOST/{secret}/postback?subid={click_id}&status={status}&")
    assert "https://HOST/pb/?hit={click_id}&tx={transaction_id}&rev={payout}" in cli("forwards", "presets").out
    assert (shown["statuses"]["approved"], bool(shown["from"])) == ("sale", True)
    assert cli("forwards", "presets", "keitaro", "--json").facts["statuses"] == shown["statuses"]
    assert (unknown.code, "preset keitar does not exist; run: postledger forwards presets" in unknown.err) == (1, True)
