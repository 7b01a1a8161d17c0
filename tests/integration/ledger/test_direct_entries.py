"""Entries, postings and signatures that the application's own rights cannot write by hand."""

from __future__ import annotations

from charity.kernel.ids import new_id
from tests.integration.ledger.direct import Direct
from tests.integration.ledger.direct_rig import (
    AUTHORITY_KEY,
    BANK,
    BARE,
    CHECKS_OFF,
    CLEARING,
    FK,
    FK_OFF,
    IN_ORDER,
    WHOLE,
    Case,
    Rig,
    both,
    check,
    constraint,
    dropped_index,
    key,
    tried,
)


def across_books(x: Direct) -> None:
    entry = x.entry("gift", 5)
    x.posting(entry, CLEARING, "", 5, credit_id=x.account("available", x.two))


def entry_of_another_book(x: Direct) -> None:
    entry = x.entry("gift", 5)
    x.posting(entry, CLEARING, "available", 5, book_id=x.two)


def below_zero(x: Direct, verb: str = "INSERT") -> None:
    fen = x.balance("available") + 1
    entry = x.entry("fee", fen)
    x.posting(entry, "available", CLEARING, fen, verb=verb)


def pay_unsigned(x: Direct) -> None:
    x.posting(x.entry("pay", 5), "reserved", BANK, 5)


def pay_said_to_need_no_signature(x: Direct) -> None:
    x.posting(x.entry("pay", 5, authorized=False), "reserved", BANK, 5)


def pay_under_another_name(x: Direct) -> None:
    x.posting(x.entry("gift", 5), "reserved", BANK, 5)


def available_from_nowhere(x: Direct) -> None:
    x.posting(x.entry("slip", 5), "transit", "available", 5)


def correction_that_pays(x: Direct) -> None:
    wrong = x.value(
        "SELECT min(id) FROM ledger_entry WHERE kind = 'payout' AND book_id = :b", b=x.one
    )
    fen = x.value("SELECT amount_fen FROM ledger_entry WHERE id = :id", id=wrong)
    entry = x.entry("correction", fen, counts_as="payout", corrects=wrong)
    x.posting(entry, "available", BANK, fen)


def correction_of_another_amount(x: Direct) -> None:
    wrong = x.value("SELECT min(id) FROM ledger_entry WHERE book_id = :b", b=x.one)
    entry = x.entry("correction", 1, counts_as="gift", corrects=wrong)
    x.posting(entry, "available", CLEARING, 1)


def correction_twice(x: Direct) -> None:
    book = x.value("SELECT book_id FROM ledger_entry WHERE kind = 'correction'")
    wrong = x.value("SELECT corrects FROM ledger_entry WHERE kind = 'correction'")
    entry = x.entry("correction", 90, counts_as="bank_gift", corrects=wrong, book_id=book)
    x.posting(entry, BANK, "available", 90, book_id=book)


def signature_used_twice(x: Direct) -> None:
    old = x.value("SELECT min(id) FROM ledger_authority WHERE kind = 'reserve'")
    fen = x.value("SELECT amount_fen FROM ledger_authority WHERE id = :id", id=old)
    more = x.entry("gift", fen)
    x.posting(more, CLEARING, "available", fen)
    x.posting(x.entry("reserve", fen, authority_id=old), "available", "reserved", fen)


