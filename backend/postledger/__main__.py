"""The `postledger` command, also as `python -m postledger`."""

from postledger.cli.app import create_cli


def main() -> None:
    """Run one command and leave with its code."""
    create_cli()()


if __name__ == "__main__":
    main()
