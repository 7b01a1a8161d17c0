"""The campaign desk: drafts, the plan in sections, files, steps, taking down and putting back.

Rule: every refusal comes back as a sentence beside its field; what is still missing for the next
step stands on the campaign's page before anyone presses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Answer

from charity.approvals import queries as approval_reads
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import RequestView
from charity.figures import queries as figures
from charity.funds import campaign_files, campaigns
from charity.funds import campaign_queries as reads
from charity.funds.errors import SENTENCES, NotTakenDown
from charity.funds.kinds import CampaignStatus, FileKind
from charity.funds.queries import CampaignView
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.errors import NotFound, RuleBroken
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web import campaigns as drawn
from charity.web import signed, uploads
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.campaign_forms import (
    SECTIONS,
    FileForm,
    NewForm,
    SectionForm,
    StepForm,
    TakeDownForm,
    TextForm,
    place_error,
)
from charity.web.funddesk.effects import EFFECTS
from charity.web.guards import staff
from charity.web.providers import offered

READERS = (Role.FUND_MANAGER, Role.DISCLOSER, Role.APPROVER, Role.SUPERVISOR)
WRITERS = (Role.FUND_MANAGER, Role.DISCLOSER)


@bp.get("/campaigns", endpoint="campaigns")
@staff(*READERS)
def listed() -> str:
    """Every campaign, drafts too."""
    return render_template(
        "funddesk/campaigns.html",
        campaigns=reads.desk_campaigns(),
        may_begin=_may(Role.FUND_MANAGER),
    )


@bp.route("/campaigns/new", methods=["GET", "POST"], endpoint="campaign_new")
@staff(Role.FUND_MANAGER)
def new() -> Answer | str:
    """A new draft: name, address, dates, fund office."""
    found = reads.fund()
    if found is None:
        raise NotFound
    form = NewForm()
    form.offer(reads.offices())
    if form.is_submitted():
        refuse_doubled_fields()
        if form.validate() and form.starts_on.day and form.ends_on.day:
            starts_on, ends_on = form.starts_on.day, form.ends_on.day
            return _do(
                form,
                lambda: campaigns.begin(
                    found.code,
                    slug=form.slug.data or "",
                    name=form.name.data or "",
                    starts_on=starts_on,
                    ends_on=ends_on,
                    office=form.office.data or "",
                    actor=signed.current().actor,
                ),
                to=lambda: url_for("funddesk.campaign", slug=form.slug.data),
                again=lambda: render_template("funddesk/campaign_new.html", form=form),
            )
        return make_response(render_template("funddesk/campaign_new.html", form=form), 422)
    return render_template("funddesk/campaign_new.html", form=form)


@bp.get("/campaigns/<slug>", endpoint="campaign")
@staff(*READERS)
def shown(slug: str) -> str:
    """Where a campaign is, what it lacks, its files, its versions, and what may be done."""
    return _page(slug)


def _page(slug: str, **forms: FlaskForm) -> str:
    view = reads.desk_campaign(slug)
    steps = reads.next_steps(slug)
    return render_template(
        "funddesk/campaign.html",
        campaign=view,
        next_steps=[
            (step.to.value, [(need.value, str(SENTENCES[need])) for need in step.needs])
            for step in steps
        ],
        steps=reads.steps_taken(slug),
        files=reads.files(slug),
        versions=reads.plan_versions(slug),
        basis=drawn.basis_word(view.fundraising_basis),
        area=drawn.area_word(view.area_code),
        asked=_asked(slug),
        may_manage=_may(Role.FUND_MANAGER),
        may_write=_may(*WRITERS),
        file_form=forms.get("file_form") or FileForm(formdata=None),
        step_form=forms.get("step_form") or StepForm(formdata=None),
        down_form=forms.get("down_form") or TakeDownForm(formdata=None),
        wrong=next(iter(forms.values()), None),
    )


@bp.route("/campaigns/<slug>/edit/<section>", methods=["GET", "POST"], endpoint="campaign_edit")
@staff(Role.FUND_MANAGER)
def edit(slug: str, section: str) -> Answer | str:
    """One section of the plan or of the filing."""
    if section not in SECTIONS:
        raise NotFound
    return _section(slug, section, SECTIONS[section]())


@bp.route("/campaigns/<slug>/text", methods=["GET", "POST"], endpoint="campaign_text")
@staff(*WRITERS)
def text(slug: str) -> Answer | str:
    """The description, in words anyone in the office can write."""
    return _section(slug, "text", TextForm())


def _section(slug: str, section: str, form: SectionForm) -> Answer | str:
    view = reads.desk_campaign(slug)

    def page() -> str:
        return render_template(
            "funddesk/campaign_edit.html",
            campaign=view,
            section=section,
            form=form,
            filed=view.status is not CampaignStatus.DRAFT and section != "text",
            pictures=[one for one in reads.files(slug) if one.kind is FileKind.PICTURE],
        )

    if not form.is_submitted():
        form.show(view)
        return page()
    refuse_doubled_fields()
    if not form.validate():
        return make_response(page(), 422)
    actor = signed.current().actor
    return _do(
        form,
        lambda: campaigns.write(
            slug, form.values(), actor=actor, reason=str(form.reason.data or "")
        ),
        to=lambda: url_for("funddesk.campaign", slug=slug),
        again=page,
        said=_("已保存。"),
    )


@bp.get("/campaigns/<slug>/preview", endpoint="campaign_preview")
@staff(*READERS)
def preview(slug: str) -> str:
    """The campaign's page as the public will see it."""
    view = reads.desk_campaign(slug)
    return render_template(
        "site/campaign.html",
        campaign=view,
        sheet=drawn.sheet(
            view, lambda file_id: url_for("funddesk.campaign_file", slug=slug, file_id=file_id)
        ),
        basis=drawn.basis_word(view.fundraising_basis),
        area=drawn.area_word(view.area_code),
        steps=reads.steps_taken(slug),
        figures=figures.campaign_figures().get(slug, Figures()),
        as_of_entry=ledger.head(),
        units=[],
        next_cursor=None,
        q="",
        online=bool(offered([slug])),
        preview=True,
    )


