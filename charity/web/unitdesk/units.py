"""The units one works for, and one unit's day: entered, to count, slips that wait."""

from __future__ import annotations

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import slip_queries
from charity.donations.hand.slips import CONFIRMING
from charity.kernel import clock, money
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role
from charity.people.queries import Signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.entry import csv_answer
from charity.web.guards import signed_in, unit_staff
from charity.web.signed import current
from charity.web.unitdesk import bp

MEMBERS = (Role.UNIT_CLERK, Role.UNIT_LEADER)
READERS = (Role.UNIT_CLERK, *CONFIRMING)


@bp.get("/", strict_slashes=False)
@signed_in
def home() -> str:
    """My units."""
    return render_template("unitdesk/home.html", units=slip_queries.desk_units(current()))


@bp.get("/<code>")
@unit_staff(*MEMBERS)
def unit(code: str) -> str:
    """One unit today."""
    today = clock.today()
    uncounted = hand_queries.uncounted(code)
    return render_template(
        "unitdesk/unit.html",
        unit=slip_queries.desk_unit(code),
        today=today,
        entered=hand_queries.entered_on(code, today),
        uncounted=uncounted,
        uncounted_fen=sum(gift.amount_fen for gift in uncounted),
        transfers=hand_queries.transfers_waiting(code),
        slips=slip_queries.slips(code),
        below=slip_queries.below(code),
        may_enter=slip_queries.may_enter(current(), code),
        me=current().person_id,
    )


@bp.get("/<code>/gifts.csv")
@unit_staff(*MEMBERS, second_factor=True)
def gifts_csv(code: str) -> Response:
    """The unit's gifts by hand, without the donors' contacts."""
    heads = (
        _("登记码"), _("收款日期"), pgettext("one", "募捐活动"), _("队伍"), _("姓名或名称"),
        _("金额（元）"), _("状态"), _("缴款单"), _("登记人"),
    )  # fmt: skip
    rows = (
        (
            one.code, one.collected_on.isoformat(), one.campaign_slug, one.team, one.name,
            money.plain(one.amount_fen), one.status.value, one.slip_number, one.entered_by_name,
        )
        for one in hand_queries.gifts_of_unit(code)
    )  # fmt: skip
    return csv_answer(f"{code}-gifts.csv", heads, rows)


def waiting(who: Signed) -> list[Waiting]:
    """Slips that wait for a unit's leader; the office sees them among its approvals."""
    if who.holds(FUND_ROLES) or not who.scopes_of(Role.UNIT_LEADER):
        return []
    return [
        Waiting(
            title=view.title,
            url=url_for(
                "unitdesk.slip", code=str(view.facts["unit"]), number=str(view.facts["number"])
            ),
            since=view.requested_at,
            kind=_("确认缴款单"),
            due=view.expires_at,
        )
        for view in approvals.waiting_for(who, kind=Kind.SLIP)
    ]


ITEMS.append(Item("unitdesk.home", _l("我的募集单位"), tuple(sorted(UNIT_ROLES))))
SOURCES.append(waiting)
