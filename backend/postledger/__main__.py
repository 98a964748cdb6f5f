"""The `postledger` command, also as `python -m postledger`."""

from postledger.bootstrap.command import create_command


def main() -> None:
    """Run one command and exit with its code."""
    create_command()()


if __name__ == "__main__":
    main()
