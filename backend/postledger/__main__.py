"""The `postledger` command, also as `python -m postledger`."""

import sys


def main() -> None:
    """Run one command and exit with its code."""
    if sys.argv[1:2] in (["worker"], ["consume"]):
        from postledger.platform.server.greenlet_process import prepare_greenlets  # noqa: PLC0415 - only these two

        prepare_greenlets()
    from postledger.bootstrap.command import create_command  # noqa: PLC0415 - it imports the driver

    create_command()()


if __name__ == "__main__":
    main()
