"""The week's sample: what was drawn, how to draw it again, and the supervisor's own remarks.

Rule: the only thing written here is a remark, the reader's own, on something that was drawn of a
week that is over. A remark stays; a second thought is a second remark.
"""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from charity.audit import queries as audit
from charity.audit import services
from charity.audit.errors import NotInSample, WeekRuns
from charity.audit.kinds import SampleKind
from charity.figures import samples
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web.auditdesk import bp, words
from charity.web.auditdesk.frame import supervisor
from charity.web.auditdesk.progress import progress, seen_in
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk.sheet import general
from charity.web.funddesk.words import KINDS, STATUSES
from charity.web.signed import current

Answer = Response | str
_WEEKS = 26


class MarkForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """One thing looked at."""

    kind = HiddenField()
    subject = HiddenField(validators=[Length(max=64)])
    remark = TextAreaField(
        filters=[strip],
        validators=[
            Length(min=1, max=500, message=_l("请写一句查看的结果，最多 500 字。")),
            Text(),
        ],
    )


@bp.get("/sample", endpoint="sample")
@supervisor
def sample_weeks() -> str:
    """The last half year, week by week, and how much of each was looked at."""
    weeks = samples.last_weeks(_WEEKS)
    return render_template(
        "auditdesk/sample.html", weeks=weeks, running=weeks[0], marked=audit.marked(weeks)
    )


@bp.get("/sample/<week>")
@supervisor
def sample_week(week: str) -> str:
    """What was drawn of one week."""
    return _drawn(week, MarkForm(formdata=None))


def _drawn(week: str, form: MarkForm) -> str:
    found = progress(week)
    return render_template(
        "auditdesk/sample_week.html",
        told=found,
        sample=found.sample,
        form=form,
        mine=found.seen_by(current().person_id),
        kinds=words.SAMPLES,
        request_kinds=KINDS,
        statuses=STATUSES,
        facts=general,
    )


@bp.post("/sample/<week>/marks")
@supervisor
def sample_mark(week: str) -> Answer:
    """Keep the reader's remark on one thing that was drawn."""
    refuse_doubled_fields()
    form, who = MarkForm(), current()
    if not form.validate():
        return make_response(_drawn(week, form), 422)
    kind, subject, remark = form.kind.data or "", form.subject.data or "", form.remark.data or ""
    try:
        _require_drawn(week, kind, subject)
        atomically(services.mark_sample)(
            week, SampleKind(kind), subject,
            actor_id=who.person_id, actor_name=who.name, remark=remark,
        )  # fmt: skip
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(week, form), error.status)
    flash(_("已登记您的查看结果。"), "good")
    where = url_for("auditdesk.sample_week", week=week, _anchor=f"{kind}-{subject}")
    return redirect(where, 303)


def _require_drawn(week: str, kind: str, subject: str) -> None:
    drawn = samples.sample(week)
    if not drawn.over:
        raise WeekRuns
    if (kind, subject) not in {(item.kind.value, item.subject) for item in drawn.items}:
        raise NotInSample


def waiting(who: Signed) -> list[Waiting]:
    """What this supervisor has not looked at of the week that ended last."""
    if not who.holds(Role.SUPERVISOR):
        return []
    week = samples.last_weeks(2)[1]
    left = samples.total(week) - seen_in(week, who.person_id)
    if left <= 0:
        return []
    _monday, until = samples.days(week)
    return [
        Waiting(
            title=_("%(week)s 周抽样：还有 %(left)s 项没有查看", week=week, left=left),
            url=url_for("auditdesk.sample_week", week=week),
            since=clock.start_of(until),
            kind=_("每周抽样"),
        )
    ]


SOURCES.append(waiting)
