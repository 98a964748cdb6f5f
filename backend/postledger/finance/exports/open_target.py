"""Opens a target by its kind."""

from collections.abc import Callable
from pathlib import Path

from postledger.finance.exports.beancount import write_beancount
from postledger.finance.exports.documents import write_csv, write_json
from postledger.finance.exports.file_target import FileTarget
from postledger.finance.exports.target import ExportedBill, Secrets, Target
from postledger.finance.exports.tryton import TrytonTarget
from postledger.finance.exports.webhook import WebhookTarget
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network

_WRITERS: dict[str, Callable[[ExportedBill], bytes]] = {
    "csv": write_csv,
    "json": write_json,
    "beancount": write_beancount,
}


class TargetOpener:
    """Opens targets. Files go to the `path` of their target, else to `folder`; requests go through `network`."""

    def __init__(self, folder: Path, network: Network) -> None:
        self._folder, self._network = folder, network

    def __call__(self, settings: ExportSettings, secrets: Secrets) -> Target:
        """Open one target."""
        match settings.kind:
            case "tryton":
                return TrytonTarget(settings, secrets, self._network)
            case "webhook":
                return WebhookTarget(settings, secrets, self._network)
            case kind:
                folder = Path(settings.path) if settings.path else self._folder
                return FileTarget(folder, kind, _WRITERS[kind])
