"""From a draft to publication: what each step needs, and that it takes three persons."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from charity.approvals import services as approvals
from charity.approvals.errors import FactsChanged, MayNotAsk
from charity.approvals.kinds import RequestStatus
from charity.disclosures import desk_queries, drafting, errors, queries, services
from charity.disclosures.kinds import Form, Stage
from charity.funds.errors import UnknownCampaign
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.kernel.files import Stored
from charity.kernel.pdf import MissingGlyph
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import reports
from tests.factories.approvals import another_account
from tests.gifts import SLUG, TOWN, Place, give
from tests.people import make_person, trail_of
from tests.reports import WORDS, Office


def stage(report: str) -> Stage:
    found = desk_queries.desk_report(report).stage
    db.session().rollback()
    return found


def test_the_way_to_publication(people: Office) -> None:
    report = reports.begin(people.drafts)
    assert stage(report) is Stage.DRAFT
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    assert stage(report) is Stage.CHECK
    reports.quick_files(report)
    with pytest.raises(errors.NoSuchReport):
        queries.report(report)
    assert reports.agree(request, people.checks).status is RequestStatus.WAITING
    assert stage(report) is Stage.PUBLISH
    with pytest.raises(errors.NoSuchReport):
        queries.report(report)
    reports.agree(request, people.publishes)
    assert stage(report) is Stage.NONE
    found = queries.report(report)
    one = found.newest
    assert (one.version, one.drafted_by, one.checked_by, one.published_by) == (
        1, "起草人", "核对人", "公布人",
    )  # fmt: skip
    assert trail_of(report) == [
        "report.begun", "report.written", "report.submitted", "report.published",
    ]  # fmt: skip


def test_figures_stand_as_of_the_moment_it_was_submitted(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    reports.quick_files(report)
    give((TOWN, 5_000))
    reports.agree(request, people.checks)
    reports.agree(request, people.publishes)
    document = reports.document(report)
    assert document["totals"]["closing"]["raised_fen"] == 1_000 + 2_345_678 + 33
    assert document["as_of_entry"] == queries.report(report).newest.as_of_entry


def test_nothing_is_published_before_its_files_are_made(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    reports.agree(request, people.checks)
    with pytest.raises(errors.FilesNotReady):
        reports.agree(request, people.publishes)
    # The decision was not taken either: the same person can publish later.
    assert stage(report) is Stage.PUBLISH
    reports.quick_files(report)
    reports.agree(request, people.publishes)
    assert queries.report(report).newest.version == 1


def test_what_is_agreed_to_is_what_was_looked_at(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    with pytest.raises(FactsChanged), atomic():
        approvals.decide(request, by=people.checks, approve=True, seen="0" * 64)


def test_a_draft_that_changed_after_it_was_prepared_is_not_frozen(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    prepared = reports.prepared(report)
    reports.write(report, people.other, "另一段文字")
    with pytest.raises(errors.DraftChanged), atomic():
        services.submit(prepared, by=people.drafts)
    with pytest.raises(errors.DraftChanged), atomic():
        services.write(report, body="旧", body_en="", reason="", seen=1, by=people.drafts)


def test_while_it_is_checked_the_text_stands(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    with pytest.raises(errors.BeingChecked):
        reports.write(report, people.drafts, "改写")
    prepared = reports.prepared(report)
    with pytest.raises(errors.BeingChecked), atomic():
        services.submit(prepared, by=people.drafts)
    with atomic():
        approvals.withdraw(request, by=people.drafts)
    assert stage(report) is Stage.DRAFT
    reports.write(report, people.drafts, "改写")
    reports.submit(report, people.drafts)
    assert stage(report) is Stage.CHECK


def test_a_refusal_says_why_and_the_draft_goes_on(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    request = reports.submit(report, people.drafts)
    with atomic():
        approvals.decide(request, by=people.checks, approve=False, reason="数字与银行不符")
    found = desk_queries.desk_report(report)
    assert found.stage is Stage.DRAFT
    assert found.refused is not None
    assert found.refused.decisions[0].reason == "数字与银行不符"
    db.session().rollback()
    assert [one.id for one in desk_queries.drafts_of(people.drafts.person_id)] == [report]
    assert reports.publish(people, report).newest.version == 1
    assert desk_queries.drafts_of(people.drafts.person_id) == []


@pytest.mark.parametrize(
    ("first", "last"), [(0, -1), (0, 1), (-9_999, 0)], ids=["backwards", "future", "too early"]
)
def test_days_that_do_not_fit(people: Office, first: int, last: int) -> None:
    today = clock.today()
    with pytest.raises(errors.PeriodUnfit), atomic():
        services.begin(
            SLUG, today + dt.timedelta(days=first), today + dt.timedelta(days=last),
            by=people.drafts,
        )  # fmt: skip


def test_of_a_campaign_that_is_not_there(people: Office) -> None:
    with pytest.raises(UnknownCampaign):
        reports.begin(people.drafts, slug="nothing")


@pytest.mark.parametrize(
    ("body", "error"),
    [("", errors.TextNeeded), ("长" * 20_001, errors.TextTooLong), ("\ue000", MissingGlyph)],
    ids=["empty", "long", "no glyph"],
)
def test_texts_that_do_not_fit(people: Office, body: str, error: type[RuleBroken]) -> None:
    report = reports.begin(people.drafts)
    with pytest.raises(error):
        _write_and_submit(report, people, body)
    assert stage(report) is Stage.DRAFT


def _write_and_submit(report: str, people: Office, body: str) -> None:
    reports.write(report, people.drafts, body)
    reports.submit(report, people.drafts)


def test_nothing_to_submit(people: Office) -> None:
    report = reports.published(people).id
    with pytest.raises(errors.NothingToSubmit):
        drafting.prepare(report)
    with pytest.raises(errors.NoSuchReport):
        drafting.prepare("nothing")


# --- three persons --------------------------------------------------------------------------------
class Undo(Exception):
    """Ends a unit of work so that the next try begins where this one did."""


def tried(prepared: drafting.Prepared, drafts: Signed, checks: Signed, publishes: Signed) -> bool:
    """Whether these three, in this order, get a report published. Nothing of it stays."""
    done = False
    try:
        with atomic():
            request = services.submit(prepared, by=drafts)
            submission = desk_queries.desk_report(prepared.report_id).submission
            assert submission is not None
            services.keep_files(submission.id, FILES)
            for who in (checks, publishes):
                view = approvals.decide(request, by=who, approve=True)
                if view.status is RequestStatus.APPROVED:
                    services.publish(view, who)
                    done = True
            raise Undo
    except (Undo, RuleBroken):
        return done


FILES = {form: Stored(f"ab/cd/{form}", "ab" * 32, 9) for form in (Form.PDF, Form.CSV, Form.XLSX)}
DECIDING = {Role.DISCLOSER, Role.ACCOUNTANT, Role.APPROVER, Role.FUND_MANAGER}


def test_every_order_of_every_role_takes_three_persons(place: Place) -> None:
    """Table-driven: every role, two disclosers, and one person of two roles by two accounts."""
    with atomic():
        cast = [
            make_person(f"{role.value}{number}", Grant(role))
            for role in (*sorted(DECIDING), Role.CASHIER)
            for number in range(2 if role is Role.DISCLOSER else 1)
        ]
        cast.append(make_person("unit", Grant(Role.UNIT_LEADER, TOWN)))
        both = make_person("both", Grant(Role.DISCLOSER), Grant(Role.FUND_MANAGER))
    cast += [both, another_account(both)]
    by_drafter = {}
    for drafts in cast:
        if drafts.holds(Role.DISCLOSER):
            report = reports.begin(drafts)
            reports.write(report, drafts)
            by_drafter[drafts.account_id] = reports.prepared(report)
    some = next(iter(by_drafter.values()))
    went = 0
    for drafts, checks, publishes in itertools.product(cast, repeat=3):
        persons = {drafts.person_id, checks.person_id, publishes.person_id}
        wanted = (
            drafts.holds(Role.DISCLOSER)
            and all(who.holds(DECIDING) for who in (checks, publishes))
            and len(persons) == 3
        )
        if not drafts.holds(Role.DISCLOSER) and (checks, publishes) != (cast[0], cast[1]):
            continue  # who may not draft is refused before anybody decides
        prepared = by_drafter.get(drafts.account_id, some)
        got = tried(prepared, drafts, checks, publishes)
        assert got is wanted, [who.name for who in (drafts, checks, publishes)]
        went += got
    assert went > 50


def test_whoever_wrote_on_it_neither_checks_nor_publishes(people: Office) -> None:
    report = reports.begin(people.other)
    reports.write(report, people.other, "起初的文字")
    reports.write(report, people.drafts, "后来的文字")
    prepared = reports.prepared(report)
    assert not tried(prepared, people.drafts, people.other, people.publishes)
    assert not tried(prepared, people.drafts, people.checks, people.other)
    assert tried(prepared, people.drafts, people.checks, people.publishes)


def test_who_may_not_draft(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    prepared = reports.prepared(report)
    for who in (people.checks, people.publishes):
        with pytest.raises(errors.NotADiscloser):
            reports.begin(who)
        with pytest.raises(errors.NotADiscloser):
            reports.write(report, who, WORDS)
        with pytest.raises((errors.NotADiscloser, MayNotAsk)), atomic():
            services.submit(prepared, by=who)
    bare = replace(people.drafts, grants=())
    with pytest.raises(errors.NotADiscloser):
        reports.begin(bare)
