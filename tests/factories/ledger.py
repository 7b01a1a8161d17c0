"""Books and entries for the tests, made through the ledger's own services.

``World`` is a small charity: unit books, the own book, the suspense book, one provider, one bank
account. Each method is one unit of work, as a caller would write it.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, event, select, text

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import BookKind, EntryKind
from charity.ledger.models import Entry, Posting
from charity.ledger.recipes import Leg, Legs
from charity.ledger.services import NewEntry, Signature, Worksheet

PROVIDER = "sandbox"
BANK = "main"
DAY = dt.date(2026, 11, 21)
SIGNED = Signature(first_person_id="p1", second_person_id="p2", approved_hash="a" * 64)


@contextmanager
def owner(url: str) -> Iterator[Connection]:
    """A connection with the owner's rights, without the authorizer, foreign keys off: for
    breaking things on purpose. Commits at the end."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: object, _record: object) -> None:
            raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]

    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def entry(
    book: int, kind: EntryKind, legs: Legs, cause: str, *, effect: str = "", **more: object
) -> NewEntry:
    """A new entry of today, whose key is its cause and kind."""
    return NewEntry(
        book_id=book,
        kind=kind,
        legs=legs,
        occurred_on=DAY,
        cause_type="test",
        cause_id=cause,
        effect=effect or kind.value,
        **more,  # type: ignore[arg-type]
    )


def feed_own_book(fen: int, account: str = "main") -> None:
    """Interest for the own book, so that it can bear fees. Opens its own unit of work."""
    with atomic():
        legs = recipes.interest(account=account, fen=fen)
        ledger.post([entry(ledger.own_book("CNY"), EntryKind.INTEREST, legs, public_id())])


@dataclass
class World:
    """The books of a small charity and the verbs a caller would have."""

    units: list[int] = field(default_factory=list)
    own: int = 0
    suspense: int = 0
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    authorities: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, units: int = 3) -> World:
        """Own, suspense and ``units`` unit books of campaign ``c``."""
        with atomic():
            return cls(
                units=[
                    ledger.open_book(kind=BookKind.UNIT, campaign="c", unit=f"u{n}")
                    for n in range(1, units + 1)
                ],
                own=ledger.own_book(),
                suspense=ledger.suspense_book(),
            )

    def cause(self) -> str:
        return str(next(self.keys))

    def post(self, books: list[int], draw: Callable[[Worksheet], list[NewEntry]]) -> list[int]:
        """One unit of work: a worksheet of ``books``, the entries drawn from it, posted."""
        with atomic():
            sheet = ledger.worksheet(books)
            ids = []
            for new in draw(sheet):
                ids.append(sheet.add(new))
            sheet.post()
            return ids

    def one(self, book: int, kind: EntryKind, legs: Legs, cause: str = "", **more: object) -> int:
        """One entry of given legs."""
        cause = cause or self.cause()
        return self.post([book], lambda _: [entry(book, kind, legs, cause, **more)])[0]

    def gift(self, book: int, fen: int, fee: int = 0, cause: str = "") -> int:
        """A gift settled online, a shortfall filled first, and its fee."""
        cause = cause or self.cause()
        with atomic():
            sheet = ledger.worksheet([book, self.own])
            legs = recipes.gift(
                provider=PROVIDER, fen=fen, shortfall=sheet.balance(book, "shortfall")
            )
            made = sheet.add(entry(book, EntryKind.GIFT, legs, cause))
            if fee:
                split = recipes.fee(
                    provider=PROVIDER, fen=fee, available=sheet.balance(book, "available")
                )
                for place, part in ((book, split.unit), (self.own, split.own)):
                    if part:
                        sheet.add(entry(place, EntryKind.FEE, part, cause, effect=f"fee:{place}"))
            sheet.post()
            return made

    def bank_gift(self, book: int, fen: int, cause: str = "") -> int:
        """A gift on a bank line."""
        cause = cause or self.cause()
        return self.post(
            [book],
            lambda sheet: [
                entry(
                    book,
                    EntryKind.BANK_GIFT,
                    recipes.bank_gift(
                        account=BANK, fen=fen, shortfall=sheet.balance(book, "shortfall")
                    ),
                    cause,
                )
            ],
        )[0]

    def interest(self, fen: int) -> int:
        """Interest of the own book."""
        return self.one(self.own, EntryKind.INTEREST, recipes.interest(account=BANK, fen=fen))

    def reserve(self, book: int, fen: int, cause: str = "") -> int:
        """An application approved by two."""
        return self.one(book, EntryKind.RESERVE, recipes.reserve(fen=fen), cause, signature=SIGNED)

    def pay(self, book: int, fen: int, cause: str = "") -> int:
        """Paid, on the bank line."""
        legs = recipes.pay(account=BANK, fen=fen)
        return self.one(book, EntryKind.PAY, legs, cause, signature=SIGNED)

    def refund(self, book: int, fen: int, asset: str = "", cause: str = "") -> int:
        """Money back to a donor: available, then reservations, then shortfall."""
        cause = cause or self.cause()
        asset = asset or recipes.clearing(PROVIDER)

        def draw(sheet: Worksheet) -> list[NewEntry]:
            reserved = sheet.balance(book, "reserved")
            taken = recipes.take_back(
                asset=asset,
                fen=fen,
                available=sheet.balance(book, "available"),
                reservations=[("all", reserved)] if reserved else [],
            )
            return [entry(book, EntryKind.REFUND, taken.legs, cause)]

        return self.post([book], draw)[0]

    def payout(self, nets: dict[int, int], cause: str = "") -> list[int]:
        """The provider sends on each book's net, as one group."""
        cause, group = cause or self.cause(), new_id()
        return self.post(
            list(nets),
            lambda _: [
                entry(
                    book,
                    EntryKind.PAYOUT,
                    recipes.payout(provider=PROVIDER, net=net),
                    cause,
                    effect=f"payout:{book}",
                    group_id=group,
                )
                for book, net in nets.items()
            ],
        )

    def payout_bank(self, nets: dict[int, int], cause: str = "") -> list[int]:
        """The payout's bank line, as one group; advances repaid first, lent where needed."""
        cause, group = cause or self.cause(), new_id()
        with atomic():
            sheet = ledger.worksheet([*nets, self.own])
            ids: list[int] = []

            def add(book: int, kind: EntryKind, legs: Legs, effect: str) -> None:
                if legs:
                    new = entry(book, kind, legs, cause, effect=effect, group_id=group)
                    ids.append(sheet.add(new))

            # The own book's share first, and what comes in before what goes out.
            for book, net in sorted(nets.items(), key=lambda x: (x[0] != self.own, -x[1])):
                missing = -net - sheet.balance(book, recipes.bank(BANK))
                if missing > 0 and book != self.own:
                    lent = recipes.advance(account=BANK, fen=missing)
                    add(self.own, EntryKind.ADVANCE, lent.own, f"lend:{book}")
                    add(book, EntryKind.ADVANCE, lent.unit, f"borrow:{book}")
                add(book, EntryKind.PAYOUT_BANK, recipes.payout_bank(account=BANK, net=net),
                    f"payout_bank:{book}")  # fmt: skip
                owed = min(sheet.balance(book, "advance"), sheet.balance(book, recipes.bank(BANK)))
                if owed > 0 and net > 0:
                    back = recipes.advance_repaid(account=BANK, fen=owed)
                    add(book, EntryKind.ADVANCE_REPAID, back.unit, f"repay:{book}")
                    add(self.own, EntryKind.ADVANCE_REPAID, back.own, f"repaid:{book}")
            sheet.post()
        return ids

    def correct(self, entry_id: int, cause: str = "") -> int:
        """The mirror of an entry, spilling as a refund does."""
        cause = cause or self.cause()
        book, legs = legs_of(entry_id)

        def draw(sheet: Worksheet) -> list[NewEntry]:
            reserved = sheet.balance(book, "reserved")
            made = recipes.correction(
                legs,
                available=sheet.balance(book, "available"),
                shortfall=sheet.balance(book, "shortfall"),
                reservations=[("all", reserved)] if reserved else [],
            )
            return [entry(book, EntryKind.CORRECTION, made.legs, cause, corrects=entry_id)]

        return self.post([book], draw)[0]

    def number(self) -> int:
        """Number all that waits; how many."""
        total = 0
        while True:
            with atomic():
                done = ledger.sequence()
            total += done
            if not done:
                return total


