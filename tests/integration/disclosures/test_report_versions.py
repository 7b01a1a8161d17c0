"""Published means frozen: what the database refuses, and how a report is corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from charity.disclosures import checks, errors, queries, services
from charity.disclosures.kinds import MADE, Form
from charity.disclosures.models import Files, Publication, Submission
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from tests import reports
from tests.conftest import TestDatabase
from tests.factories.ledger import owner
from tests.gifts import COUNTY, TOWN, give
from tests.reports import Office

NEXT = {"version": 2, "replaces": 1, "reason": "x"}
TABLES = ("report", "edit", "submission", "files", "publication")


def corrected(people: Office, reason: str = "补记一笔捐赠") -> str:
    """A report published, then corrected after another gift; its id."""
    report = reports.published(people).id
    give((TOWN, 5_000))
    reports.write(report, people.other, "更正后的文字", reason=reason)
    prepared = reports.prepared(report)
    with atomic():
        request = services.submit(prepared, by=people.other)
    reports.quick_files(report)
    reports.agree(request, people.checks)
    reports.agree(request, people.publishes)
    return report


def test_a_correction_is_the_next_version_with_reason_and_difference(people: Office) -> None:
    report = corrected(people)
    view = queries.report(report)
    assert [(one.version, one.reason) for one in view.versions] == [(2, "补记一笔捐赠"), (1, "")]
    old, new = reports.document(report, 1), reports.document(report, 2)
    assert old["correction"] is None
    told = new["correction"]
    assert (told["replaces"], told["replaces_sha256"], told["reason"], told["text_changed"]) == (
        1, view.versions[1].document_sha256, "补记一笔捐赠", True,
    )  # fmt: skip
    changes = {
        (one["part"], one["code"], one["column"], one["figure"]): (
            one["before_fen"], one["after_fen"],
        )
        for one in told["changes"]
    }  # fmt: skip
    before, after = old["totals"]["closing"]["raised_fen"], new["totals"]["closing"]["raised_fen"]
    assert after == before + 5_000
    assert changes["totals", "", "closing", "raised_fen"] == (before, after)
    assert changes["unit", TOWN, "movement", "raised_fen"] == (33, 5_033)
    assert not any(code == COUNTY for _, code, _, _ in changes)
    # Every figure that differs is told, and no other.
    for column, figures in new["totals"].items():
        for name, fen in figures.items():
            was = old["totals"][column][name]
            assert (("totals", "", column, name) in changes) is (fen != was)


def test_the_old_version_stays_to_the_byte(people: Office) -> None:
    report = reports.published(people).id
    kept = {form: queries.content(report, 1, form) for form in (Form.JSON, *MADE)}
    db.session().rollback()
    reports.write(report, people.drafts, "更正", reason="文字有误")
    request = reports.submit(report, people.drafts)
    reports.quick_files(report)
    reports.agree(request, people.checks)
    reports.agree(request, people.publishes)
    assert {form: queries.content(report, 1, form) for form in kept} == kept
    assert queries.content(report, 2, Form.JSON) != kept[Form.JSON]
    told = reports.document(report, 2)["correction"]
    assert told["changes"] == []
    assert told["text_changed"]


def test_a_correction_needs_a_reason(people: Office) -> None:
    report = reports.published(people).id
    with pytest.raises(errors.ReasonNeeded):
        reports.write(report, people.drafts, "更正", reason=" ")
    with pytest.raises(errors.TextTooLong):
        reports.write(report, people.drafts, "更正", reason="长" * 301)


def test_the_newest_is_what_is_listed_once(people: Office) -> None:
    first = corrected(people)
    second = reports.published(people).id
    page = queries.published(limit=1)
    assert [one.id for one in page.items] == [second]
    following = queries.published(cursor=page.next_cursor)
    assert [(one.id, one.newest.version) for one in following.items] == [(first, 2)]
    assert following.next_cursor is None
    with pytest.raises(queries.CursorUnfit):
        queries.published(cursor="nothing")


def test_which_report_tells_a_day(people: Office) -> None:
    view = reports.published(people)
    found = queries.telling(view.slug, view.last_on)
    assert found is not None
    assert found.id == view.id
    assert queries.telling(view.slug, view.first_on.replace(year=2020)) is None
    assert queries.telling("nothing", view.last_on) is None


# --- what the database refuses --------------------------------------------------------------------
def refused(statement: Any, values: Mapping[str, object] | None = None) -> str:
    """The database's words when the application sends this."""
    with pytest.raises(DBAPIError) as told, atomic():
        db.session().execute(statement, values or {})
    db.session().rollback()
    return str(told.value.orig)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_of_a_report_is_changed_or_removed(people: Office, table: str) -> None:
    reports.published(people)
    name = f"disclosures_{table}"
    column = "submission_id" if table == "files" else "report_id"
    column = "id" if table == "report" else column
    before = db.session().execute(text(f"SELECT count(*) FROM {name}")).scalar()
    db.session().rollback()
    assert before
    refused(text(f"UPDATE {name} SET {column} = {column}"))
    refused(text(f"DELETE FROM {name}"))
    assert db.session().execute(text(f"SELECT count(*) FROM {name}")).scalar() == before


