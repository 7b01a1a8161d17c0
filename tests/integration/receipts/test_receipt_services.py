"""Receipts from settled gifts, on both databases."""

from __future__ import annotations

import json
import threading
from io import BytesIO

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from charity.donations.kinds import BillWish, Display, GiftStatus
from charity.donations.services import DonorDetails
from charity.kernel import clock, pdf
from charity.kernel.atomic import AtomicError, atomic, atomically
from charity.kernel.db import db
from charity.receipts import jobs, queries, rules, services
from charity.receipts.errors import (
    AlreadyIssued,
    AlreadyReplaced,
    AlreadyVoid,
    GiftNotStanding,
    NoSuchReceipt,
    ReasonNeeded,
    ReceiptIsVoid,
)
from charity.receipts.kinds import ReceiptStatus
from charity.receipts.models import Receipt, ReceiptFile, ReceiptVoid
from charity.receipts.services import Person
from tests.factories import gifts, site
from tests.factories.gifts import Made, person

CLERK = Person("p-1", "王惠兰")


@pytest.fixture(autouse=True)
def small_site(ctx: Flask) -> None:
    site.build()


def view(gift: Made) -> queries.ReceiptView:
    db.session().rollback()
    found = queries.by_gift(gift.public_id)
    assert found is not None
    return found


def issued(*donors: DonorDetails, **details: object) -> list[Made]:
    made = gifts.settled(*(donors or (person(),)), **details)  # type: ignore[arg-type]
    jobs.issue_receipts()
    return made


def verified(gift: Made) -> queries.Verification:
    found = view(gift)
    return queries.verify(found.number, found.code)


def test_a_settled_gift_gets_its_receipt_once() -> None:
    (gift,) = gifts.settled(person())
    assert queries.by_gift(gift.public_id) is None
    assert jobs.issue_receipts() == 1
    assert jobs.issue_receipts() == 0
    found = view(gift)
    assert found.number == f"T{clock.today().year}-00000001"
    assert found.status is ReceiptStatus.VALID
    assert rules.normal_code(found.code) == found.code


def test_no_receipt_before_the_number_nor_when_none_is_wanted() -> None:
    gifts.settled(person(), receipt=False)
    gifts.settled(person(), numbered=False)
    assert jobs.issue_receipts() == 0
    gifts.number()
    assert jobs.issue_receipts() == 1


def test_numbers_follow_each_other() -> None:
    made = issued(*[person(f"捐赠人{n}") for n in range(12)])
    numbers = sorted(view(gift).number for gift in made)
    assert [int(n[-8:]) for n in numbers] == list(range(1, 13))


@pytest.mark.parametrize(
    ("donor", "printed", "public", "masked"),
    [
        (person("张小明"), "张小明", "张*", "张*"),
        (person("欧阳小明", Display.NAME), "欧阳小明", None, "欧阳*"),
        (person("张小明", Display.ANONYMOUS), "爱心人士", None, "爱心人士"),
        (DonorDetails(), "爱心人士", None, "爱心人士"),
        (DonorDetails(organization_name="陇原示例公司", display=Display.NAME),
         "陇原示例公司", None, "陇原示例公司"),
        (DonorDetails(organization_name="陇原示例公司"), "陇原示例公司", "陇*", "陇*"),
    ],
)  # fmt: skip
def test_the_donor_as_chosen(
    donor: DonorDetails, printed: str, public: str | None, masked: str
) -> None:
    (gift,) = issued(donor)
    (facts,) = queries.facts([view(gift).id]).values()
    assert (facts.donor, facts.donor_public) == (printed, public)
    assert verified(gift).donor_masked == masked


def test_facts_are_frozen_and_hashed() -> None:
    (gift,) = issued(person(), amount_fen=123_456, bill_wish=BillWish.WANTED)
    found = view(gift)
    with atomic():
        db.session().execute(text("UPDATE funds_unit SET name = 'x'"))
        db.session().execute(text("UPDATE funds_charity SET name = 'x', handler = 'x'"))
    (facts,) = queries.facts([found.id]).values()
    assert facts.unit_name == "榆中县妇女联合会"
    assert facts.charity_name == "甘肃爱心慈善基金会（测试）"
    assert facts.capital == "壹仟贰佰叁拾肆元伍角陆分"
    assert facts.bill_wish == "wanted"
    assert facts.given_on == facts.issued_on == clock.today()
    kept = db.session().scalars(select(Receipt.facts_sha256)).one()
    assert rules.facts_hash(facts) == kept


def test_the_donor_is_sealed_in_the_database() -> None:
    issued(person("张小明"))
    raw = db.session().execute(text("SELECT donor FROM receipts_receipt")).scalar_one()
    assert "张小明".encode() not in bytes(raw)


