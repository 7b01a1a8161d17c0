"""Evidence: given by the unit, judged by others, shown by a discloser; and what delay does."""

from __future__ import annotations

import datetime as dt
import io
import itertools

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from charity.disbursements import (
    errors,
    evidence,
    evidence_jobs,
    evidence_publishing,
    evidence_queries,
)
from charity.disbursements import evidence_errors as wrong
from charity.disbursements.evidence_models import EvidenceDecision
from charity.disbursements.evidence_queries import Dossier
from charity.disbursements.kinds import ApplicationStatus as S
from charity.disbursements.kinds import EvidenceKind, EvidenceStatus
from charity.disbursements.models import Application
from charity.kernel import clock, files, outbox, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.kernel.files import Stored
from charity.kernel.uploads import Clean, PictureOnly
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import hand, uses
from tests.gifts import COUNTY, TOWN, Place, make_place
from tests.people import hand_in, make_person, trail_of
from tests.uses import Team

_colours = itertools.count(1)
K = EvidenceKind


@pytest.fixture
def place(ctx: Flask) -> Place:
    return make_place()


@pytest.fixture
def team(place: Place) -> Team:
    made = uses.make_team()
    uses.fund(made, 200_000)
    return made


@pytest.fixture
def paid(team: Team) -> str:
    """A paid application that promised an invoice and a photo."""
    return uses.paid(team)