def test_the_guards_are_what_refuses(people: Office, database: TestDatabase) -> None:
    """The canary: without the trigger the owner's hand changes a published row."""
    reports.published(people)
    db.session.remove()
    change = text("UPDATE disclosures_publication SET checked_by_name = '别人'")
    with pytest.raises(DBAPIError), owner(database.owner_url) as conn:
        conn.execute(change)
    unguard(database, "disclosures_publication")
    with owner(database.owner_url) as conn:
        assert conn.execute(change).rowcount == 1


def unguard(database: TestDatabase, table: str) -> None:
    """Take the triggers off a table, as its owner can."""
    with owner(database.owner_url) as conn:
        if database.dialect == "postgres":
            conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            return
        asked = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
        names = conn.execute(asked, {"table": table}).all()
        assert names
        for (name,) in names:
            conn.execute(text(f'DROP TRIGGER "{name}"'))


def row_of(report: str) -> dict[str, Any]:
    """The publication's row, to be stored once more with something changed."""
    found = db.session().execute(
        text("SELECT * FROM disclosures_publication ORDER BY version DESC LIMIT 1")
    )
    row = dict(found.mappings().one())
    db.session().rollback()
    return {**row, "published_at": clock.now(), "request_id": "another"}


def submission_like(report: str, version: int) -> int:
    """A second submission with its files, as the services would store it."""
    row = dict(
        db.session().execute(text("SELECT * FROM disclosures_submission")).mappings().first() or {}
    )
    db.session().rollback()
    made = new_id()
    stored = files.store().put(b"x")
    with atomic():
        db.session().execute(
            insert(Submission).values(
                **{**row, "id": made, "version": version, "drafted_at": clock.now()}
            )
        )
        services.keep_files(made, dict.fromkeys(MADE, stored))
    return made


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({}, "pk_disclosures_publication|UNIQUE constraint"),
        ({"version": 3, "replaces": 2, "reason": "x"}, "replaces|FOREIGN KEY"),
        ({"version": 2, "replaces": None, "reason": "x"}, "ck_disclosures_publication_first"),
        ({"version": 2, "replaces": 1, "reason": ""}, "ck_disclosures_publication_reason"),
        ({**NEXT, "drafted_by_id": "other"}, "as_submitted|FOREIGN KEY"),
        ({**NEXT, "document_sha256": "0" * 64}, "as_submitted|FOREIGN KEY"),
    ],
    ids=["again", "gap", "without the first", "no reason", "another drafter", "another document"],
)  # fmt: skip
def test_a_publication_that_is_not_the_next_is_refused(
    people: Office, changes: dict[str, Any], constraint: str
) -> None:
    report = reports.published(people).id
    row = {**row_of(report), **changes}
    row["submission_id"] = submission_like(report, row["version"])
    words = refused(insert(Publication).values(**row))
    assert any(each in words for each in constraint.split("|")), words


@pytest.mark.parametrize("same", ["checked_by_id", "published_by_id"])
def test_two_steps_by_one_person_are_refused(people: Office, same: str) -> None:
    report = reports.published(people).id
    row = row_of(report) | {"version": 2, "replaces": 1, "reason": "x"}
    row["submission_id"] = submission_like(report, 2)
    row[same] = row["drafted_by_id"]
    assert "three_people" in refused(insert(Publication).values(**row))


def test_without_files_nothing_is_published(people: Office) -> None:
    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    reports.submit(report, people.drafts)
    one = db.session().query(Submission).one()
    values = {
        "report_id": one.report_id, "version": 1, "submission_id": one.id, "replaces": None,
        "reason": "", "document_sha256": one.document_sha256, "drafted_by_id": one.drafted_by_id,
        "checked_by_id": "b", "checked_by_name": "b", "published_by_id": "c",
        "published_by_name": "c", "request_id": "r", "approved_hash": "a" * 64,
        "published_at": clock.now(),
    }  # fmt: skip
    db.session().rollback()
    words = refused(insert(Publication).values(**values))
    assert "with_files" in words or "FOREIGN KEY" in words


# --- charity check --------------------------------------------------------------------------------
def test_checks_hold_and_find_what_is_broken(
    people: Office, database: TestDatabase, ctx: Flask
) -> None:
    report = reports.published(people).id
    assert [each for each in checks.run() if not each.ok] == []
    db.session.remove()
    kept = db.session().query(Files).one()
    path = files.store().root / kept.pdf_path
    db.session().rollback()
    path.write_bytes(b"another")
    assert [each.name for each in checks.run() if not each.ok] == [
        "files of published reports are kept unchanged"
    ]
    db.session.remove()
    unguard(database, "disclosures_submission")
    with owner(database.owner_url) as conn:
        conn.execute(
            text("UPDATE disclosures_submission SET document = replace(document, '2345678', '1')")
        )
    wrong = {each.name for each in checks.run() if not each.ok}
    assert "published documents hash to what was agreed to" in wrong
    assert "figures of published reports add up" in wrong
    assert report
