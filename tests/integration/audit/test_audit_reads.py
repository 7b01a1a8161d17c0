"""What supervisors read is everything there is: each filter against the whole ledger, each list
page by page, and every question answered by an index on both databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from charity.approvals import audit_queries as all_requests
from charity.approvals import queries as approval_queries
from charity.approvals.kinds import Kind, RequestStatus
from charity.audit import queries as audit
from charity.audit import services as audit_services
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import CursorUnfit
from charity.kernel.ids import first_at, new_id
from charity.ledger import audit_queries as entries_of
from charity.ledger import authority_queries, book_queries, recipes, services
from charity.ledger import queries as ledger
from charity.ledger.audit_queries import Asked, EntryLine
from charity.ledger.errors import EntryUnknown, NoSuchBook
from charity.ledger.kinds import AccountKind, BookKind, EntryKind
from charity.ledger.services import Actor
from tests.factories import ledger as world
from tests.factories.approvals import ask, decide, make_cast
from tests.factories.ledger import BANK, World, busy_day, entry


def everything(asked: Asked, limit: int = 4) -> list[EntryLine]:
    """All pages of a list, one after the other."""
    found: list[EntryLine] = []
    before: int | None = None
    for _ in range(400):
        page = entries_of.entries(asked, before, limit)
        found += page.items
        before = page.before
        if before is None:
            return found
    raise AssertionError("the pages never end")


def numbers(wanted: Callable[[Any], bool]) -> list[int]:
    """The numbers of the entries that fit, from the tables, the highest first."""
    rows = db.session().execute(
        text(
            "SELECT n.n, e.kind, e.amount_fen, e.period, e.cause_type, e.cause_id, e.actor_id,"
            " b.kind AS book_kind, b.campaign, b.unit FROM ledger_number n"
            " JOIN ledger_entry e ON e.id = n.entry_id JOIN ledger_book b ON b.id = e.book_id"
        )
    )
    return sorted((row.n for row in rows if wanted(row)), reverse=True)


@pytest.fixture
def books(ctx: Flask) -> World:
    """A busy day, and an entry by a person."""
    made = busy_day()
    with atomic():
        services.post(
            [
                entry(made.units[0], EntryKind.BANK_GIFT,
                      recipes.bank_gift(account=BANK, fen=150_000, shortfall=0), "by-hand",
                      actor=Actor("person-1", "张三"))
            ]
        )  # fmt: skip
    made.number()
    return made


FILTERS: dict[str, tuple[Asked, Callable[[Any], bool]]] = {
    "nothing": (Asked(), lambda _: True),
    "kind of millions": (Asked(kind=EntryKind.GIFT), lambda row: row.kind == "gift"),
    "rare kind": (Asked(kind=EntryKind.REFUND), lambda row: row.kind == "refund"),
    "book": (Asked(book="unit:c:u1:CNY"), lambda row: row.unit == "u1"),
    "own book": (Asked(book="own:CNY"), lambda row: row.book_kind == "own"),
    "book and kind": (
        Asked(book="unit:c:u1:CNY", kind=EntryKind.GIFT),
        lambda row: row.unit == "u1" and row.kind == "gift",
    ),
    "campaign": (Asked(campaign="c"), lambda row: row.campaign == "c"),
    "no such campaign": (Asked(campaign="d"), lambda _: False),
    "unit": (Asked(unit="u2"), lambda row: row.unit == "u2"),
    "month": (Asked(period="2026-11"), lambda row: row.period == "2026-11"),
    "another month": (Asked(period="2026-10"), lambda row: row.period == "2026-10"),
    "from": (Asked(from_fen=5_000), lambda row: row.amount_fen >= 5_000),
    "large": (Asked(from_fen=100_000), lambda row: row.amount_fen >= 100_000),
    "between": (
        Asked(from_fen=100, to_fen=4_000),
        lambda row: 100 <= row.amount_fen <= 4_000,
    ),
    "cause": (
        Asked(cause_type="test", cause_id="slip"),
        lambda row: row.cause_id == "slip",
    ),
    "cause of another type": (Asked(cause_type="gift", cause_id="slip"), lambda _: False),
    "no such cause": (Asked(cause_id="sli"), lambda _: False),
    "actor": (Asked(actors=("person-1",)), lambda row: row.actor_id == "person-1"),
    "nobody": (Asked(actors=()), lambda _: False),
    "unknown book": (Asked(book="unit:c:u9:CNY"), lambda _: False),
    "all at once": (
        Asked(kind=EntryKind.BANK_GIFT, unit="u1", period="2026-11", actors=("person-1",)),
        lambda row: row.actor_id == "person-1",
    ),
}


@pytest.mark.parametrize("window", [2, 7, 100_000])
def test_every_filter_finds_exactly_what_fits(
    books: World, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries_of, "WINDOW", window)
    monkeypatch.setattr(clock, "start_of", lambda _day: clock.now())  # months are not cut short
    monkeypatch.setattr(entries_of, "_first_made", lambda _moment: None)
    monkeypatch.setattr(entries_of, "_SLACK", 10_000)
    for name, (asked, fits) in FILTERS.items():
        wanted = numbers(fits)
        assert [one.n for one in everything(asked)] == wanted, name
        assert [one.n for one in entries_of.all_entries(asked, 1_000)] == wanted, name


def test_filters_tell_things_apart(books: World) -> None:
    """The canary of the test above: what the filters leave out is there."""
    whole = ledger.head()
    few = [len(everything(asked)) for asked, _ in FILTERS.values()]
    assert sum(0 < count < whole for count in few) >= 12
    assert few[0] == whole > 20


def test_a_month_is_looked_for_where_it_can_be(books: World) -> None:
    today = f"{clock.today():%Y-%m}"
    span = entries_of._span(today, 10)
    assert span == (0, 10)
    assert entries_of._span("2031-01", 10)[0] == 0  # nothing so late: a little is looked at
    assert [one.n for one in everything(Asked(period="2026-11"))] == numbers(
        lambda row: row.period == "2026-11"
    )


def test_one_entry_with_everything(books: World) -> None:
    wrong = numbers(lambda row: row.kind == "correction")[0]
    correction = entries_of.entry(wrong)
    assert correction.corrects is not None
    corrected = entries_of.entry(correction.corrects)
    assert corrected.corrected_by == wrong
    assert correction.line.counts_as is EntryKind.BANK_GIFT
    assert sum(leg.amount_fen for leg in corrected.legs) == corrected.line.amount_fen == 90
    paid = entries_of.entry(numbers(lambda row: row.kind == "pay")[0])
    assert paid.authority is not None
    assert (paid.authority.first_person_id, paid.authority.second_person_id) == ("p1", "p2")
    assert paid.authority.n == paid.line.n
    sent = entries_of.entry(numbers(lambda row: row.kind == "payout")[0])
    assert {one.kind for one in sent.group} == {EntryKind.PAYOUT}
    assert len(sent.group) == 2
    with pytest.raises(EntryUnknown):
        entries_of.entry(ledger.head() + 1)


def test_authorities_by_kind_book_person_and_page(books: World) -> None:
    found = authority_queries.authorities()
    assert [one.kind for one in found] == [EntryKind.PAY, EntryKind.RESERVE]
    assert authority_queries.authorities(kind=EntryKind.PAY) == found[:1]
    assert authority_queries.authorities(people=("p2",)) == found
    assert authority_queries.authorities(people=("p3",)) == ()
    assert authority_queries.authorities(book="unit:c:u1:CNY") == found
    assert authority_queries.authorities(book="unit:c:u2:CNY") == ()
    assert authority_queries.authorities(book="nonsense") == ()
    assert authority_queries.authorities(before=found[0].id) == found[1:]
    assert authority_queries.authorities(limit=1) == found[:1]
    ahead = first_at(clock.now()) * 2
    assert authority_queries.authorities(first_id=ahead) == ()
    assert authority_queries.authorities(past_id=ahead) == found


def test_books_as_of_the_number_and_live(books: World) -> None:
    n = ledger.head()
    told = book_queries.book("unit:c:u1:CNY")
    now = world.balances()[books.units[0]]
    assert {one.code: one.live_fen for one in told.accounts if one.live_fen} == {
        code: fen for code, fen in now.items() if fen
    }
    assert all(one.numbered_fen == one.live_fen for one in told.accounts)
    assert told.balanced
    assert told.entries == told.numbered > 5
    books.gift(books.units[0], 77)
    after = book_queries.book("unit:c:u1:CNY")
    assert after.live_fen(AccountKind.AVAILABLE) == told.live_fen(AccountKind.AVAILABLE) + 77
    assert after.numbered_fen(AccountKind.AVAILABLE) == told.numbered_fen(AccountKind.AVAILABLE)
    assert (after.entries, after.numbered, ledger.head()) == (told.entries + 1, told.numbered, n)


def test_books_page_by_page_and_by_name(books: World) -> None:
    names = ["unit:c:u1:CNY", "unit:c:u2:CNY", "unit:c:u3:CNY"]
    first = book_queries.unit_books(limit=2)
    assert [one.name for one in first.items] == names[:2]
    rest = book_queries.unit_books(limit=2, after=first.after)
    assert [one.name for one in rest.items] == names[2:]
    assert rest.after is None
    assert [one.unit for one in book_queries.unit_books(unit="u3").items] == ["u3"]
    assert book_queries.unit_books(campaign="d").items == ()
    assert {one.kind for one in book_queries.common_books()} == {BookKind.OWN, BookKind.SUSPENSE}
    for wrong in ("", "unit", "unit:c:u1", "unit:c:u9:CNY", "own", "own:EUR", "unit:c:u1:CNY:x"):
        with pytest.raises(NoSuchBook):
            book_queries.book(wrong)
    with pytest.raises(CursorUnfit):
        book_queries.unit_books(after="own:CNY")


def test_requests_of_everyone(ctx: Flask) -> None:
    cast = make_cast()
    first = ask(cast.manager, subject="g1")
    second = ask(cast.manager2, subject="g2", facts={"gift": "g2", "amount_fen": 2})
    decide(second, cast.approver, approve=False, reason="不对")

    def found(**narrowed: Any) -> list[str]:
        page = all_requests.everything(all_requests.Asked(**narrowed))
        return [one.id for one in page.requests]

    assert found() == [second, first]
    assert found(kind=Kind.REFUND) == [second, first]
    assert found(kind=Kind.PARAMETER) == []
    assert found(status=RequestStatus.REFUSED) == [second]
    assert found(subject_id="g1") == [first]
    assert found(people=(cast.approver.person_id,)) == [second]
    assert found(people=(cast.manager.person_id,)) == [first]
    page = all_requests.everything(all_requests.Asked(), limit=1)
    assert [one.id for one in page.requests] == [second]
    rest = all_requests.everything(all_requests.Asked(), after=page.after, limit=1)
    assert [one.id for one in rest.requests] == [first]
    assert rest.after is None
    view = approval_queries.request(first)
    assert all_requests.of_hash([view.facts_sha256]) == {view.facts_sha256: first}
    assert all_requests.hash_holds(view)


def test_facts_changed_behind_our_back_are_told(ctx: Flask) -> None:
    from dataclasses import replace

    cast = make_cast()
    view = approval_queries.request(ask(cast.manager))
    assert not all_requests.hash_holds(replace(view, facts={**view.facts, "amount_fen": 1_001}))


@pytest.fixture
def trail(ctx: Flask) -> list[tuple[str, str, str | None]]:
    """Rows of four people about five things, oldest first."""
    made = []
    for turn in range(30):
        verb = ("refund.asked", "refund.done", "correction.names_seen", "export.made")[turn % 4]
        subject, person = f"s{turn % 5}", f"p{turn % 3}" if turn % 3 else None
        with atomic():
            audit_services.record(
                verb, verb.partition(".")[0], subject, actor_id=person, actor_name=person,
                before={"was": turn}, after={"purpose": f"看看 {turn}"},
            )  # fmt: skip
        made.append((verb, subject, person))
    return made


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (audit.Asked(), lambda _v, _s, _p: True),
        (audit.Asked(verbs=("refund.done",)), lambda v, _s, _p: v == "refund.done"),
        (
            audit.Asked(verbs=("refund.done", "export.made")),
            lambda v, _s, _p: v in ("refund.done", "export.made"),
        ),
        (audit.Asked(verbs=()), lambda _v, _s, _p: False),
        (audit.Asked(object_id="s3"), lambda _v, s, _p: s == "s3"),
        (
            audit.Asked(object_type="refund", object_id="s3"),
            lambda v, s, _p: s == "s3" and v.startswith("refund."),
        ),
        (audit.Asked(object_type="export"), lambda v, _s, _p: v.startswith("export.")),
        (audit.Asked(actors=("p1",)), lambda _v, _s, p: p == "p1"),
        (audit.Asked(actors=()), lambda _v, _s, _p: False),
        (
            audit.Asked(verbs=("export.made",), actors=("p2",), object_id="s0"),
            lambda v, s, p: (v, s, p) == ("export.made", "s0", "p2"),
        ),
    ],
)
def test_the_trail_by_each_filter_and_page(
    trail: list[tuple[str, str, str | None]], asked: audit.Asked, fits: Callable[..., bool]
) -> None:
    found: list[audit.TrailRow] = []
    before: int | None = None
    while True:
        page = audit.trail(asked, before, limit=4)
        found += page.rows
        before = page.before
        if before is None:
            break
    wanted = [row for row in reversed(trail) if fits(*row)]
    assert [(one.verb, one.object_id, one.actor_id) for one in found] == wanted
    assert all(one.purpose == f"看看 {one.before['was']}" for one in found)


def test_what_tells_of_access(trail: list[tuple[str, str, str | None]]) -> None:
    assert audit.verbs() == ("correction.names_seen", "export.made", "refund.asked", "refund.done")
    assert audit.object_types() == ("correction", "export", "refund")
    assert audit.access_verbs() == ("correction.names_seen", "export.made")
    wanted = [row for row in trail if row[0] in audit.access_verbs()]
    size, rows = audit.access_between(0, 2**62, (1, 3, len(wanted)))
    assert size == len(wanted)
    assert [(one.verb, one.object_id, one.actor_id) for one in rows] == [
        wanted[0], wanted[2], wanted[-1],
    ]  # fmt: skip
    assert audit.access_between(2**62, 2**62 + 1, ()) == (0, ())


def test_the_checks_have_a_history(ctx: Flask) -> None:
    for turn in range(3):
        wrong = [{"name": "all is well", "found": "it is not", "ok": False}] if turn == 1 else []
        with atomic():
            audit_services.note_checks(entries=turn, checks=30, wrong=wrong)
    runs = audit.check_runs()
    assert [(one.entries, one.ok) for one in runs] == [(2, True), (1, False), (0, True)]
    assert runs[1].wrong == (("all is well", "it is not"),)
    assert audit.check_runs(before=runs[1].id) == runs[2:]


def test_ids_grow_with_time(ctx: Flask) -> None:
    """What spans of time rest on."""
    before = clock.now()
    made = new_id()
    assert first_at(before) <= made < first_at(clock.now()) + (2 << 22)


# --- plans ------------------------------------------------------------------------------------


@contextmanager
def asked_of(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def plan(statement: str, parameters: Any) -> str:
    """How the database would find it; PostgreSQL is kept from reading a small table whole."""
    connection = db.session().connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(str(row[3]) for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
    return "\n".join(str(row[0]) for row in rows)


PLANS: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "a rare kind": (
        lambda: entries_of.entries(Asked(kind=EntryKind.DISPUTE)),
        ("ix_ledger_entry_rare_kind",),
    ),
    "a large amount": (
        lambda: entries_of.entries(Asked(from_fen=5_000_000)),
        ("ix_ledger_entry_large",),
    ),
    "a person": (
        lambda: entries_of.entries(Asked(actors=("person-1",))),
        ("ix_ledger_entry_actor_id",),
    ),
    "a cause": (
        lambda: entries_of.entries(Asked(cause_type="gift", cause_id="x")),
        ("uq_ledger_entry_idempotency_key", "(idempotency_key>? AND"),
    ),
    "a book": (
        lambda: entries_of.entries(Asked(book="unit:c:u1:CNY")),
        ("uq_ledger_entry_book_id_book_no", "(book_id=?)"),
    ),
    "by number": (
        lambda: entries_of.entries(Asked(period="2026-11")),
        ("pk_ledger_number", "(n>? AND n<?)"),
    ),
    "actions": (
        lambda: audit.trail(audit.Asked(verbs=("refund.asked", "refund.done"))),
        ("ix_audit_record_verb_id",),
    ),
    "a person's actions": (
        lambda: audit.trail(audit.Asked(actors=("p1",))),
        ("ix_audit_record_actor_id_id",),
    ),
    "an object's actions": (
        lambda: audit.trail(audit.Asked(object_type="refund", object_id="s1")),
        ("ix_audit_record_object_type_object_id",),
    ),
    "requests of a kind": (
        lambda: all_requests.everything(all_requests.Asked(kind=Kind.REFUND)),
        ("ix_approvals_request_kind_id", "ix_approvals_request_kind_subject_id"),
    ),
    "a hash": (
        lambda: all_requests.of_hash(["a" * 64]),
        ("ix_approvals_request_facts_sha256",),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_every_question_has_its_index(books: World, ctx: Flask, name: str) -> None:
    question, indexes = PLANS[name]
    with asked_of(ctx) as sent:
        question()
    plans = [plan(*one) for one in sent]
    assert any(index in found for found in plans for index in indexes), "\n---\n".join(plans)