# --- verification --------------------------------------------------------------------------------
def test_verify_answers_number_and_code() -> None:
    (gift,) = issued(person(), amount_fen=2_550)
    found = view(gift)
    answer = queries.verify(found.number.lower(), f" {found.code.lower().replace('-', ' ')} ")
    assert answer.valid
    assert (answer.status, answer.amount_fen, answer.currency) == ("valid", 2_550, "CNY")
    assert (answer.campaign, answer.unit) == ("家家幸福一元捐", "榆中县妇女联合会")
    assert (answer.issued_on, answer.replaced_by) == (clock.today(), None)


@pytest.mark.parametrize("code", ["", "0000-0000-0000-0000", "x" * 100_000, "\x00", "\ud800"])
def test_a_wrong_code_tells_nothing(code: str) -> None:
    (gift,) = issued()
    answer = queries.verify(view(gift).number, code)
    assert answer == queries.Verification(ReceiptStatus.UNKNOWN)
    assert queries.verify("T2026-99999999", view(gift).code) == answer
    assert queries.verify("nonsense", code) == answer


@pytest.mark.parametrize(
    "status", [GiftStatus.REFUNDED, GiftStatus.PARTLY_REFUNDED, GiftStatus.DISPUTED]
)
def test_void_from_the_moment_the_gift_no_longer_stands(status: GiftStatus) -> None:
    (gift,) = issued()
    gifts.put(gift, status)
    assert verified(gift).status is ReceiptStatus.VOID
    assert view(gift).status is ReceiptStatus.VOID
    with pytest.raises(ReceiptIsVoid):
        services.pdf_when_made(view(gift).id, patience=0)
    gifts.put(gift, GiftStatus.SETTLED)  # a dispute that was won
    assert verified(gift).status is ReceiptStatus.VALID


# --- void and reissue ----------------------------------------------------------------------------
def test_voided_for_ever() -> None:
    (gift,) = issued()
    with atomic():
        services.void(view_id(gift), reason="  捐赠人\n 要求 ", person=CLERK)
    assert verified(gift).status is ReceiptStatus.VOID
    row = db.session().scalars(select(ReceiptVoid)).one()
    assert (row.reason, row.actor_id, row.actor_name) == ("捐赠人 要求", "p-1", "王惠兰")
    with pytest.raises(AlreadyVoid), atomic():
        services.void(view_id(gift), reason="再来", person=CLERK)
    with pytest.raises(AlreadyIssued), atomic():
        services.issue(gift.id)
    assert jobs.issue_receipts() == 0


def view_id(gift: Made) -> int:
    found = db.session().scalars(
        select(Receipt.id).where(Receipt.gift_id == gift.id).order_by(Receipt.version.desc())
    )
    return found.first() or 0


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_reason_is_needed(reason: str) -> None:
    (gift,) = issued()
    with pytest.raises(ReasonNeeded), atomic():
        services.void(view_id(gift), reason=reason, person=CLERK)
    assert verified(gift).valid


def test_reissued_as_a_new_row_that_replaces() -> None:
    (gift,) = issued(person("张小名"))
    old = view(gift)
    with atomic():
        services.reissue(old.id, reason="姓名写错", person=CLERK, donor_name="张小明")
    new = view(gift)
    assert new.number != old.number
    answer = queries.verify(old.number, old.code)
    assert (answer.status, answer.replaced_by) == (ReceiptStatus.REPLACED, new.number)
    assert queries.verify(new.number, new.code).valid
    (facts,) = queries.facts([new.id]).values()
    assert (facts.donor, facts.replaces) == ("张小明", old.number)
    with pytest.raises(AlreadyReplaced), atomic():
        services.reissue(old.id, reason="再来", person=CLERK)
    trail = db.session().execute(
        text("SELECT verb FROM audit_record WHERE object_type = 'receipt' ORDER BY id")
    )
    assert list(trail.scalars()) == ["receipt.voided", "receipt.reissued"]


def test_a_reissue_that_cannot_be_printed_changes_nothing() -> None:
    (gift,) = issued()
    with pytest.raises(pdf.MissingGlyph), atomic():
        services.reissue(view_id(gift), reason="姓名写错", person=CLERK, donor_name="𠮷田")
    assert verified(gift).valid


def test_nothing_is_issued_for_a_gift_that_does_not_stand() -> None:
    (gift,) = issued()
    gifts.put(gift, GiftStatus.REFUNDED)
    with pytest.raises(GiftNotStanding), atomic():
        services.reissue(view_id(gift), reason="x", person=CLERK)
    (other,) = gifts.settled(person())
    gifts.put(other, GiftStatus.REFUNDED)
    with pytest.raises(GiftNotStanding), atomic():
        services.issue(other.id)
    assert jobs.issue_receipts() == 0


def test_unknown_receipts() -> None:
    for verb in (
        lambda: services.void(1, reason="x", person=CLERK),
        lambda: services.reissue(1, reason="x", person=CLERK),
        lambda: services.request_pdf(1),
    ):
        with pytest.raises(NoSuchReceipt), atomic():
            verb()
    with pytest.raises(NoSuchReceipt):
        services.pdf_when_made(1)
    with pytest.raises(AtomicError):
        services.issue(1)


