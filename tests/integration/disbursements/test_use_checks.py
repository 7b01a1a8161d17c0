"""Each sentence about the use of money is false when the stored rows say otherwise."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from charity.disbursements import checks, evidence_checks
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Signature
from tests import uses
from tests.conftest import TestDatabase
from tests.factories.ledger import owner
from tests.gifts import TOWN, Place, make_place
from tests.uses import Team


@pytest.fixture
def place(ctx: Flask) -> Place:
    return make_place()


@pytest.fixture
def team(place: Place) -> Team:
    made = uses.make_team()
    uses.fund(made, 100_000)
    return made


def test_an_honest_season_breaks_none(place: Place, team: Team) -> None:
    uses.draft(team, 1_000)
    uses.asked(team, 1_000)
    uses.approved(team, 1_000)
    back = uses.paid(team, 2_000)
    uses.money_back(team, back, 500)
    sent_back = uses.paid(team, 3_000)
    uses.bank_returned(team, sent_back)
    uses.number()
    assert uses.broken() == set()


def forged(book: int, kind: EntryKind, legs: recipes.Legs, cause: str) -> None:
    """An entry under an authority that nobody signed."""
    with atomic():
        sheet = ledger.worksheet([book])
        sheet.add(
            NewEntry(
                book_id=book, kind=kind, legs=legs, occurred_on=clock.today(),
                cause_type="application", cause_id=cause, effect=f"{kind.value}-9",
                signature=Signature("p1", "p2", "0" * 64),
            )
        )  # fmt: skip
        sheet.post()


def test_a_forged_authority_is_found(place: Place, team: Team) -> None:
    made = uses.approved(team, 1_000)
    book = place.books[TOWN]
    forged(book, EntryKind.RESERVE, recipes.reserve(fen=10), made)
    assert (
        "every promise and payment has its application, in its book, signed by two who agreed"
        in uses.broken()
    )
    assert "no book has more reserved than its approved applications ask for" in uses.broken()


def test_a_payment_without_its_line_is_found(place: Place, team: Team) -> None:
    made = uses.approved(team, 1_000)
    legs = recipes.pay(account="icbc-main", fen=1_000)
    forged(place.books[TOWN], EntryKind.PAY, legs, made)
    assert (
        "every payment has its entry: same book, same amount, same kind; and no other entry is one"
        in uses.broken()
    )


APPLICATION = "UPDATE disbursements_application SET "
TURNED = {
    "every approved application has its promise, its size": (
        APPLICATION + "amount_fen = amount_fen + 1 WHERE status = 'approved'"
    ),
    "no book has more reserved than its approved applications ask for": (
        APPLICATION + "amount_fen = amount_fen - 1 WHERE status = 'approved'"
    ),
    "no approved application lacks its promise for more than 15 minutes": (
        APPLICATION + "amount_fen = amount_fen + 1, status_at = '2020-01-01 00:00:00'"
        " WHERE status = 'approved'"
    ),
    "what was paid hashes as what was approved": (
        "UPDATE disbursements_payment SET facts_sha256 = '" + "a" * 64 + "' WHERE kind = 'pay'"
    ),
    "an application is paid, and handed back, as its payments say": (
        APPLICATION + "returned_fen = returned_fen + 1 WHERE status = 'paid'"
    ),
    "the budget of what was asked for sums to it": (
        "UPDATE disbursements_budget_line SET price_fen = price_fen + 1,"
        " amount_fen = (price_fen + 1) * quantity"
    ),
    "nobody agreed to money that they asked for or whose payee they wrote down": (
        "UPDATE disbursements_payee SET by_id = (SELECT first_person_id FROM"
        " disbursements_application WHERE status = 'approved')"
    ),
    "no approved application is unpaid for more than a day after its last day": (
        APPLICATION + "expires_on = '2020-01-01' WHERE status = 'approved'"
    ),
    "every payment has its entry: same book, same amount, same kind; and no other entry is one": (
        "UPDATE disbursements_payment SET booked_on = '2020-01-01'"
    ),
}


def test_every_sentence_is_tried() -> None:
    tried = set(TURNED) | {
        "every promise and payment has its application, in its book, signed by two who agreed"
    }
    assert tried == set(checks.SENTENCES) - set(evidence_checks.SENTENCES)


@pytest.mark.parametrize("sentence", TURNED)
def test_turned_by_the_owner_of_the_database(
    place: Place, team: Team, database: TestDatabase, sentence: str
) -> None:
    uses.approved(team, 1_000)
    uses.paid(team, 2_000)
    assert uses.broken() == set()
    with owner(database.owner_url) as conn:
        for trigger in ("disbursements_payment",):
            _free(conn, database.dialect, trigger)
        conn.execute(text(TURNED[sentence]))
    assert sentence in uses.broken()


def _free(conn: object, dialect: str, table: str) -> None:
    """Take the guards of an append-only table away, as only its owner can."""
    run = conn.exec_driver_sql  # type: ignore[attr-defined]
    if dialect == "postgres":
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    names = run(
        f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
    ).all()
    for (name,) in names:
        run(f"DROP TRIGGER {name}")