def legs_of(entry_id: int) -> tuple[int, Legs]:
    """The book and the legs of a posted entry."""
    session = db.session()
    book = session.scalars(select(Entry.book_id).where(Entry.id == entry_id)).one()
    accounts = session.execute(
        text("SELECT id, code FROM ledger_account WHERE book_id = :book"), {"book": book}
    )
    codes = dict(accounts.all())
    rows = session.execute(
        select(Posting.debit_account_id, Posting.credit_account_id, Posting.amount_fen)
        .where(Posting.entry_id == entry_id)
        .order_by(Posting.line)
    )
    return book, tuple(Leg(codes[d], codes[c], fen) for d, c, fen in rows)


def balances() -> dict[int, dict[str, int]]:
    """Natural balances of every account, from the postings alone, in plain SQL."""
    rows = db.session().execute(
        text(
            "SELECT a.book_id, a.code, a.side, sum(p.amount_fen * CASE WHEN"
            " p.debit_account_id = a.id THEN 1 ELSE -1 END)"
            " FROM ledger_posting p JOIN ledger_account a"
            " ON a.id IN (p.debit_account_id, p.credit_account_id)"
            " GROUP BY a.book_id, a.code, a.side"
        )
    )
    found: dict[int, dict[str, int]] = {}
    for book, code, side, debit in rows:
        found.setdefault(book, {})[code] = int(debit) if side == "debit" else -int(debit)
    return found


def busy_day() -> World:
    """A day with one of everything, numbered."""
    world = World.open(3)
    one, two, three = world.units
    first = world.gift(one, 10_000, 60)
    world.gift(two, 5_000, 30)
    world.gift(three, 100, 1)
    world.interest(5_000)
    world.one(one, EntryKind.SLIP, recipes.slip(fen=700), "slip")
    world.one(
        one, EntryKind.SLIP_BANK, recipes.slip_bank(account=BANK, fen=700, shortfall=0), "slip"
    )
    found = recipes.suspense_in(account=BANK, fen=300)
    world.one(world.suspense, EntryKind.SUSPENSE_IN, found, "line")
    known = recipes.suspense_out(account=BANK, fen=300)
    world.one(world.suspense, EntryKind.SUSPENSE_OUT, known, "line")
    world.bank_gift(two, 300)
    nets = {one: 9_940, two: 4_970}
    world.payout(nets)
    world.payout_bank(nets)
    reserved = world.reserve(one, 9_000)
    world.pay(one, 8_000)
    world.one(one, EntryKind.VOID, recipes.void(fen=500))
    world.refund(one, 6_000)
    world.payout({one: -6_000, two: 0 + 1})
    world.payout_bank({one: -6_000, two: 1})
    world.gift(one, 4_000, 20)
    wrong = world.bank_gift(three, 90)
    world.correct(wrong)
    assert first < reserved
    world.number()
    return world
