"""Lists every setting of Postledger: each environment variable that a script, the edge or the package reads.

To add a setting, add a line here and a row in `docs/configuration.md`; a test compares both with the code.
"""

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

_PREFIX = "POSTLEDGER_"
_ALIKE = 0.6
"""The smallest likeness, 0 to 1, of a name that is proposed in place of an unknown one."""


class Setting(msgspec.Struct, frozen=True):
    """One setting. A value of a `secret` one is never printed. `made`: `make up` works it out for each run."""

    name: str
    secret: bool = False
    made: bool = False


SETTINGS = (
    Setting("DATABASE_URL", secret=True),
    Setting("POSTLEDGER_MASTER_KEY", secret=True),
    Setting("POSTLEDGER_MASTER_KEY_FILE"),
    Setting("POSTLEDGER_READER_URL", secret=True),
    Setting("POSTLEDGER_MONITOR_URL", secret=True),
    Setting("POSTLEDGER_RETENTION_DAYS"),
    Setting("POSTLEDGER_CLICK_RETENTION_DAYS"),
    Setting("POSTLEDGER_REPLAY_LIMIT"),
    # Of the backend.
    Setting("POSTLEDGER_WORKERS"),
    Setting("POSTLEDGER_SCHEDULING"),
    Setting("POSTLEDGER_QUEUE_LIMIT"),
    Setting("POSTLEDGER_FLUSH_ROWS"),
    Setting("POSTLEDGER_UNAUTHENTICATED_BYTES_PER_DAY"),
    Setting("POSTLEDGER_BACKEND_SOCKET", made=True),
    Setting("POSTLEDGER_OPERATORS_SOCKET", made=True),
    Setting("POSTLEDGER_CLICK_FALLBACK_URL", secret=True),
    Setting("POSTLEDGER_REQUEST_LOG"),
    Setting("POSTLEDGER_COMMIT"),
    Setting("POSTLEDGER_METRICS_DIR"),
    Setting("PROMETHEUS_MULTIPROC_DIR", made=True),
    # Of the worker.
    Setting("POSTLEDGER_WORKER_PORT", made=True),
    Setting("POSTLEDGER_BROKER_URL", secret=True),
    Setting("POSTLEDGER_BROKER_EXCHANGE"),
    Setting("POSTLEDGER_BROKER_QUEUE"),
    Setting("POSTLEDGER_BROKER_ROUTING_KEY"),
    Setting("POSTLEDGER_BROKER_DURABLE"),
    Setting("POSTLEDGER_BROKER_TOPOLOGY"),
    Setting("POSTLEDGER_BROKER_CA_FILE"),
    Setting("POSTLEDGER_MAP_FROM"),
    Setting("POSTLEDGER_BROKER"),
    # Of the sandbox.
    Setting("POSTLEDGER_SANDBOX"),
    Setting("POSTLEDGER_SANDBOX_SOCKET", made=True),
    Setting("POSTLEDGER_SANDBOX_PORT", made=True),
    # Of the console.
    Setting("POSTLEDGER_CONSOLE_ADDRESS"),
    Setting("POSTLEDGER_CONSOLE_PORT"),
    Setting("POSTLEDGER_CONSOLE_URL"),
    Setting("POSTLEDGER_CONSOLE_SOCKET", made=True),
    Setting("POSTLEDGER_CONSOLE_STATUS_PORT", made=True),
    Setting("POSTLEDGER_CONSOLE_STATUS_URL", made=True),
    # Of the edge.
    Setting("POSTLEDGER_LISTEN_ADDRESS"),
    Setting("POSTLEDGER_EDGE_PORT"),
    Setting("POSTLEDGER_EDGE_HTTP_PORT"),
    Setting("POSTLEDGER_OPS_PORT"),
    Setting("POSTLEDGER_TLS_CERTIFICATE"),
    Setting("POSTLEDGER_TLS_KEY"),
    Setting("POSTLEDGER_TLS_RSA_CERTIFICATE"),
    Setting("POSTLEDGER_TLS_RSA_KEY"),
    Setting("POSTLEDGER_SERVER_NAMES"),
    Setting("POSTLEDGER_NETWORK_RATE"),
    Setting("POSTLEDGER_TRUSTED_PROXIES"),
    Setting("POSTLEDGER_PROXY_PROTOCOL"),
    Setting("POSTLEDGER_CLIENT_CERTIFICATES"),
    Setting("POSTLEDGER_LOG_IP"),
    Setting("POSTLEDGER_EDGE_USER"),
    Setting("POSTLEDGER_EDGE_PLATFORM"),
    Setting("POSTLEDGER_EDGE_LOG_LEVEL"),
    Setting("POSTLEDGER_EDGE_ACCESS_LOG"),
    # Of Prometheus, Alertmanager and Grafana.
    Setting("PROMETHEUS_PORT"),
    Setting("ALERTMANAGER_PORT"),
    Setting("POSTLEDGER_ALERT_WEBHOOK_URL", secret=True),
    Setting("POSTLEDGER_ALERT_WEBHOOK_TOKEN_FILE"),
    Setting("POSTLEDGER_ALERT_HEARTBEAT_URL", secret=True),
    Setting("POSTLEDGER_ALERT_PAGERDUTY_KEY_FILE"),
    Setting("POSTLEDGER_ALERT_PAGERDUTY_URL"),
    Setting("POSTLEDGER_ALERT_SLACK_URL_FILE"),
    Setting("POSTLEDGER_ALERT_SLACK_CHANNEL"),
    Setting("POSTLEDGER_ALERT_SLACK_CHANNEL_PARTNERS"),
    Setting("POSTLEDGER_ALERT_SLACK_CHANNEL_FINANCE"),
    Setting("POSTLEDGER_ALERT_EMAIL_TO"),
    Setting("POSTLEDGER_ALERT_EMAIL_TO_PARTNERS"),
    Setting("POSTLEDGER_ALERT_EMAIL_TO_FINANCE"),
    Setting("POSTLEDGER_ALERT_EMAIL_FROM"),
    Setting("POSTLEDGER_ALERT_EMAIL_SMARTHOST"),
    Setting("POSTLEDGER_ALERT_EMAIL_USERNAME"),
    Setting("POSTLEDGER_ALERT_EMAIL_PASSWORD_FILE"),
    Setting("POSTLEDGER_ALERT_EMAIL_CA_FILE"),
    Setting("POSTLEDGER_RUNBOOKS_URL"),
    Setting("GRAFANA_PORT"),
    # Of the scripts.
    Setting("POSTLEDGER_SETTINGS_FILE"),
    Setting("POSTLEDGER_VAR"),
    Setting("POSTLEDGER_VENV"),
    Setting("POSTLEDGER_DEMO"),
    Setting("POSTLEDGER_DEMO_SECRET", secret=True),
    # Of the command line.
    Setting("POSTLEDGER_EDGE_URL", made=True),
    Setting("POSTLEDGER_EDGE_ADDRESS", made=True),
    Setting("POSTLEDGER_CA_FILE"),
    Setting("POSTLEDGER_EDGE_HTTP_URL", made=True),
    Setting("POSTLEDGER_OPS_URL", made=True),
    Setting("POSTLEDGER_WORKER_URL", made=True),
    Setting("POSTLEDGER_SANDBOX_URL", made=True),
    Setting("POSTLEDGER_RUN_DIRECTORY", made=True),
    Setting("PROMETHEUS_URL", made=True),
    Setting("PROMETHEUS_USER", made=True),
    Setting("PROMETHEUS_PASSWORD", made=True),
    Setting("ALERTMANAGER_URL", made=True),
    Setting("GRAFANA_URL", made=True),
)
KNOWN = {setting.name: setting for setting in SETTINGS}
_BY_SHORT_NAME = {name.removeprefix(_PREFIX): name for name in KNOWN}  # with the prefix, all are alike


def describe_unknown(names: Iterable[str]) -> str | None:
    """Describe in one line the `POSTLEDGER_*` names that are no setting, each with the nearest one, or return None."""
    unknown = sorted(name for name in names if name.startswith(_PREFIX) and name not in KNOWN)
    return "; ".join(map(_describe, unknown)) or None


def find_nearest(name: str, *, alike: float = _ALIKE) -> str | None:
    """Find the setting whose name is most like this one, if one is at least so much alike, 0 to 1."""
    if name.startswith(_PREFIX):
        found = get_close_matches(name.removeprefix(_PREFIX), _BY_SHORT_NAME, n=1, cutoff=alike)
        return _BY_SHORT_NAME[found[0]] if found else None
    return next(iter(get_close_matches(name, KNOWN, n=1, cutoff=alike)), None)


def _describe(name: str) -> str:
    nearest = find_nearest(name)
    proposal = f"did you mean {nearest}?" if nearest else "docs/configuration.md lists all settings"
    return f"{name} is not a setting; {proposal}"
