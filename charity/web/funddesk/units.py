"""Raising units at the fund's desk: the list, one unit with its history, dated changes, teams.

Rule: filters and place stand in the address; every change is a verb of ``funds`` in one unit of
work; what is refused says why beside its field and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from charity.funds import admission_queries, teams, unit_register
from charity.funds import queries as funds
from charity.funds import unit_queries as queries
from charity.funds import units as verbs
from charity.funds.kinds import UnitClosing, UnitLevel
from charity.funds.unit_queries import UnitFull
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import FUND_ROLES, Role
from charity.web.desk.menu import ITEMS, Item
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.unit_forms import (
    CLOSINGS,
    LEVELS,
    EndForm,
    MoveForm,
    PlaceForm,
    RenameForm,
    TeamCloseForm,
    TeamForm,
    TeamMoveForm,
    TeamNameForm,
    UnitForm,
    day,
    words,
)
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
PAGE = 50
LABELS = 48
READERS = tuple(sorted(FUND_ROLES))
STATES = {"open": _l("正在募集"), "ended": _l("已停止募集")}
_FILTERS = ("q", "level", "area", "below", "campaign", "state")

ITEMS.append(Item("funddesk.units", _l("募集单位"), READERS))


@bp.get("/units")
@staff(*READERS)
def units() -> str:
    """All units in area order, narrowed by what stands in the address."""
    chosen = _chosen()
    page = queries.list_units(**chosen, cursor=request.args.get("cursor", ""), limit=PAGE)
    return render_template(
        "funddesk/units.html",
        units=page.items,
        chosen=chosen,
        levels=LEVELS,
        states=STATES,
        campaigns=funds.campaigns(),
        may_change=may_change(),
        first_url=url_for("funddesk.units", **_named(chosen)) if request.args.get("cursor") else "",
        next_url=url_for("funddesk.units", **_named(chosen), cursor=page.next_cursor)
        if page.next_cursor
        else "",
    )


@bp.get("/unit-labels")
@staff(*READERS)
def unit_labels() -> str:
    """QR codes of many units on sheets to print, narrowed like the list; one campaign's."""
    slug = request.args.get("campaign", "")
    campaign = funds.campaign(slug)
    chosen = _chosen()
    page = queries.list_units(**chosen, cursor=request.args.get("cursor", ""), limit=LABELS)
    return render_template(
        "funddesk/unit_labels.html",
        campaign=campaign,
        units=page.items,
        chosen=chosen,
        first_url=url_for("funddesk.unit_labels", **_named(chosen))
        if request.args.get("cursor")
        else "",
        next_url=url_for("funddesk.unit_labels", **_named(chosen), cursor=page.next_cursor)
        if page.next_cursor
        else "",
    )


