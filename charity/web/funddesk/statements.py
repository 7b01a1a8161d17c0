"""What the special fund says of itself, edited without a developer: rules, committee, contact."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Answer

from charity.funds import campaign_queries as reads
from charity.funds.kinds import FundText
from charity.funds.statements import publish_statement
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import Role
from charity.web import signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.forms import refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.campaign_forms import StatementForm, place_error, statement_words
from charity.web.guards import staff

READERS = (Role.FUND_MANAGER, Role.DISCLOSER, Role.SUPERVISOR)


@bp.get("/statements", endpoint="statements")
@staff(*READERS)
def listed() -> str:
    """The three texts with their versions."""
    found = reads.fund()
    if found is None:
        raise NotFound
    return render_template(
        "funddesk/statements.html",
        fund=found,
        words=statement_words(),
        versions={kind.value: reads.statements(found.code, kind) for kind in FundText},
        may_publish=signed.current().holds((Role.FUND_MANAGER, Role.DISCLOSER)),
    )


@bp.route("/statements/<statement>", methods=["GET", "POST"], endpoint="statement_new")
@staff(Role.FUND_MANAGER, Role.DISCLOSER, second_factor=True)
def publish(statement: str) -> Answer | str:
    """The next version: begins as the newest one, and is published with a day."""
    found = reads.fund()
    if found is None or statement not in set(FundText):
        raise NotFound
    form = StatementForm()

    def page() -> str:
        return render_template(
            "funddesk/statement.html", form=form, kind=statement, word=statement_words()[statement]
        )

    if not form.is_submitted():
        newest = next(iter(reads.statements(found.code, FundText(statement))), None)
        form.body.data = newest.body if newest else ""
        form.body_en.data = newest.body_en if newest else ""
        form.in_force_from.data = clock.today().isoformat()
        return page()
    refuse_doubled_fields()
    if not form.validate() or form.in_force_from.day is None:
        return make_response(page(), 422)
    try:
        with atomic():
            publish_statement(
                found.code,
                FundText(statement),
                form.body.data or "",
                body_en=form.body_en.data or "",
                in_force_from=form.in_force_from.day,
                actor=signed.current().actor,
            )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(page(), error.status)
    flash(_("已公布。"))
    return redirect(url_for("funddesk.statements"), 303)


ITEMS.append(Item("funddesk.statements", _l("专项基金公示文字"), READERS))
