"""`[notify]` in the configuration file: what is read, and what is refused."""

import tomllib

import pytest

from postledger.decoding.toml_table import BadValue
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.notify_config import MailServer, Notify, NotifyConfig, Webhook, find_notify_faults

SIGNING = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
FILE = """
[notify]
console_url = "https://console.example.com/"

[notify.mail]
host = "smtp.example.com"
from = "Postledger <postledger@example.com>"
login_env = "SMTP_LOGIN"
password_env = "SMTP_PASSWORD"

[notify.webhook]
url = "https://hooks.example.com/postledger"
secrets_env = ["NOTIFY_SECRET"]
"""
VARIABLES = {"SMTP_LOGIN": "postledger", "SMTP_PASSWORD": "pass", "NOTIFY_SECRET": SIGNING}
MAIL = '[notify.mail]\nhost = "smtp.example.com"\nfrom = "a@example.com"\n'
HOOK = '[notify.webhook]\nurl = "https://hooks.example.com/"\n'
PLAIN = NotifyConfig(Notify(mail=MailServer("smtp.example.com", 587, "starttls", "a@example.com")))


def look_up(name: str) -> list[str]:
    """Find a variable as the command line does."""
    if name in VARIABLES:
        return [VARIABLES[name]]
    raise BadValue(f"the environment variable {name} is not set; set it")


def resolve(host: str) -> list[str]:
    """Find the addresses of a host."""
    return ["10.0.0.1"] if host == "inside.example.com" else ["93.184.216.34"]


def read(text: str) -> Configuration:
    """Read a file."""
    return read_configuration(tomllib.loads(text), {"secrets_env": look_up, "resolve": resolve})


def read_faults(text: str) -> list[str]:
    """Read a file that has faults."""
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    return list(map(str, caught.value.faults))


def test_both_channels_are_read() -> None:
    server = MailServer("smtp.example.com", 587, "starttls", "Postledger <postledger@example.com>")
    webhook = Webhook("https://hooks.example.com/postledger")

    assert read(FILE).notify == NotifyConfig(
        Notify("https://console.example.com", server, webhook), ("postledger", "pass"), (SIGNING,)
    )


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_from_the_encryption(tls: str, port: int) -> None:
    config = read(MAIL + f'tls = "{tls}"\n').notify

    assert config is not None
    assert config.notify.mail is not None
    assert (config.notify.mail.tls, config.notify.mail.port) == (tls, port)


def test_what_is_written_is_read_again_without_secrets() -> None:
    config = read(FILE)

    again = read_configuration(write_document(config), {"resolve": resolve}).notify

    assert config.notify is not None
    assert again == NotifyConfig(config.notify.notify)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[notify]\n", "notify.mail: is missing, and so is webhook"),
        ("notify = 1\n", "notify: must be one table in single brackets: [notify]"),
        ("[notify]\nmail = 1\n", "notify.mail: must be one table in single brackets: [notify.mail]"),
        (MAIL + 'tls = "none"\n', "notify.mail.tls: must be"),
        (MAIL + 'tls = "ssl"\n', "notify.mail.tls: must be"),
        (MAIL.replace("smtp.example.com", "smtp example"), "notify.mail.host: must be the name"),
        (MAIL.replace("a@example.com", "nobody"), "notify.mail.from: must be one address"),
        (MAIL.replace("a@example.com", "a@example.com, b@example.com"), "notify.mail.from: must be one address"),
        (MAIL + 'login_env = "SMTP_LOGIN"\n', "notify.mail.password_env: is missing"),
        (MAIL + 'password_env = "SMTP_PASSWORD"\n', "notify.mail.login_env: is missing"),
        (MAIL + 'password = "pass"\n', "notify.mail.password: is not a known key; did you mean password_env?"),
        (HOOK.replace("hooks", "inside"), "notify.webhook.url: leads to a private address"),
        (HOOK.replace(".com/", ".com/{status}"), "notify.webhook.url: has a macro"),
        ('[notify]\nconsole_url = "http://console.example.com"\n' + MAIL, "notify.console_url: must be an https URL"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(text: str, fault: str) -> None:
    faults = read_faults(text)

    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_a_server_at_a_loopback_address_needs_no_encryption() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        assert read(MAIL.replace("smtp.example.com", host) + 'tls = "none"\n').notify is not None


@pytest.mark.parametrize(("secrets", "fault"), [((), "is missing"), (("short",), "secret 1 must be whsec_")])
def test_a_webhook_without_a_key_is_refused(secrets: tuple[str, ...], fault: str) -> None:
    target = NotifyConfig(Notify(webhook=Webhook("https://hooks.example.com/")), None, secrets)

    (found,) = find_notify_faults(target, None if secrets else NotifyConfig(Notify(), None, ()))

    assert found.message.startswith(fault)


def test_a_stored_login_is_not_sent_to_another_server() -> None:
    moved = NotifyConfig(Notify(mail=MailServer("evil.example", 587, "starttls", "a@example.com")))
    known, open_to_all = (NotifyConfig(PLAIN.notify, login) for login in (("postledger", "pass"), ()))

    (fault,) = find_notify_faults(moved, known)

    assert str(fault).startswith("notify.mail.login_env: is missing; the stored login is for another server")
    assert not list(find_notify_faults(PLAIN, known))
    assert not list(find_notify_faults(moved, open_to_all))