@bp.post("/campaigns/<slug>/step/<to>", endpoint="campaign_step")
@staff(Role.FUND_MANAGER, second_factor=True)
def step(slug: str, to: str) -> Answer:
    """Take the next step, if nothing is missing."""
    refuse_doubled_fields()
    if to not in set(CampaignStatus):
        raise NotFound
    form = StepForm()
    if not form.validate():
        return make_response(_page(slug, step_form=form), 422)
    return _do(
        form,
        lambda: campaigns.take_step(
            slug, CampaignStatus(to), note=form.note.data or "", actor=signed.current().actor
        ),
        to=lambda: url_for("funddesk.campaign", slug=slug),
        again=lambda: _page(slug, step_form=form),
        said=_("已进入下一步。"),
    )


@bp.get("/campaigns/<slug>/files/<file_id>", endpoint="campaign_file")
@staff(*READERS)
def file(slug: str, file_id: str) -> Response:
    """A picture or document, of a draft too."""
    return drawn.send(reads.desk_file(slug, file_id))


@bp.post("/campaigns/<slug>/files", endpoint="campaign_attach")
@uploads.takes_file
@staff(*WRITERS)
def attach(slug: str) -> Answer:
    """Add a picture or a document."""
    refuse_doubled_fields()
    reads.desk_campaign(slug)
    form = FileForm()
    if not form.validate():
        return make_response(_page(slug, file_form=form), 422)
    if form.kind.data not in set(FileKind):
        raise NotFound
    try:
        cleaned, stored = uploads.kept()
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(slug, file_form=form), error.status)
    return _do(
        form,
        lambda: campaign_files.attach(
            slug,
            FileKind(form.kind.data),
            title=form.title.data or "",
            title_en=form.title_en.data or "",
            cleaned=cleaned,
            stored=stored,
            actor=signed.current().actor,
        ),
        to=lambda: url_for("funddesk.campaign", slug=slug, _anchor="files"),
        again=lambda: _page(slug, file_form=form),
        said=_("文件已添加。"),
    )