def signature_for_another_amount(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", amount_fen=6)


def signature_for_another_book(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", book_id=x.two)


def signature_for_another_kind(x: Direct) -> None:
    x.signed("pay", 5, "reserved", BANK, kind="reserve")


def one_person_signs(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", second="p1")


def signature_of_nothing(x: Direct) -> None:
    x.authority("reserve", 5, new_id())


def second_signature_for_an_entry(x: Direct) -> None:
    x.authority("reserve", 5, x.last("reserve"))


def signed_with_two_postings(x: Direct) -> None:
    x.entry("reserve", 5, posting_count=2, authority_id=1)


def no_postings(x: Direct) -> None:
    x.entry("gift", 5)


def fewer_postings_than_said(x: Direct) -> None:
    x.posting(x.entry("gift", 5, posting_count=2), CLEARING, "available", 5)


def other_amount_than_said(x: Direct) -> None:
    x.posting(x.entry("gift", 5), CLEARING, "available", 6)


def more_to_an_old_entry(x: Direct) -> None:
    old = x.value("SELECT min(id) FROM ledger_entry WHERE book_id = :b", b=x.one)
    x.posting(old, CLEARING, "available", 5, line=2)


def skipped_book_no(x: Direct) -> None:
    x.posting(x.entry("gift", 5, step=1), CLEARING, "available", 5)


def repeated_book_no(x: Direct) -> None:
    x.posting(x.entry("gift", 5, step=-1), CLEARING, "available", 5)


def closed_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2027-01"), CLEARING, "available", 5)


def no_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2026-13"), CLEARING, "available", 5)


def earlier_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2026-10"), CLEARING, "available", 5)


def same_key(x: Direct) -> None:
    x.posting(x.entry("gift", 5, idempotency_key="test:1:gift"), CLEARING, "available", 5)


def other_mode(x: Direct) -> None:
    x.posting(x.entry("gift", 5, mode="real"), CLEARING, "available", 5)


def counted_as_another(x: Direct) -> None:
    x.posting(x.entry("bank_gift", 5, counts_as="money_back"), BANK, "available", 5)


CASES: dict[str, Case] = {
    "post across books": Case(
        across_books, *key("ledger_posting", "fk_ledger_posting_credit_account_id_book_id")
    ),
    "a posting of another book's entry": Case(
        entry_of_another_book, *key("ledger_posting", "fk_ledger_posting_entry_id_book_id")
    ),
    "below zero": Case(
        below_zero,
        {"sqlite": "guard: floor", "postgres": "ck_ledger_account_floor"},
        {
            "sqlite": [*WHOLE["sqlite"], CHECKS_OFF],
            "postgres": constraint("ledger_account", "ck_ledger_account_floor"),
        },
    ),
    "below zero, a refusal ignored": Case(
        lambda x: below_zero(x, "INSERT OR IGNORE"),
        {"sqlite": "guard: floor"},
        {"sqlite": WHOLE["sqlite"]},
    ),
    "pay without authority": Case(
        pay_unsigned, *check("ledger_entry", "ck_ledger_entry_authority_where_needed")
    ),
    "pay as if it needed none": Case(
        pay_said_to_need_no_signature, both("guard: no such kind in this database"), IN_ORDER
    ),
    "pay under another name": Case(
        pay_under_another_name, both("guard: kind does not post this"), WHOLE
    ),
    "available from nowhere": Case(
        available_from_nowhere, both("guard: kind does not post this"), WHOLE
    ),
    "a correction that pays": Case(
        correction_that_pays, both("guard: kind does not post this"), WHOLE
    ),
    "a correction of another amount": Case(
        correction_of_another_amount, both("guard: correction does not mirror"), IN_ORDER
    ),
    "corrected twice": Case(
        correction_twice,
        {"sqlite": r"UNIQUE.*ledger_entry\.corrects", "postgres": "uq_ledger_entry_corrects"},
        dropped_index("uq_ledger_entry_corrects"),
    ),
    "an authority used twice": Case(signature_used_twice, *AUTHORITY_KEY),
    "an authority for another amount": Case(signature_for_another_amount, *AUTHORITY_KEY),
    "an authority for another book": Case(
        signature_for_another_book,
        AUTHORITY_KEY[0] | {"postgres": "fk_ledger_(entry_authority|authority_entry)"},
        {
            "sqlite": [FK_OFF],
            "postgres": [
                *AUTHORITY_KEY[1]["postgres"],
                *constraint("ledger_authority", "fk_ledger_authority_entry"),
            ],
        },
    ),
    "an authority for another kind": Case(signature_for_another_kind, *AUTHORITY_KEY),
    "one person signs": Case(
        one_person_signs, *check("ledger_authority", "ck_ledger_authority_two_people")
    ),
    "an authority of no entry": Case(
        signature_of_nothing, *key("ledger_authority", "fk_ledger_authority_entry")
    ),
    "a second authority for an entry": Case(
        second_signature_for_an_entry,
        {"sqlite": r"UNIQUE.*ledger_authority\.entry_id", "postgres": "uq_ledger_authority_entry"},
        {
            "sqlite": [BARE + "ledger_authority"],
            "postgres": constraint("ledger_authority", "uq_ledger_authority_entry_id"),
        },
    ),
    "an authorized entry of two postings": Case(
        signed_with_two_postings,
        both("ck_ledger_entry_authorized_one_posting"),
        {
            "sqlite": [CHECKS_OFF, FK_OFF],
            "postgres": [
                *constraint("ledger_entry", "ck_ledger_entry_authorized_one_posting"),
                *constraint("ledger_entry", "fk_ledger_entry_authority"),
                *constraint("ledger_entry", "fk_ledger_entry_last_posting"),
            ],
        },
    ),
    "an entry without postings": Case(
        no_postings, *key("ledger_entry", "fk_ledger_entry_last_posting")
    ),
    "an entry with fewer postings than it says": Case(
        fewer_postings_than_said,
        {"sqlite": FK, "postgres": "guard: posting does not fit its entry"},
        {
            "sqlite": [FK_OFF],
            "postgres": [
                *WHOLE["postgres"],
                *constraint("ledger_entry", "fk_ledger_entry_last_posting"),
            ],
        },
    ),
    "an entry of another amount than it says": Case(
        other_amount_than_said, both("guard: posting does not fit its entry"), WHOLE
    ),
    "one more posting to an old entry": Case(
        more_to_an_old_entry, both("guard: posting does not fit its entry"), WHOLE
    ),
    "a book_no skipped": Case(skipped_book_no, both("guard: book_no out of order"), IN_ORDER),
    "a book_no twice": Case(
        repeated_book_no,
        {"sqlite": "guard: book_no out of order", "postgres": "uq_ledger_entry_book_id_book_no"},
        {
            "sqlite": [*IN_ORDER["sqlite"], BARE + "ledger_entry"],
            "postgres": [
                *IN_ORDER["postgres"],
                *constraint("ledger_entry", "uq_ledger_entry_book_id_book_no"),
            ],
        },
    ),
    "a closed month": Case(closed_month, both("guard: period closed"), IN_ORDER),
    "a month that is none": Case(no_month, both("guard: no such period"), IN_ORDER),
    "an earlier month": Case(earlier_month, both("guard: no such period"), IN_ORDER),
    "an idempotency key again": Case(
        same_key,
        {"sqlite": r"UNIQUE.*idempotency_key", "postgres": "uq_ledger_entry_idempotency_key"},
        {
            "sqlite": [BARE + "ledger_entry"],
            "postgres": constraint("ledger_entry", "uq_ledger_entry_idempotency_key"),
        },
    ),
    "real money in a test database": Case(
        other_mode, both("guard: no such kind in this database"), IN_ORDER
    ),
    "a gift that counts as another figure": Case(
        counted_as_another, *check("ledger_entry", "ck_ledger_entry_counts_as")
    ),
}


def test_refused_on_sqlite(rig: Rig, sqlite_case: Case) -> None:
    tried(rig, sqlite_case, "sqlite")


def test_refused_on_postgres(rig: Rig, postgres_case: Case) -> None:
    tried(rig, postgres_case, "postgres")
