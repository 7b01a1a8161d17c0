"""The supervisor's desk: everything can be read, nothing changes, no donor is named."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from charity.audit import queries as audit
from charity.audit import rules
from charity.audit import services as audit_services
from charity.donations.kinds import Display
from charity.donations.services import DonorDetails
from charity.kernel import clock
from charity.kernel.access import mark_of
from charity.kernel.atomic import atomic
from charity.kernel.db import Base, db
from charity.ledger import queries as ledger
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.web.auditdesk import exports
from charity.web.desk.waiting import waiting_for
from tests import gifts
from tests.client import Client
from tests.factories import site as world
from tests.people import make_person, sign_in
from tests.web import every
from tests.web.desk import NAMES, token_of

SECRET = "王秀花"
_WEEK = dt.timedelta(days=7)
#: Every form but the one to sign out.
FORMS = "//main//form[not(contains(@action, 'logout'))]"
PARTS = (
    "/desk/audit/", "/desk/audit/sample", "/desk/audit/books", "/desk/audit/entries",
    "/desk/audit/authorities", "/desk/audit/approvals", "/desk/audit/trail",
    "/desk/audit/reveals", "/desk/audit/checks", "/desk/audit/jobs",
)  # fmt: skip

#: Pages ask the same of both databases; what they ask is tried on both in integration.
one_database = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def things(site: Flask) -> tuple[dict[str, str], dict[Role, Signed]]:
    """A site where something of everything happened."""
    return every.things(site)


@pytest.fixture
def supervisor(site: Flask, things: tuple[dict[str, str], dict[Role, Signed]]) -> Client:
    """A supervisor at the desk, with a fresh second factor."""
    client = Client(site, "zh", NAMES)
    sign_in(client.http, things[1][Role.SUPERVISOR])
    return client


def contents(app: Flask) -> dict[str, str]:
    """Every table of the database, as one hash each."""
    found = {}
    with app.app_context():
        for name, table in sorted(Base.metadata.tables.items()):
            rows = db.session().execute(select(table)).all()
            text = "\n".join(sorted(repr(tuple(row)) for row in rows))
            found[name] = hashlib.sha256(text.encode()).hexdigest()
        db.session.remove()
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The tables that are not as they were."""
    return {name for name in after if before[name] != after[name]}