def picture() -> tuple[Clean, Stored]:
    """A photo as the unit's page hands it on: cleaned and kept; another one each time."""
    drawn, colour = io.BytesIO(), next(_colours)
    Image.new("RGB", (40, 30), (colour % 256, colour // 256, 40)).save(drawn, "PNG")
    cleaned = uploads.clean_picture(drawn.getvalue(), "photo.png")
    return cleaned, files.store().put(cleaned.content, cleaned.suffix)


def give(
    application: str, by: Signed, kind: K = K.PHOTO, given: tuple[Clean, Stored] | None = None
) -> str:
    db.session().rollback()
    with atomic():
        return evidence.add(application, kind, given or picture(), "发放现场", by=by)


def give_all(application: str, by: Signed) -> list[str]:
    return [give(application, by, kind) for kind in (K.INVOICE, K.PHOTO)]


def dossier(application: str) -> Dossier:
    found = evidence_queries.dossier(application)
    db.session().rollback()
    return found


def accept(application: str, by: Signed, seen: str | None = None) -> None:
    seen = seen or dossier(application).seen
    with atomic():
        evidence.accept(application, by=by, seen=seen)


def again(application: str, by: Signed, reason: str = "发票看不清", **more: object) -> dt.date:
    seen = dossier(application).seen
    with atomic():
        return evidence.ask_again(application, reason, by=by, seen=seen, **more)  # type: ignore[arg-type]


def overdue_since(application: str, days: int) -> None:
    """As if the evidence had been due so many days ago."""
    with atomic():
        db.session().execute(
            update(Application)
            .where(Application.public_id == application)
            .values(evidence_due_on=clock.today() - dt.timedelta(days=days))
        )


def test_accepted_evidence_proves_the_payment(team: Team, paid: str) -> None:
    give_all(paid, team.clerk)
    assert dossier(paid).overdue is False
    assert [one.application for one in evidence_queries.to_review()] == [paid]
    accept(paid, team.approver)
    seen = uses.view(paid)
    assert (seen.status, seen.proved_by_name) == (S.PROVED, "测试审批甲")
    assert {one.status for one in dossier(paid).pieces} == {EvidenceStatus.ACCEPTED}
    assert dossier(paid).decisions[-1].accepted
    assert {"evidence.added", "evidence.accepted", "application.proved"} <= set(trail_of(paid))
    assert evidence_queries.to_review() == []
    assert not uses.broken()


@pytest.mark.parametrize("who", ["clerk", "asked", "gave", "outsider", "cashier", "supervisor"])
def test_who_has_a_part_judges_nothing(place: Place, team: Team, paid: str, who: str) -> None:
    """Not the requester, nor who gave, under whichever role or account; nor who has no duty."""
    with atomic():
        helper = make_person("测试补拍", Grant(Role.UNIT_LEADER, TOWN), Grant(Role.APPROVER))
        asker = make_person("测试兼任", Grant(Role.UNIT_CLERK, TOWN), Grant(Role.FUND_MANAGER))
    if who == "asked":
        paid = uses.paid(team, by=asker)
    give(paid, team.crew.leader, K.INVOICE)
    give(paid, helper if who == "gave" else team.crew.leader, K.PHOTO)
    judge = {
        "clerk": team.clerk, "asked": asker, "gave": hand_in(helper.person_id),
        "outsider": team.crew.other, "cashier": team.cashier, "supervisor": team.supervisor,
    }[who]  # fmt: skip
    refusal = wrong.OwnEvidence if who in {"asked", "gave"} else wrong.EvidenceNotForYou
    with pytest.raises(refusal):
        accept(paid, judge)
    with pytest.raises(refusal):
        again(paid, judge)
    assert uses.status(paid) is S.PAID
    assert dossier(paid).decisions == ()
    accept(paid, team.approver)  # the canary: somebody else could
    assert uses.status(paid) is S.PROVED


def test_the_database_refuses_it_too(team: Team, paid: str) -> None:
    piece = give(paid, team.clerk)
    db.session().rollback()
    with pytest.raises(DBAPIError, match="two_people"), atomic():
        db.session().execute(
            text(
                "UPDATE disbursements_evidence SET status = 'accepted', judged_by_id = given_by_id,"
                " judged_by_name = given_by_name, judged_at = given_at WHERE public_id = :piece"
            ),
            {"piece": piece},
        )
    row = {
        "id": 1, "application_id": _row_id(paid), "accepted": True, "reason": "", "due_on": None,
        "files": "[]", "asked_by_id": "a", "by_id": "a", "by_name": "a", "at": clock.now(),
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="not_the_requester"), atomic():
        db.session().execute(EvidenceDecision.__table__.insert().values(**row))  # type: ignore[attr-defined]


def _row_id(application: str) -> int:
    found = db.session().scalar(
        text("SELECT id FROM disbursements_application WHERE public_id = :name"),
        {"name": application},
    )
    db.session().rollback()
    assert found is not None
    return int(found)


def test_what_was_promised_must_be_there(team: Team, paid: str) -> None:
    with pytest.raises(wrong.EvidenceMissing):
        accept(paid, team.approver)
    give(paid, team.clerk, K.PHOTO)
    with pytest.raises(wrong.EvidenceMissing):
        accept(paid, team.approver)
    give(paid, team.clerk, K.INVOICE)
    accept(paid, team.approver)
    assert uses.status(paid) is S.PROVED


def test_only_what_was_looked_at_is_judged(team: Team, paid: str) -> None:
    give_all(paid, team.clerk)
    seen = dossier(paid).seen
    late = give(paid, team.clerk, K.OTHER)
    with pytest.raises(wrong.EvidenceChanged):
        accept(paid, team.approver, seen)
    with atomic():
        evidence.remove(late, by=team.clerk)
    accept(paid, team.approver, seen)  # what was seen is what is there again
    with pytest.raises(errors.NotNow):
        accept(paid, team.approver2)


def test_asked_again_with_a_reason(team: Team, paid: str) -> None:
    invoice, photo = give_all(paid, team.clerk)
    due = uses.view(paid).evidence_due_on
    assert due is not None
    with pytest.raises(wrong.ReasonUnfit):
        again(paid, team.approver, "  ")
    told = again(paid, team.approver, refused=[invoice])
    assert told >= due
    kept = {one.id: one.status for one in dossier(paid).pieces}
    assert kept == {invoice: EvidenceStatus.REFUSED, photo: EvidenceStatus.GIVEN}
    with pytest.raises(wrong.EvidenceMissing):
        accept(paid, team.approver)
    assert evidence_queries.to_review() == []  # it is the unit's turn
    letters = [one for one in outbox.recent() if one.key.startswith("evidence.again.")]
    assert len(letters) == 1
    assert "发票看不清" in (letters[0].text or "")
    give(paid, team.clerk, K.INVOICE)
    assert [one.application for one in evidence_queries.to_review()] == [paid]
    accept(paid, team.approver)
    assert [one.accepted for one in dossier(paid).decisions] == [False, True]


@pytest.mark.parametrize(
    "case", ["pdf", "twice", "caption", "stranger", "unpaid", "proved", "many"]
)
def test_evidence_that_is_not_taken(
    place: Place, team: Team, paid: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = picture()
    give(paid, team.clerk, K.INVOICE, first)
    given, by, to = picture(), team.clerk, paid
    refusal: type[RuleBroken]
    match case:
        case "pdf":
            given, refusal = (Clean(b"%PDF-", "application/pdf", ".pdf"), first[1]), PictureOnly
        case "twice":
            given, refusal = first, wrong.EvidenceTwice
        case "caption":
            refusal = wrong.CaptionUnfit
        case "stranger":
            with atomic():
                by = make_person("测试外人", Grant(Role.UNIT_CLERK, COUNTY + "9"))
            refusal = wrong.EvidenceNotForYou
        case "unpaid":
            to, refusal = uses.approved(team), wrong.EvidenceNotDue
        case "proved":
            give(paid, team.clerk)
            accept(paid, team.approver)
            refusal = wrong.EvidenceNotDue
        case _:
            monkeypatch.setattr(evidence, "MOST", 1)
            refusal = wrong.EvidenceTooMany
    before = len(dossier(to).pieces)
    with pytest.raises(refusal), atomic():
        evidence.add(to, K.PHOTO, given, " " if case == "caption" else "现场", by=by)
    assert len(dossier(to).pieces) == before


def test_one_takes_back_ones_own_until_it_is_judged(team: Team, paid: str) -> None:
    mine = give(paid, team.clerk)
    with pytest.raises(wrong.EvidenceNotYours), atomic():
        evidence.remove(mine, by=team.crew.other)
    with atomic():
        evidence.remove(mine, by=team.clerk)
    assert dossier(paid).pieces == ()
    with pytest.raises(wrong.EvidenceUnknown), atomic():
        evidence.remove(mine, by=team.clerk)
    kept = give_all(paid, team.clerk)
    accept(paid, team.approver)
    with pytest.raises(wrong.EvidenceNotYours), atomic():
        evidence.remove(kept[0], by=team.clerk)


def test_every_look_is_on_record_and_only_duty_looks(team: Team, paid: str) -> None:
    given = picture()
    piece = give(paid, team.clerk, K.PHOTO, given)
    for who, unit in ((team.supervisor, None), (team.clerk, TOWN)):
        with atomic():
            kept = evidence.look(piece, by=who, unit=unit)
        assert files.store().get(kept.path, kept.sha256) == given[0].content
    assert trail_of(paid).count("evidence.seen") == 2
    with atomic():
        stranger = make_person("测试外人", Grant(Role.UNIT_CLERK, COUNTY))
    for who, unit in ((team.clerk, None), (stranger, COUNTY), (team.clerk, COUNTY)):
        with pytest.raises(wrong.EvidenceUnknown), atomic():
            evidence.look(piece, by=who, unit=unit)
    assert trail_of(paid).count("evidence.seen") == 2


def test_the_same_picture_for_two_applications_is_pointed_out(team: Team, paid: str) -> None:
    given = picture()
    give(paid, team.clerk, K.PHOTO, given)
    other = uses.paid(team, 20_000)
    give(other, team.clerk, K.PHOTO, given)
    assert dossier(other).pieces[0].also_in == (uses.view(paid).number,)
    assert dossier(paid).pieces[0].also_in == (uses.view(other).number,)


def publish(piece: str, by: Signed, **changes: object) -> str:
    asked: dict[str, object] = {"title": "发放取暖煤", "looked_through": True, **changes}
    db.session().rollback()
    with atomic():
        return evidence_publishing.publish(piece, by=by, **asked)  # type: ignore[arg-type]


def test_a_discloser_shows_a_copy_and_takes_it_off(team: Team, paid: str) -> None:
    piece = give_all(paid, team.clerk)[0]
    with pytest.raises(wrong.NotAccepted):
        publish(piece, team.discloser)
    accept(paid, team.approver)
    with pytest.raises(wrong.EvidenceNotForYou):
        publish(piece, team.manager)
    with pytest.raises(wrong.NotLookedThrough):
        publish(piece, team.discloser, looked_through=False)
    with pytest.raises(wrong.CaptionUnfit):
        publish(piece, team.discloser, title=" ")
    with pytest.raises(errors.PersonNumber):
        publish(piece, team.discloser, title="张三 13900001234")
    assert evidence_queries.public_pictures([paid]) == {}
    covered = picture()
    name = publish(piece, team.discloser, covered=covered)
    assert name != piece
    assert evidence_queries.public_file(name).sha256 == covered[1].sha256
    assert [one.title for one in evidence_queries.public_pictures([paid])[paid]] == ["发放取暖煤"]
    with pytest.raises(wrong.AlreadyPublished):
        publish(piece, team.discloser)
    db.session().rollback()
    with pytest.raises(wrong.ReasonUnfit), atomic():
        evidence_publishing.withdraw(name, "", by=team.discloser)
    with atomic():
        evidence_publishing.withdraw(name, "看得到门牌", by=team.discloser)
    with pytest.raises(wrong.PublicationUnknown):
        evidence_queries.public_file(name)
    assert evidence_queries.public_pictures([paid]) == {}
    again_shown = publish(piece, team.discloser)
    assert again_shown != name


def test_nobody_shows_what_they_gave(team: Team, paid: str) -> None:
    with atomic():
        both = make_person("测试兼任", Grant(Role.UNIT_CLERK, TOWN), Grant(Role.DISCLOSER))
    piece = give(paid, both, K.PHOTO)
    give(paid, team.clerk, K.INVOICE)
    accept(paid, team.approver)
    with pytest.raises(wrong.OwnEvidence):
        publish(piece, both)


def test_a_unit_that_owes_evidence_waits_with_its_next(team: Team, paid: str) -> None:
    overdue_since(paid, 1)
    assert dossier(paid).overdue
    with pytest.raises(errors.EvidenceOverdue):
        uses.asked(team, 10_000)
    give(paid, team.clerk)
    # What waits for the office is not the unit's delay.
    assert not dossier(paid).overdue
    uses.asked(team, 10_000)
    again(paid, team.approver)
    overdue_since(paid, 1)
    with pytest.raises(errors.EvidenceOverdue):
        uses.asked(team, 10_000)
    give(paid, team.clerk, K.INVOICE)
    accept(paid, team.approver)
    uses.asked(team, 10_000)


def reminders() -> list[str]:
    db.session().rollback()
    found = [one.key for one in outbox.recent(100) if one.key.startswith("evidence.overdue.")]
    db.session().rollback()
    return found


def test_reminded_once_for_each_period(team: Team, paid: str) -> None:
    people = 3  # the unit's clerks and its leader
    assert evidence_jobs.remind_overdue() == 0
    overdue_since(paid, 1)
    assert evidence_jobs.remind_overdue() == people
    assert evidence_jobs.remind_overdue() == 0
    assert len(reminders()) == people
    with atomic():
        # Seven days later: the same due day, another period.
        db.session().execute(text("UPDATE outbox_message SET key = replace(key, '.0.', '.x.')"))
    assert evidence_jobs.remind_overdue() == people
    give(paid, team.clerk)
    overdue_since(paid, 30)
    assert evidence_jobs.remind_overdue() == 0


def test_a_later_period_is_another_letter(
    team: Team, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    overdue_since(paid, 1)
    first = evidence_jobs.remind_overdue()
    today = clock.today()
    for days, new in ((3, 0), (6, 0), (7, first), (8, 0), (40, first)):
        monkeypatch.setattr(clock, "today", lambda days=days: today + dt.timedelta(days=days))
        assert evidence_jobs.remind_overdue() == new, days


def test_money_that_the_bank_sent_back_asks_for_no_evidence(team: Team, paid: str) -> None:
    overdue_since(paid, 5)
    uses.bank_returned(team, paid)
    assert evidence_queries.overdue(clock.today()) == []
    with pytest.raises(wrong.EvidenceNotDue):
        give(paid, team.clerk)
    uses.pay(team, paid)
    give_all(paid, team.clerk)
    accept(paid, team.approver)
    assert uses.status(paid) is S.PROVED
    assert hand.broken() == set()


TAMPERED = {
    "proved without evidence": (
        "UPDATE disbursements_evidence SET status = 'refused'",
        "every proved use has evidence that was accepted, and nothing else is proved by it",
    ),
    "judged by who wrote it": (
        "UPDATE disbursements_application SET written_by_id = proved_by_id",
        "nobody judged evidence of a use they asked for, or that they gave",
    ),
    "shown though refused": (
        "UPDATE disbursements_evidence SET status = 'refused'",
        "every picture the public sees is accepted evidence, shown by another than gave it",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_checks_find_what_was_changed_behind_the_verbs(team: Team, paid: str, how: str) -> None:
    piece = give_all(paid, team.clerk)[0]
    accept(paid, team.approver)
    publish(piece, team.discloser)
    assert uses.broken() == set()
    statement, sentence = TAMPERED[how]
    with atomic():
        db.session().execute(text(statement))
    assert sentence in uses.broken()
