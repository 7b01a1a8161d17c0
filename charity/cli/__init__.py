"""The ``charity`` command.

Rule: nothing is imported before it is needed, so ``charity --help`` answers at once. Each command
lies in the module named beside it.
"""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("charity.cli.setup:init", "Make the database, and the first fund manager."),
    "upgrade": ("charity.cli.setup:upgrade", "Bring database and guards up to date, and check."),
    "staff": ("charity.cli.staff:staff", "Invite people; take away a lost second factor."),
    "doctor": ("charity.cli.doctor:doctor", "Ready for production? Line by line."),
    "run": ("charity.cli.serve:run", "Site and worker in one."),
    "web": ("charity.cli.serve:web", "The site alone."),
    "worker": ("charity.cli.serve:worker", "The worker alone."),
    "watch": ("charity.cli.serve:watch", "Tell the operator when something stopped."),
    "check": ("charity.cli.checks:check", "Prove every invariant of the ledger."),
    "jobs": ("charity.cli.jobs:jobs", "What runs when; run one now."),
    "backup": ("charity.cli.backup:backup", "A consistent copy of database and files."),
    "restore": ("charity.cli.restore:restore", "A copy becomes an installation again."),
    "move": ("charity.cli.move:move", "From the SQLite file to PostgreSQL."),
    "export": ("charity.cli.export:export", "The ledger for other programs."),
    "receipts": ("charity.cli.receipts:receipts", "Receipts in bulk."),
    "demo": ("charity.cli.demo:demo", "Synthetic data for trying things out."),
}


class _Lazy(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy)
def main() -> None:
    """The website of one charity, and the ledger behind it."""