def doors(app: Flask, names: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every endpoint of the desk with each of its methods, from the URL map."""
    found = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app.view_functions[rule.endpoint])
        assert mark is not None
        if rule.endpoint.startswith("auditdesk."):
            assert mark.roles == {Role.SUPERVISOR.value}, rule
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                found.append((rule.endpoint, method, every.address(rule, mark, names)))
    return found


ALLOWED = {"audit_record", "audit_sample_mark"}


def test_no_endpoint_of_the_desk_changes_anything_but_the_trail_and_remarks(
    site: Flask,
    things: tuple[dict[str, str], dict[Role, Signed]],
    supervisor: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = clock.now() + _WEEK
    week = rules.week_of(clock.today())
    names = {**things[0], "auditdesk:week": week}
    monkeypatch.setattr(clock, "now", lambda: later)
    sign_in(supervisor.http, things[1][Role.SUPERVISOR])
    asked = doors(site, names)
    assert len(asked) >= 17
    token = token_of(supervisor.http.get(f"/desk/audit/sample/{week}").text)
    drawn = _first_drawn(supervisor, week)
    forms = {
        "auditdesk.export_file": {"form": "xlsx", "reason": "年度审计抽查"},
        "auditdesk.sample_mark": {**drawn, "remark": "与凭据相符"},
    }
    before = contents(site)
    entered = set()
    for endpoint, method, path in asked:
        data = {"csrf_token": token, **forms.get(endpoint, {})} if method == "POST" else None
        answer = supervisor.http.open(path, method=method, data=data)
        assert answer.status_code in (200, 303), (method, path, answer.status_code, answer.text)
        after = contents(site)
        assert changed(before, after) <= ALLOWED, (endpoint, changed(before, after))
        if method == "POST":
            entered |= changed(before, after)
        else:
            assert changed(before, after) == set(), endpoint
        before = after
    assert entered == ALLOWED  # the two that write did write
    assert {endpoint for endpoint, _, _ in asked} >= set(forms)


@one_database
def test_a_change_would_be_seen(site: Flask) -> None:
    """The canary: a renamed person changes the hash of that table, and of no other."""
    with site.app_context(), atomic():
        who = make_person("测试外人", Grant(Role.CASHIER))
    before = contents(site)
    with site.app_context(), atomic():
        people = Base.metadata.tables["people_person"]
        db.session().execute(
            people.update().where(people.c.public_id == who.person_id).values(name="测试另一位")
        )
    assert changed(before, contents(site)) == {"people_person"}


def _first_drawn(client: Client, week: str) -> dict[str, str]:
    page = client.http.get(f"/desk/audit/sample/{week}").text
    kind = re.search(r'name="kind" value="([^"]+)"', page)
    subject = re.search(r'name="subject" value="([^"]+)"', page)
    assert kind is not None
    assert subject is not None
    return {"kind": kind[1], "subject": subject[1]}


@one_database
def test_other_roles_find_no_desk(
    site: Flask, things: tuple[dict[str, str], dict[Role, Signed]]
) -> None:
    for role, who in things[1].items():
        client = site.test_client()
        sign_in(client, who)
        for path in PARTS:
            wanted = 200 if role is Role.SUPERVISOR else 404
            assert client.get(path).status_code == wanted, (role, path)


@one_database
def test_every_part_is_in_the_navigation(supervisor: Client) -> None:
    page = supervisor.get("/desk/audit/")
    links = [str(href) for href in page.all("//nav[@class='audit-nav']//a/@href")]
    assert links == list(PARTS)
    assert page.all("//nav[@class='desk__nav']//a[@aria-current='page']/@href") == ["/desk/audit/"]
    entries = supervisor.get("/desk/audit/entries/1")
    assert entries.all("//nav[@class='audit-nav']//a[@aria-current='page']/@href") == [
        "/desk/audit/entries"
    ]


@one_database
def test_nobody_who_gave_is_named(site: Flask, supervisor: Client) -> None:
    """A gift by name, settled, and the desk read page by page."""
    with site.app_context():
        donor = DonorDetails(name=SECRET, email="a@example.org", display=Display.MASKED)
        made = gifts.give((world.COUNTY, 1_000), donor=donor).payment.gifts[0].id
        n = ledger.head()
        db.session.remove()
    seen, todo = set(), [*PARTS, f"/desk/audit/entries/{n}", f"/desk/audit/entries/{n - 1}"]
    while todo:
        path = todo.pop()
        seen.add(path)
        text = supervisor.http.get(path).text
        assert SECRET not in text, path
        found = re.findall(r'href="(/desk/audit/(?:books|entries|approvals)/[^"?]+)"', text)
        todo += [each for each in found if each not in seen and len(seen) < 60]
    assert len(seen) > 20
    gift = supervisor.get(f"/desk/audit/entries?cause={made}").response.text
    assert f"/desk/fund/gifts/{made}" in gift
    assert SECRET not in supervisor.http.get(f"/desk/fund/gifts/{made}").text


@one_database
def test_filters_stand_in_the_address_and_go_with_the_pages(
    site: Flask, supervisor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = supervisor.get(f"/desk/audit/entries?kind=gift&unit={world.COUNTY}&from=0.01&to=999999")
    rows = page.all("//main//tbody/tr")
    assert rows
    assert all("网上捐赠入账" in row.text_content() for row in rows)
    assert page.all("//select[@name='kind']/option[@selected]/@value") == ["gift"]
    assert page.value("unit") == world.COUNTY
    for odd in (
        "kind=nothing", "from=abc", "period=2026-13", "before=-1", "before=" + 21 * "9",
        "actor=%F0%A0%AE%B7", "book=own", "book=unit:a:b:c", "since=1",
    ):  # fmt: skip
        supervisor.get(f"/desk/audit/entries?{odd}")
        supervisor.get(f"/desk/audit/trail?{odd}&verb={odd}")
        supervisor.get(f"/desk/audit/approvals?{odd}")
        supervisor.get(f"/desk/audit/authorities?{odd}")
    none = supervisor.get("/desk/audit/entries?unit=NEVER-WAS")
    assert "没有符合条件的分录" in none.text
    from charity.ledger import audit_queries

    monkeypatch.setattr(audit_queries, "WINDOW", 2)
    slow = supervisor.get("/desk/audit/entries?unit=NEVER-WAS")
    assert "还没有查" in slow.text
    assert "没有符合条件的分录" not in slow.text
    following = slow.all("//a[@rel='next']/@href")
    assert "unit=NEVER-WAS" in str(following[0])


@one_database
def test_a_book_is_told_live_and_by_number(site: Flask, supervisor: Client) -> None:
    page = supervisor.get(f"/desk/audit/books/unit:{world.OPEN}:{world.COUNTY}:CNY")
    assert "实时" in page.text
    with site.app_context():
        n = ledger.head()
        db.session.remove()
    assert f"截至第 {n} 号分录" in page.text
    supervisor.get("/desk/audit/books/unit:nothing:nothing:CNY", 404)
    supervisor.get("/desk/audit/entries/999999", 404)
    supervisor.get("/desk/audit/approvals/nothing", 404)
    supervisor.get("/desk/audit/export/passwords", 404)
    supervisor.get("/desk/audit/sample/2026-W99", 404)


@one_database
def test_an_approval_is_read_with_its_hash(
    supervisor: Client, things: tuple[dict[str, str], dict[Role, Signed]]
) -> None:
    page = supervisor.get(f"/desk/audit/approvals/{things[0]['request_id']}")
    assert "现在的内容与签署时一致" in page.text
    assert page.all(FORMS) == []


def post_export(client: Client, what: str, **fields: str) -> Any:
    """Ask for a file as the form does."""
    token = token_of(client.http.get(f"/desk/audit/export/{what}").text)
    return client.http.post(
        f"/desk/audit/export/{what.partition('?')[0]}?{what.partition('?')[2]}",
        data={"csrf_token": token, "form": "csv", "reason": "年度审计抽查", **fields},
    )


@one_database
def test_each_list_leaves_as_a_file_and_is_noted(site: Flask, supervisor: Client) -> None:
    for what in sorted(exports.EXPORTS):
        leaves_as_a_file(site, supervisor, what)


def leaves_as_a_file(site: Flask, supervisor: Client, what: str) -> None:
    answer = post_export(supervisor, what)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.search(rf'attachment; filename="{what}-\d{{8}}\.csv"', str(answer.headers))
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    book = post_export(supervisor, what, form="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).worksheets[0]
    cells = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == rows[0]
    if what not in ("trail", "reveals"):  # the first file is itself a row of these
        assert cells == rows
    assert len(rows) > 1 or what == "authorities"
    with site.app_context():
        noted = audit.trail(audit.Asked(verbs=("export.made",))).rows
        db.session.remove()
    noted = tuple(one for one in noted if one.object_id == what)
    assert len(noted) == 2
    assert noted[1].purpose == "年度审计抽查"
    assert noted[1].after["sha256"] == hashlib.sha256(answer.data).hexdigest()
    assert noted[1].after["rows"] == len(rows) - 1


@one_database
def test_a_file_keeps_to_its_filters(supervisor: Client) -> None:
    answer = post_export(supervisor, "entries?kind=gift&unit=" + world.COUNTY)
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert {row[3] for row in rows[1:]} == {"网上捐赠入账"}
    assert {row[1] for row in rows[1:]} == {f"unit:{world.OPEN}:{world.COUNTY}:CNY"}


@one_database
def test_no_cell_of_a_file_runs(site: Flask, supervisor: Client) -> None:
    with site.app_context():
        with atomic():
            audit_services.record(
                "unit.renamed", "unit", "=1+1", actor_id="x", actor_name="@SUM(A1)",
                after={"reason": "=cmd|' /C calc'!A0"},
            )  # fmt: skip
        db.session.remove()
    answer = post_export(supervisor, "trail?subject=%3D1%2B1")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert (rows[1][1], rows[1][5]) == ("'@SUM(A1)", "'=1+1")
    book = post_export(supervisor, "trail?subject=%3D1%2B1", form="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert all(cell.value is None or isinstance(cell.value, str) for cell in cells)


REFUSED = (
    ({"reason": ""}, "请写明导出的用途"),
    ({"reason": "   a "}, "请写明导出的用途"),
    ({"reason": "长" * 301}, "请写明导出的用途"),
    ({"form": "exe"}, "请选择其中一项"),
)


@one_database
def test_a_file_without_a_purpose_is_refused(site: Flask, supervisor: Client) -> None:
    before = contents(site)
    for fields, sentence in REFUSED:
        answer = post_export(supervisor, "entries", **fields)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert changed(before, contents(site)) == set()


@one_database
def test_a_file_that_is_too_long_is_refused(
    site: Flask, supervisor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", {"csv": 2, "xlsx": 2})
    before = contents(site)
    answer = post_export(supervisor, "entries")
    assert answer.status_code == 422
    assert "超过 2 行" in answer.text
    assert changed(before, contents(site)) == set()


@one_database
def test_a_file_asks_for_the_second_factor(
    site: Flask, things: tuple[dict[str, str], dict[Role, Signed]]
) -> None:
    client = site.test_client()
    sign_in(client, things[1][Role.SUPERVISOR], second_factor=False)
    answer = client.get("/desk/audit/export/entries")
    assert answer.status_code == 303
    assert "/login/second-factor" in answer.headers["Location"]
    assert client.get("/desk/audit/entries").status_code == 200


@pytest.fixture
def next_week(
    site: Flask,
    things: tuple[dict[str, str], dict[Role, Signed]],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Client, str, Signed]:
    """The supervisor a week later, and the week in which everything happened."""
    week = rules.week_of(clock.today())
    later = clock.now() + _WEEK
    monkeypatch.setattr(clock, "now", lambda: later)
    client, who = Client(site, "zh", NAMES), things[1][Role.SUPERVISOR]
    sign_in(client.http, who)
    return client, week, who


def test_the_sample_waits_until_it_was_looked_at(
    site: Flask, next_week: tuple[Client, str, Signed]
) -> None:
    client, week, who = next_week

    def waits() -> list[str]:
        with site.test_request_context():
            found = [one.title for one in waiting_for(who) if week in one.title]
            db.session.remove()
        return found

    page = client.get(f"/desk/audit/sample/{week}")
    drawn = [
        dict(zip(("kind", "subject"), pair, strict=True))
        for pair in zip(
            page.all("//main//input[@name='kind']/@value"),
            page.all("//main//input[@name='subject']/@value"),
            strict=True,
        )
    ]
    assert len(drawn) > 5
    assert waits() == [f"{week} 周抽样：还有 {len(drawn)} 项没有查看"]
    assert client.get("/desk/").text.count("每周抽样")
    token = page.value("csrf_token")
    for item in drawn:
        answer = client.http.post(
            f"/desk/audit/sample/{week}/marks",
            data={"csrf_token": token, **item, "remark": f"已核对 {item['subject']}"},
        )
        assert answer.status_code == 303, answer.text
    assert waits() == []
    after = client.get(f"/desk/audit/sample/{week}")
    assert f"您查看了 {len(drawn)} 项" in after.text
    assert f"已核对 {drawn[0]['subject']}" in after.text


NOT_TICKED: tuple[dict[str, str], ...] = (
    {"remark": ""},
    {"remark": "长" * 501},
    {"kind": "entry", "subject": "999999"},
    {"kind": "nothing"},
    {"subject": "x" * 65},
)


@one_database
def test_only_what_was_drawn_is_ticked(site: Flask, next_week: tuple[Client, str, Signed]) -> None:
    client, week, _ = next_week
    page = client.get(f"/desk/audit/sample/{week}")
    data = {
        "csrf_token": page.value("csrf_token"),
        "kind": page.value("kind"),
        "subject": page.value("subject"),
        "remark": "好",
    }
    before = contents(site)
    for changes in NOT_TICKED:
        client.post(f"/desk/audit/sample/{week}/marks", {**data, **changes}, 422)
    assert changed(before, contents(site)) == set()


@one_database
def test_a_running_week_is_a_preview(site: Flask, supervisor: Client) -> None:
    week = rules.week_of(clock.today())
    page = supervisor.get(f"/desk/audit/sample/{week}")
    assert "还没有结束" in page.text
    assert page.all(FORMS) == []
    token = token_of(supervisor.http.get("/desk/audit/export/entries").text)
    answer = supervisor.http.post(
        f"/desk/audit/sample/{week}/marks",
        data={"csrf_token": token, "kind": "entry", "subject": "1", "remark": "好"},
    )
    assert answer.status_code == 409
    assert "还没有结束" in answer.text


@one_database
def test_a_reveal_shows_its_purpose(site: Flask, supervisor: Client) -> None:
    with site.app_context():
        with atomic():
            audit_services.record(
                "payee.revealed", "payee", "payee-1", actor_id="x", actor_name="测试出纳",
                after={"purpose": "核对收款账号"},
            )  # fmt: skip
            audit_services.record("unit.renamed", "unit", "GS-1")
        db.session.remove()
    page = supervisor.get("/desk/audit/reveals")
    assert "核对收款账号" in page.text
    assert "募集单位：变更名称" not in page.text
    assert "募集单位：变更名称" in supervisor.get("/desk/audit/trail?verb=unit").text


@one_database
def test_checks_and_jobs_say_what_they_found(site: Flask, supervisor: Client) -> None:
    from charity.jobs import schedule, worker

    with site.app_context():
        with atomic():
            wrong = [{"name": "all is well", "found": "it is not", "ok": False}]
            audit_services.note_checks(entries=5, checks=30, wrong=wrong)
        db.session.remove()
    worker.run_once(site, schedule.job("check"))
    page = supervisor.get("/desk/audit/checks")
    assert "all is well: it is not" in page.text
    assert len(page.all("//main//tbody/tr")) == 2
    assert supervisor.get("/desk/audit/jobs").all("//main//tbody//th/text()")[0] == "全部检查"
    with site.app_context():
        latest = audit.check_runs(limit=1)[0]
        assert latest.entries == ledger.head()
        db.session.remove()


MOST_SELECTS = 15


@one_database
def test_a_page_asks_a_dozen_questions(
    site: Flask,
    supervisor: Client,
    query_count: Callable[[Flask], AbstractContextManager[list[str]]],
) -> None:
    for path in (*PARTS, "/desk/audit/entries/1", "/desk/audit/trail?verb=refund"):
        supervisor.get(path)
        with query_count(site) as asked:
            supervisor.get(path)
        selects = [each for each in asked if each.upper().startswith(("SELECT", "WITH"))]
        assert len(selects) <= MOST_SELECTS, (path, *selects)


@one_database
def test_nothing_of_the_trail_is_lost_in_its_facts(site: Flask, supervisor: Client) -> None:
    with site.app_context():
        with atomic():
            audit_services.record(
                "unit.renamed", "unit", "GS-2", before={"name": "旧名"}, after={"name": "新名"}
            )
        stored = audit.trail(audit.Asked(object_id="GS-2")).rows[0]
        db.session.remove()
    assert json.loads(json.dumps(stored.before)) == {"name": "旧名"}
    page = supervisor.get("/desk/audit/trail?subject=GS-2")
    assert "旧名" in page.text
    assert "新名" in page.text
