"""A clerk's world for tests: people of a unit and the office, a bank account, sheets, slips."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import secrets
from dataclasses import dataclass, replace

from PIL import Image
from sqlalchemy import text

from charity.approvals import queries as approvals
from charity.approvals import services as approving
from charity.approvals.kinds import Kind, RequestStatus
from charity.donations import checks
from charity.donations.hand import bank, sheets, slip_queries, slips, suspense
from charity.donations.hand.bank import AccountAsked
from charity.donations.hand.bank import LineAsked as BankLine
from charity.donations.hand.kinds import Direction, Method
from charity.donations.hand.sheets import LineAsked, SheetAsked
from charity.donations.hand.slips import DayAsked
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import public_id
from charity.ledger import checks as ledger_checks
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.web.funddesk.effects import EFFECTS
from tests.people import make_person

ACCOUNT = "icbc-main"
NUMBER = "6222 0012 3456 7890"
_serials = itertools.count(1)


@dataclass(frozen=True)
class Crew:
    """Everyone who has a part in a clerk's day."""

    clerk: Signed
    other: Signed  # a second clerk of the same unit
    leader: Signed
    cashier: Signed
    accountant: Signed
    manager: Signed


def make_crew(unit: str, account: str = ACCOUNT) -> Crew:
    """People of a unit and of the office, and the charity's bank account. Own units of work.

    A site that other tests use too needs an ``account`` of its own name, and gets its own number.
    """
    with atomic():
        crew = Crew(
            clerk=make_person("测试经办", Grant(Role.UNIT_CLERK, unit)),
            other=make_person("测试另一位", Grant(Role.UNIT_CLERK, unit)),
            leader=make_person("测试负责人", Grant(Role.UNIT_LEADER, unit)),
            cashier=make_person("测试出纳", Grant(Role.CASHIER)),
            accountant=make_person("测试会计", Grant(Role.ACCOUNTANT)),
            manager=make_person("测试管理员", Grant(Role.FUND_MANAGER)),
        )
    number = NUMBER if account == ACCOUNT else f"6222{secrets.randbelow(10**12):012d}"
    add_account(crew.manager, account, number)
    return crew


def add_account(by: Signed, code: str = ACCOUNT, number: str = NUMBER) -> None:
    """A bank account, opened long ago."""
    with atomic():
        bank.add_account(
            AccountAsked(
                code=code, bank_name="测试银行", holder="测试基金会", number=number,
                opened_on=clock.today() - dt.timedelta(days=400),
            ),
            by=by,
        )  # fmt: skip


def asked(unit: str, slug: str, *fens: int, **changes: object) -> SheetAsked:
    """A sheet of today in cash, one gift for each sum."""
    sheet = SheetAsked(
        form_id=public_id(),
        campaign=slug,
        unit=unit,
        method=Method.CASH,
        collected_on=clock.today(),
        lines=tuple(LineAsked(fen, name=f"测试捐赠人{n}") for n, fen in enumerate(fens, start=1)),
    )
    return replace(sheet, **changes)  # type: ignore[arg-type]


def enter(crew: Crew, sheet: SheetAsked, by: Signed | None = None) -> str:
    """The sheet, entered by the clerk; its id."""
    with atomic():
        return sheets.enter(sheet, by=by or crew.clerk)


def gifts_of(sheet_id: str) -> list[str]:
    """Public ids of a sheet's gifts, in order."""
    rows = db.session().scalars(
        text(
            "SELECT g.public_id FROM donations_gift g JOIN donations_sheet s ON s.id = g.sheet_id"
            " WHERE s.public_id = :sheet ORDER BY g.line"
        ),
        {"sheet": sheet_id},
    )
    found = list(rows)
    db.session().rollback()
    return found


def close(crew: Crew, unit: str, counted_fen: int, by: Signed | None = None) -> str:
    """The day closed into a slip; its number."""
    photo = files.store().put(picture(), ".png")
    with atomic():
        return slips.close_day(
            DayAsked(
                form_id=public_id(), unit=unit, counted_fen=counted_fen,
                paid_in_on=clock.today(), photo=photo,
            ),
            by=by or crew.clerk,
        )  # fmt: skip


def confirm(number: str, by: Signed) -> None:
    """The slip agreed to by another person, with its effect."""
    decide(slip_queries.slip(number).request_id, by)


def decide(request_id: str, by: Signed, kind: Kind = Kind.SLIP) -> None:
    """A request agreed to, with its effect, in one unit of work."""
    db.session().rollback()
    with atomic():
        view = approving.decide(request_id, by=by, approve=True)
        assert view.status is RequestStatus.APPROVED
        EFFECTS[kind](view, by)


def refuse(request_id: str, by: Signed) -> None:
    """A request not agreed to."""
    with atomic():
        approving.decide(request_id, by=by, approve=False, reason="照片看不清")


def line(crew: Crew, fen: int, way: Direction = Direction.IN, **changes: object) -> str:
    """A bank line of today; its id."""
    asked_line = BankLine(
        account=ACCOUNT, serial=f"L{next(_serials):06d}", booked_on=clock.today(),
        direction=way, amount_fen=fen,
    )  # fmt: skip
    with atomic():
        return bank.enter_line(replace(asked_line, **changes), by=crew.cashier)  # type: ignore[arg-type]


def settle_slip(crew: Crew, line_id: str, number: str) -> None:
    """The cashier says the line is the slip's."""
    with atomic():
        bank.settle_slip(line_id, number, by=crew.cashier)


def hold(crew: Crew, line_id: str) -> None:
    """The cashier does not know whose the line is."""
    with atomic():
        suspense.hold(line_id, by=crew.cashier)


def settled_slip(crew: Crew, unit: str, slug: str, *fens: int) -> str:
    """A whole day: entered, counted, confirmed, on the bank line."""
    enter(crew, asked(unit, slug, *fens))
    number = close(crew, unit, sum(fens))
    confirm(number, crew.leader)
    settle_slip(crew, line(crew, sum(fens), memo=number), number)
    return number


def balances(book: int) -> dict[str, int]:
    """What is in a book's accounts, zeros left out, on each account's own side."""
    rows = db.session().execute(
        text(
            "SELECT code, CASE side WHEN 'debit' THEN debits - credits ELSE credits - debits END"
            " FROM ledger_account WHERE book_id = :book"
        ),
        {"book": book},
    )
    found = {code: int(fen) for code, fen in rows if fen}
    db.session().rollback()
    return found


def broken() -> set[str]:
    """Every sentence of ledger and donations that does not hold."""
    db.session().rollback()
    found = {one.name for one in (*ledger_checks.run(db.session()), *checks.run()) if not one.ok}
    db.session().rollback()
    return found


def latest(kind: Kind, subject: str) -> str:
    """The id of the newest request about a thing."""
    view = approvals.latest(kind, subject)
    assert view is not None
    db.session().rollback()
    return view.id


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """A small picture, with a place in its metadata where the kind carries one."""
    made = Image.new("RGB", size, (120, 80, 40))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    out = io.BytesIO()
    made.save(out, kind, exif=exif)
    return out.getvalue()