@bp.post("/campaigns/<slug>/files/<file_id>/remove", endpoint="campaign_detach")
@staff(*WRITERS)
def detach(slug: str, file_id: str) -> Answer:
    """Take a file off the page."""
    form = StepForm()
    return _do(
        form,
        lambda: campaign_files.remove(slug, file_id, actor=signed.current().actor),
        to=lambda: url_for("funddesk.campaign", slug=slug, _anchor="files"),
        again=lambda: _page(slug, step_form=form),
        said=_("文件已移除。"),
    )


@bp.post("/campaigns/<slug>/take-down", endpoint="campaign_take_down")
@staff(Role.FUND_MANAGER)
def take_down(slug: str) -> Answer:
    """Take the campaign down at once, with a sentence for the public."""
    refuse_doubled_fields()
    form = TakeDownForm()
    if not form.validate():
        return make_response(_page(slug, down_form=form), 422)
    return _do(
        form,
        lambda: campaigns.take_down(
            slug,
            form.words.data or "",
            words_en=form.words_en.data or "",
            actor=signed.current().actor,
        ),
        to=lambda: url_for("funddesk.campaign", slug=slug),
        again=lambda: _page(slug, down_form=form),
        said=_("活动已下架。"),
    )


@bp.post("/campaigns/<slug>/put-back", endpoint="campaign_put_back")
@staff(Role.FUND_MANAGER, second_factor=True)
def ask_put_back(slug: str) -> Answer:
    """Ask for the campaign to be shown again; another person decides."""
    view = reads.desk_campaign(slug)
    form = TakeDownForm()

    def ask() -> None:
        if view.taken_down_at is None:
            raise NotTakenDown
        approvals.request(
            Kind.CAMPAIGN_BACK,
            slug,
            _facts(view),
            by=signed.current(),
            title=_("恢复展示募捐活动“%(name)s”", name=view.name),
        )

    return _do(
        form,
        ask,
        to=lambda: url_for("funddesk.campaign", slug=slug),
        again=lambda: _page(slug, down_form=form),
        said=_("已提出恢复展示，等待另一人同意。"),
    )


def put_back(asked: RequestView, _by: Signed) -> None:
    """What the second person's yes sets off."""
    view = reads.desk_campaign(asked.subject_id)
    campaigns.put_back(view.slug, signed=approvals.use(asked.id, _facts(view)))


EFFECTS[Kind.CAMPAIGN_BACK] = put_back


def waiting(who: Signed) -> list[Waiting]:
    """Campaigns whose last day is over and that nobody has ended yet."""
    if not who.holds((Role.FUND_MANAGER,)):
        return []
    return [
        Waiting(
            title=_("“%(name)s”已过结束日期，请结束募捐", name=view.name),
            url=url_for("funddesk.campaign", slug=view.slug),
            since=clock.start_of(view.ends_on + dt.timedelta(days=1)),
            kind=pgettext("one", "募捐活动"),
        )
        for view in reads.desk_campaigns()
        if view.status is CampaignStatus.OPEN and view.ends_on < clock.today()
    ]


ITEMS.append(Item("funddesk.campaigns", _l("募捐活动管理"), READERS))
SOURCES.append(waiting)


def _facts(view: CampaignView) -> dict[str, object]:
    """What is put back: this campaign, from this take-down."""
    at = view.taken_down_at
    return {
        "campaign": view.slug,
        "taken_down_at": at.isoformat() if at else None,
        "words": view.taken_down_words,
    }


def _asked(slug: str) -> RequestView | None:
    """The request to put it back that still waits."""
    found = approval_reads.latest(Kind.CAMPAIGN_BACK, slug)
    return found if found is not None and found.status is RequestStatus.WAITING else None


def _may(*roles: Role) -> bool:
    return signed.current().holds(roles)


def _do(
    form: FlaskForm,
    verb: Callable[[], object],
    *,
    to: Callable[[], str],
    again: Callable[[], str],
    said: str = "",
) -> Answer:
    """Do it and go on; a refusal stands beside its field, on the same page."""
    try:
        with atomic():
            verb()
    except RuleBroken as error:
        # What is not there answers as such, unless it was chosen in this form.
        if isinstance(error, NotFound) and error.field not in form:
            raise
        place_error(form, error)
        return make_response(again(), 422 if error.status == 404 else error.status)
    if said:
        flash(said)
    return redirect(to(), 303)
