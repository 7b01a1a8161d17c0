"""The ledger on both databases against a plain model, event by event at random.

After every step: balances summed from postings equal the model's, identities A and B hold in every
book, no floor is broken, and the repeated key, another unit's money and an unsigned payment are
refused. At the end ``charity check`` is clean and public figures equal the model's.

``LEDGER_EXAMPLES`` and ``LEDGER_STEPS`` make the profile bigger.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from charity.app import create_app
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import checks, queries, recipes
from charity.ledger import services as ledger
from charity.ledger.errors import AlreadyPosted, AuthorityNeeded, BelowFloor, ShortfallStands
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Worksheet
from tests.conftest import make_database, make_settings
from tests.factories.ledger import BANK, PROVIDER, SIGNED, World, balances, entry
from tests.properties.ledger_model import Book, Model, Refused

UNITS = 3
unit = st.integers(0, UNITS - 1)
fen = st.one_of(st.integers(1, 50), st.integers(1, 5_000))
CODES = {recipes.clearing(PROVIDER): "clearing", recipes.bank(BANK): "bank"}


class LedgerMachine(RuleBasedStateMachine):
    """Rules are events; each is tried on the ledger and on the model, and both agree."""

    fresh: Callable[[], tuple[Flask, Callable[[], None]]]

    @initialize()
    def begin(self) -> None:
        app, self.forget = type(self).fresh()
        self.context = app.app_context()
        self.context.push()
        self.world = World.open(UNITS)
        self.model = Model([Book() for _ in range(UNITS)])
        self.entries = 0
        self.keys: list[NewEntry] = []
        self.slips: list[tuple[int, int, str]] = []
        self.lines: list[int] = []
        self.undoable: list[tuple[str, int, int, int]] = []
        self.disputes: list[tuple[int, int]] = []
        self.transit: list[dict[int, int]] = []

    def book(self, at: int) -> int:
        return self.world.units[at]

    def both(self, real: Callable[[], object], model: Callable[[], None]) -> object | None:
        """The event on both sides; refused by one only is a failure."""
        try:
            model()
        except Refused:
            with pytest.raises((BelowFloor, ShortfallStands)):
                real()
            return None
        return real()

    def post(self, at: int, kind: EntryKind, legs: recipes.Legs, **more: object) -> int:
        new = entry(self.book(at), kind, legs, self.world.cause(), **more)
        made = self.world.post([new.book_id], lambda _: [new])[0]
        self.keys.append(new)
        return made

    def balance(self, at: int, code: str) -> int:
        return balances().get(self.book(at), {}).get(code, 0)

    @rule(at=unit, fen=fen, part=st.integers(0, 12))
    def gift(self, at: int, fen: int, part: int) -> None:
        fee = fen * part // 10
        before = self.model.units[at].did["fees"]
        made = self.both(
            lambda: self.world.gift(self.book(at), fen, fee),
            lambda: self.model.gift(at, fen, fee),
        )
        if made is not None:
            bears = self.model.units[at].did["fees"] - before
            self.undoable.append(("clearing", at, int(str(made)), fen))
            assert bears <= fee

    @rule(at=unit, fen=fen)
    def bank_gift(self, at: int, fen: int) -> None:
        made = self.world.bank_gift(self.book(at), fen)
        self.model.bank_gift(at, fen)
        self.undoable.append(("bank", at, made, fen))

    @rule(fen=fen)
    def interest(self, fen: int) -> None:
        self.world.interest(fen)
        self.model.interest(fen)

    @rule(at=unit, fen=fen)
    def fee_borne(self, at: int, fen: int) -> None:
        split = recipes.fee_borne(provider=PROVIDER, fen=fen)
        cause = self.world.cause()
        books = [self.book(at), self.world.own]

        def draw(_: Worksheet) -> list[NewEntry]:
            return [
                entry(book, EntryKind.FEE_BORNE, legs, cause, effect=f"borne:{book}")
                for book, legs in zip(books, (split.unit, split.own), strict=True)
            ]

        self.both(lambda: self.world.post(books, draw), lambda: self.model.borne(at, fen))

    @rule(at=unit, fen=fen)
    def slip(self, at: int, fen: int) -> None:
        self.post(at, EntryKind.SLIP, recipes.slip(fen=fen))
        self.model.slip(at, fen)
        self.slips.append((at, fen, self.keys[-1].cause_id))

    @precondition(lambda self: self.slips)
    @rule(data=st.data())
    def slip_on_the_bank_line(self, data: st.DataObject) -> None:
        at, fen, cause = self.slips.pop(data.draw(st.integers(0, len(self.slips) - 1)))
        legs = recipes.slip_bank(account=BANK, fen=fen, shortfall=self.balance(at, "shortfall"))
        self.world.one(self.book(at), EntryKind.SLIP_BANK, legs, cause)
        self.model.slip_bank(at, fen)

    @rule(fen=fen)
    def unknown_line(self, fen: int) -> None:
        legs = recipes.suspense_in(account=BANK, fen=fen)
        self.world.one(self.world.suspense, EntryKind.SUSPENSE_IN, legs)
        self.model.line(fen)
        self.lines.append(fen)

    @precondition(lambda self: self.lines)
    @rule(at=st.one_of(st.none(), unit))
    def line_is_known_or_returned(self, at: int | None) -> None:
        fen = self.lines.pop()
        kind = EntryKind.SUSPENSE_RETURN if at is None else EntryKind.SUSPENSE_OUT
        self.world.one(self.world.suspense, kind, recipes.suspense_out(account=BANK, fen=fen))
        self.model.line(-fen)
        if at is not None:
            self.world.bank_gift(self.book(at), fen)
            self.model.bank_gift(at, fen)

    @rule(nets=st.dictionaries(unit, st.integers(-3_000, 3_000).filter(bool), min_size=1))
    def payout(self, nets: dict[int, int]) -> None:
        self.world.payout({self.book(at): net for at, net in nets.items()})
        self.model.payout(nets)
        self.transit.append(nets)

    @precondition(lambda self: self.transit)
    @rule()
    def payout_on_the_bank_line(self) -> None:
        nets = self.transit.pop(0)
        done = self.both(
            lambda: self.world.payout_bank({self.book(at): net for at, net in nets.items()}),
            lambda: self.model.payout_bank(nets),
        )
        if done is None:
            self.transit.append(nets)

    @rule(at=unit, fen=fen)
    def reserve(self, at: int, fen: int) -> None:
        self.both(
            lambda: self.world.reserve(self.book(at), fen), lambda: self.model.reserve(at, fen)
        )

    @rule(at=unit)
    def reserve_all(self, at: int) -> None:
        fen = max(self.model.units[at].has["available"], 1)
        self.reserve(at=at, fen=fen)

    @rule(at=unit)
    def spend_another_units_money(self, at: int) -> None:
        mine = self.model.units[at].has["available"]
        others = sum(book.has["available"] for book in self.model.units) - mine
        with pytest.raises((BelowFloor, ShortfallStands)):
            self.world.reserve(self.book(at), mine + max(others, 1))

    @rule(at=unit, fen=fen)
    def void(self, at: int, fen: int) -> None:
        legs = recipes.void(fen=fen)
        self.both(lambda: self.post(at, EntryKind.VOID, legs), lambda: self.model.void(at, fen))

    @rule(at=unit, fen=fen)
    def pay(self, at: int, fen: int) -> None:
        self.both(lambda: self.world.pay(self.book(at), fen), lambda: self.model.pay(at, fen))

    @rule(at=unit)
    def pay_all(self, at: int) -> None:
        has = self.model.units[at].has
        self.pay(at=at, fen=max(min(has["reserved"], has["bank"]), 1))

    @rule(at=unit)
    def pay_unsigned(self, at: int) -> None:
        with pytest.raises(AuthorityNeeded):
            self.world.one(self.book(at), EntryKind.PAY, recipes.pay(account=BANK, fen=1))
        with pytest.raises(AuthorityNeeded):
            self.world.one(self.book(at), EntryKind.VOID, recipes.void(fen=1), signature=SIGNED)

    @precondition(lambda self: any(book.did["used"] for book in self.model.units))
    @rule(data=st.data(), to_bank=st.booleans())
    def returned(self, data: st.DataObject, to_bank: bool) -> None:
        used = [at for at, book in enumerate(self.model.units) if book.did["used"]]
        at = data.draw(st.sampled_from(used))
        fen = data.draw(st.integers(1, self.model.units[at].did["used"]))
        if to_bank:
            self.post(at, EntryKind.BANK_RETURN, recipes.bank_return(account=BANK, fen=fen))
            self.model.bank_return(at, fen)
        else:
            legs = recipes.money_back(
                account=BANK, fen=fen, shortfall=self.balance(at, "shortfall")
            )
            self.post(at, EntryKind.MONEY_BACK, legs)
            self.model.money_back(at, fen)

    @rule(at=unit, fen=fen, code=st.sampled_from(sorted(CODES)))
    def refund(self, at: int, fen: int, code: str) -> None:
        self.both(
            lambda: self.world.refund(self.book(at), fen, code),
            lambda: self.model.taken(at, fen, CODES[code], "refunded"),
        )

    @rule(at=unit, fen=fen)
    def dispute(self, at: int, fen: int) -> None:
        reserved = self.balance(at, "reserved")
        legs = recipes.take_back(
            asset=recipes.clearing(PROVIDER),
            fen=fen,
            available=self.balance(at, "available"),
            reservations=[("one", reserved // 2), ("two", reserved - reserved // 2)],
        ).legs
        self.post(at, EntryKind.DISPUTE, legs)
        self.model.taken(at, fen, "clearing", "disputed")
        self.disputes.append((at, fen))

    @precondition(lambda self: self.disputes)
    @rule()
    def dispute_won(self) -> None:
        at, fen = self.disputes.pop()
        shortfall = self.balance(at, "shortfall")
        legs = recipes.dispute_won(provider=PROVIDER, fen=fen, shortfall=shortfall)
        self.post(at, EntryKind.DISPUTE_WON, legs)
        self.model.won(at, fen)

    @precondition(lambda self: self.undoable)
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        place, at, made, fen = self.undoable.pop(data.draw(st.integers(0, len(self.undoable) - 1)))
        self.both(lambda: self.world.correct(made), lambda: self.model.undo_in(at, fen, place))

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The same key again, even in another book with another amount, has no effect."""
        old = data.draw(st.sampled_from(self.keys))
        again = NewEntry(
            book_id=self.book(data.draw(unit)),
            kind=EntryKind.BANK_GIFT,
            legs=recipes.bank_gift(account=BANK, fen=7, shortfall=0),
            occurred_on=old.occurred_on,
            cause_type=old.cause_type,
            cause_id=old.cause_id,
            effect=old.effect,
        )
        with pytest.raises(AlreadyPosted):
            self.world.post([again.book_id], lambda _: [again])

    @rule(limit=st.integers(1, 20))
    def sequence(self, limit: int) -> None:
        with atomic():
            ledger.sequence(limit)

    @invariant()
    def equal(self) -> None:
        if not hasattr(self, "world"):
            return
        found = balances()
        db.session.rollback()
        named = [*zip(self.world.units, self.model.units, strict=True)]
        named += [(self.world.own, self.model.own), (self.world.suspense, self.model.suspense)]
        for book, want in named:
            have = {CODES.get(code, code): fen for code, fen in found.get(book, {}).items() if fen}
            assert have == {code: fen for code, fen in want.has.items() if fen}
        for want in self.model.units:
            has, did = want.has, want.did
            moved = did["raised"] - did["refunded"] - did["disputed"] + did["borne"]
            moved -= did["fees"] + did["used"] + has["reserved"]
            assert moved == has["available"] - has["shortfall"], "A"
            held = has["clearing"] + has["transit"] + has["bank"]
            owed = has["available"] + has["reserved"] + has["pending_in"] + has["advance"]
            assert held == owed - has["shortfall"], "B"
            floored = ("bank", "available", "reserved", "pending_in", "shortfall", "advance")
            assert all(has[code] >= 0 for code in floored)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.number()
            figures = {row.book_id: row for row in db.session().execute(queries.book_figures())}
            for book, want in zip(self.world.units, self.model.units, strict=True):
                row = figures.get(book)
                for name in ("raised", "refunded", "disputed", "borne", "fees", "used"):
                    assert (getattr(row, f"{name}_fen") if row else 0) == want.did[name], name
                for name in ("available", "reserved", "shortfall"):
                    assert (getattr(row, f"{name}_fen") if row else 0) == want.has[name], name
            assert [check for check in checks.run(db.session()) if not check.ok] == []
        finally:
            db.session.remove()
            db.engine.dispose()
            self.context.pop()
            self.forget()


@pytest.mark.slow
def test_ledger_against_the_model(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folders = iter(range(10**9))

    def fresh() -> tuple[Flask, Callable[[], None]]:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        made: Iterator[object] = make_database(dialect, request, folder)
        app = create_app(make_settings(next(made), folder))  # type: ignore[arg-type]
        return app, lambda: [None for _ in made] and None

    machine = type("Machine", (LedgerMachine,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("LEDGER_EXAMPLES", "8")),
            stateful_step_count=int(os.environ.get("LEDGER_STEPS", "40")),
            deadline=None,
            database=None,
            print_blob=True,
            # Each step costs milliseconds of a real database: a failure is shrunk only when asked.
            phases=[Phase.generate] + [Phase.shrink] * ("LEDGER_SHRINK" in os.environ),
            suppress_health_check=list(HealthCheck),
        ),
    )