# --- what cannot be printed ----------------------------------------------------------------------
def test_a_missing_glyph_is_refused_and_leaves_no_gap() -> None:
    first, bad, last = issued(person("张三"), person("𠮷田"), person("李四"))
    assert queries.by_gift(bad.public_id) is None
    assert {view(first).number[-1], view(last).number[-1]} == {"1", "2"}
    with pytest.raises(pdf.MissingGlyph), atomic():
        services.issue(bad.id)
    (later,) = issued(person("王五"))
    assert view(later).number.endswith("00000003")


def test_an_undone_unit_of_work_takes_no_number() -> None:
    first, second = gifts.settled(person(), person())

    def undone() -> None:
        with atomic():
            services.issue(first.id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    with atomic():
        services.issue(second.id)
    with atomic():
        services.issue(first.id)
    assert (view(second).number[-1], view(first).number[-1]) == ("1", "2")


# --- the database refuses ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE receipts_receipt SET amount_fen = 1",
        "DELETE FROM receipts_receipt",
        "DELETE FROM receipts_void",
        "UPDATE receipts_file SET sha256 = sha256",
    ],
)
def test_receipts_are_append_only(statement: str) -> None:
    (gift,) = issued()
    with atomic():
        services.void(view_id(gift), reason="x", person=CLERK)
    with pytest.raises(DBAPIError), atomic():
        db.session().execute(text(statement))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"version": 1}, "gift_id"),
        ({"version": 2, "replaces_id": None}, "ck_receipts_receipt_replaces"),
        ({"version": 2}, "fk_receipts_receipt_replaces_void|FOREIGN KEY"),
        ({"version": 2, "series": "R"}, "ck_receipts_receipt_series"),
        ({"version": 2, "series": "R", "mode": "real"}, "mode|FOREIGN KEY"),
        ({"version": 2, "number": None}, "number"),
    ],
)
def test_a_second_valid_receipt_cannot_be_stored(
    changes: dict[str, object], constraint: str
) -> None:
    (gift,) = issued()
    row = db.session().execute(select(Receipt.__table__)).mappings().one()
    copy = {
        **row, "id": row["id"] + 1, "seq": 99, "number": "T2026-00000099",
        "replaces_id": row["id"], **changes,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint), atomic():
        db.session().execute(insert(Receipt.__table__).values(copy))  # type: ignore[arg-type]
    assert verified(gift).valid


# --- PDFs ----------------------------------------------------------------------------------------
def test_the_pdf_is_drawn_once_and_always_the_same_bytes() -> None:
    (gift,) = issued()
    found = view(gift)
    assert services.pdf_when_made(found.id, patience=0) is None
    assert jobs.render_requested() == 1
    assert jobs.render_requested() == 0
    db.session().rollback()
    made = services.pdf_when_made(found.id, patience=0)
    assert made is not None
    with pikepdf.open(BytesIO(made)) as document:
        data = json.loads(document.attachments["receipt.json"].get_file().read_bytes())
    assert data["number"] == found.number
    assert data["test"] is True
    assert services.pdf_when_made(found.id, patience=0) == made


def test_a_waiting_reader_gets_it_when_the_worker_has_drawn_it(ctx: Flask) -> None:
    (gift,) = issued()
    found = view(gift)
    db.session().rollback()

    def work() -> None:
        with ctx.app_context():
            while not jobs.render_requested():
                db.session().rollback()
                clock.sleep(0.05)
            db.session.remove()

    worker = threading.Thread(target=work)
    worker.start()
    made = services.pdf_when_made(found.id, patience=30)
    worker.join()
    assert made is not None
    assert made.startswith(b"%PDF")


@pytest.mark.slow
def test_bulk_draws_what_is_missing() -> None:
    made = issued(*[person(f"捐赠人{n}") for n in range(5)])
    with atomic():
        services.request_pdf(view_id(made[0]))
    jobs.render_requested()
    assert jobs.render_missing(processes=2) == 4
    assert jobs.render_missing() == 0
    db.session().rollback()
    assert len(db.session().scalars(select(ReceiptFile.receipt_id)).all()) == 5
    for gift in made:
        assert queries.pdf_bytes(view_id(gift))


def test_keeping_twice_keeps_the_first() -> None:
    (gift,) = issued()
    receipt_id = view_id(gift)
    first = services.Stored("aa/bb/x.pdf", "a" * 64, 1)
    atomically(services.keep_pdf)(receipt_id, first)
    atomically(services.keep_pdf)(receipt_id, services.Stored("cc/dd/y.pdf", "c" * 64, 2))
    db.session().rollback()
    assert db.session().get_one(ReceiptFile, receipt_id).sha256 == "a" * 64


def test_reading_room_writes_nothing() -> None:
    (gift,) = issued()
    with pytest.raises(DBAPIError):
        db.session().execute(update(Receipt).values(amount_fen=1))
    db.session().rollback()
    assert verified(gift).valid
