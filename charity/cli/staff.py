"""``charity staff``: who may work here, from the operator's shell; and the first fund manager."""

from __future__ import annotations

import click

from charity.cli.application import ready_app
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people import factors, invitations, links, queries, services
from charity.people.kinds import Channel, LinkPurpose, Role
from charity.people.queries import Grant

MANAGER_NAME = "专项基金管理员"


@click.group()
def staff() -> None:
    """Who may work here."""


@staff.command()
@click.option("--name", required=True, help="The person's name.")
@click.option("--email", required=True, help="Where the one-time link goes.")
@click.option("--phone", required=True, help="By it one human is known as one.")
@click.option("--id-number", help="Identity card number.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--scope", help="Code of the raising unit or organization, for its roles.")
def add(
    *, name: str, email: str, phone: str, id_number: str | None, role: str, scope: str | None
) -> None:
    """Invite a person with a role; print their one-time link."""
    from charity.funds.queries import ancestors

    def known(wanted: Role, code: str) -> bool:
        # Organizations are registered later; until then no code of one is known.
        return wanted is not Role.ORGANIZATION_MANAGER and bool(ancestors(code))

    def work() -> str:
        return invitations.invite(
            name, [Grant(Role(role), scope)], email=email, phone=phone, id_number=id_number,
            by=None, scope_known=known,
        ).link  # fmt: skip

    with ready_app().app_context():
        try:
            link = atomically(work)()
        except RuleBroken as error:
            raise click.ClickException(error.sentence()) from error
        finally:
            db.session.remove()
    print(f"one-time link: {link}")


@staff.command()
@click.option("--email", required=True, help="Whose second factor is to be taken away.")
def reset(email: str) -> None:
    """Take a lost second factor away; print a one-time link. Two managers decide it together."""

    def work() -> str:
        if len(queries.holders([Role.FUND_MANAGER])) > 1:
            raise click.ClickException(
                "there are two fund managers: one asks for the reset at the fund desk, "
                "another decides it"
            )
        found = services.find(email)
        if found is None:
            raise click.ClickException("nobody has this address")
        factors.reset_factor(found.person_id)
        token, _ = links.make(found.account_id, LinkPurpose.INVITE)
        return links.address_of(token)

    with ready_app().app_context():
        try:
            link = atomically(work)()
        except RuleBroken as error:
            raise click.ClickException(error.sentence()) from error
        finally:
            db.session.remove()
    print(f"one-time link: {link}")


def first_manager(email: str) -> str | None:
    """The first fund manager's one-time link; ``None`` once somebody has signed in as one.

    Inside an application context. Raises ``RuleBroken``.
    """
    return atomically(_first_manager)(email)


def _first_manager(email: str) -> str | None:
    managers = queries.holders([Role.FUND_MANAGER])
    found = services.find(email)
    if not managers:
        grants = [Grant(Role.FUND_MANAGER)]
        return invitations.invite(MANAGER_NAME, grants, email=email, by=None).link
    # A link that was lost before its first use may be printed again.
    mine = found is not None and found.person_id in {each.person_id for each in managers}
    if found is None or not mine or links.was_used(found.account_id, Channel.MAIL):
        return None
    token, _ = links.make(found.account_id, LinkPurpose.INVITE)
    return links.address_of(token)