@bp.route("/unit-new", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_new() -> Answer:
    """Register one unit."""
    form = UnitForm()
    if request.method == "GET":
        form.parent.data = request.args.get("parent", "")[:64]

    def register() -> None:
        unit_register.create_unit(
            words(form.code),
            words(form.name),
            words(form.name_en),
            level=UnitLevel(form.level.data),
            area_code=words(form.area_code),
            area_name=words(form.area_name) or None,
            parent=words(form.parent) or None,
            since=day(form.since),
            actor=current().actor,
        )

    def page(form: FlaskForm) -> str:
        return render_template("funddesk/unit_new.html", form=form)

    return changed(form, register, page, lambda: words(form.code), _("已登记。"))


@bp.get("/units/<code>")
@staff(*READERS)
def unit(code: str) -> str:
    """One unit as it is today, its history, teams, campaigns and stewards."""
    view = queries.unit_full(code)
    joined = set(admission_queries.campaigns_of(code))
    return render_template(
        "funddesk/unit.html",
        unit=view,
        levels=LEVELS,
        closings=CLOSINGS,
        history=queries.history(code),
        teams=queries.teams(code),
        stewards=queries.stewards(code),
        joined=[each for each in funds.campaigns() if each.slug in joined],
        to_join=[each for each in admission_queries.campaigns_to_join() if each.slug not in joined],
        may_change=may_change(),
    )


@bp.route("/units/<code>/name", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_rename(code: str) -> Answer:
    """Another name from a day on."""
    view = queries.unit_full(code)
    form = RenameForm(data={"name": view.name, "name_en": view.name_en})

    def work() -> None:
        verbs.rename_unit(
            code,
            words(form.name),
            words(form.name_en),
            since=day(form.since),
            actor=current().actor,
        )

    return _unit_form(view, form, work, _("变更名称"), _("名称已变更，原名称保留在记录里。"))


@bp.route("/units/<code>/area", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_place(code: str) -> Answer:
    """Another area from a day on."""
    view = queries.unit_full(code)
    form = PlaceForm(data={"area_code": view.area_code, "area_name": view.area_name})

    def work() -> None:
        verbs.place_unit(
            code,
            words(form.area_code),
            words(form.area_name) or None,
            since=day(form.since),
            actor=current().actor,
        )

    return _unit_form(view, form, work, _("变更所在地区"), _("所在地区已变更。"))


@bp.route("/units/<code>/parent", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_move(code: str) -> Answer:
    """Another unit above, from today on."""
    view = queries.unit_full(code)
    form = MoveForm(data={"parent": view.parent_code or ""})

    def work() -> None:
        verbs.move_unit(code, words(form.parent) or None, actor=current().actor)

    return _unit_form(view, form, work, _("变更上级单位"), _("上级单位已变更，下级单位随之移动。"))


@bp.route("/units/<code>/end", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_end(code: str) -> Answer:
    """The unit merges into another or leaves."""
    view = queries.unit_full(code)
    form = EndForm()

    def work() -> None:
        verbs.end_unit(
            code,
            UnitClosing(form.why.data),
            successor=words(form.successor) or None,
            on=day(form.on),
            actor=current().actor,
        )

    said = _("已停止募集。分账保留，谁可以申请使用，请指定接续使用单位。")
    return _unit_form(view, form, work, _("停止募集"), said)


@bp.route("/units/<code>/teams/new", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def team_new(code: str) -> Answer:
    """Open a team below the unit."""
    view = queries.unit_full(code)
    form = TeamForm()
    if request.method == "GET":
        form.code.data = f"{code}-T{len(queries.teams(code)) + 1}"

    def work() -> None:
        teams.open_team(code, words(form.code), words(form.name), actor=current().actor)

    return _unit_form(view, form, work, _("新设队伍"), _("队伍已设立。"))


@bp.route("/units/<code>/teams/<team>/<change>", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def team_change(code: str, team: str, change: str) -> Answer:
    """Rename, close or move a team. Raises NotFound for another's team or another word."""
    view, found = queries.unit_full(code), queries.team(team)
    if found.unit_code != code:
        raise NotFound
    actor = current().actor
    if change == "name":
        named = TeamNameForm(data={"name": found.name})
        return _unit_form(
            view,
            named,
            lambda: teams.rename_team(team, words(named.name), since=day(named.since), actor=actor),
            _("变更队伍名称：%(name)s", name=found.name),
            _("队伍名称已变更。"),
        )
    if change == "move":
        moved = TeamMoveForm()
        return _unit_form(
            view,
            moved,
            lambda: teams.move_team(team, words(moved.unit), words(moved.code), actor=actor),
            _("队伍转到其他单位：%(name)s", name=found.name),
            _("原队伍已关闭，新队伍已在另一单位设立。原来的捐赠仍记在原队伍。"),
        )
    if change == "close":
        return _unit_form(
            view,
            TeamCloseForm(),
            lambda: teams.close_team(team, actor=actor),
            _("关闭队伍：%(name)s", name=found.name),
            _("队伍已关闭。"),
        )
    raise NotFound


def _unit_form(
    view: UnitFull, form: FlaskForm, work: Callable[[], object], heading: str, said: str
) -> Answer:
    """One form about one unit, on the page they all share."""

    def page(form: FlaskForm) -> str:
        return render_template("funddesk/unit_form.html", unit=view, form=form, heading=heading)

    return changed(form, work, page, lambda: view.code, said)


def changed(
    form: FlaskForm,
    work: Callable[[], object],
    page: Callable[[FlaskForm], str],
    code: Callable[[], str],
    said: str,
) -> Answer:
    """Show the form, or do the work as one unit of work and go to the unit's page."""
    if request.method == "GET":
        return page(form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(page(form), 422)
    try:
        atomically(work)()
    except RuleBroken as error:
        place_error(form, error)
        return make_response(page(form), error.status if error.status != 404 else 422)
    flash(said, "good")
    return redirect(url_for("funddesk.unit", code=code()), 303)


def _chosen() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()[:100] for name in _FILTERS}


def _named(chosen: dict[str, str]) -> dict[str, Any]:
    """The filters for an address: those that are not set leave no trace."""
    return {name: value or None for name, value in chosen.items()}


def may_change() -> bool:
    return current().holds((Role.FUND_MANAGER,))
