"""A unit gives evidence over HTTP: several pictures at once, no place in them, none for others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from charity.disbursements import evidence_queries
from charity.disbursements.kinds import EvidenceKind
from charity.kernel import clock
from charity.kernel import files as store
from charity.kernel.db import db
from charity.people.queries import Signed
from tests import uses
from tests.client import Client, Page
from tests.people import sign_in, trail_of
from tests.uses import Team
from tests.web.unit_uses import DESK, NAMES, UNIT, draft, files, fund, paid, picture, sent, view

Desk = Callable[..., Client]


@pytest.fixture
def team(site: Flask) -> Team:
    """The town's people and the office, 1,000 yuan of the town's in the bank."""
    with site.app_context():
        made = uses.make_team(UNIT)
        fund(made, 100_000)
        db.session.remove()
    return made


@pytest.fixture
def used(site: Flask, team: Team) -> str:
    """An application that was paid; its id."""
    with site.app_context():
        return paid(team)


@pytest.fixture
def desk(site: Flask) -> Desk:
    """A browser in which a person is signed in."""

    def open_for(who: Signed) -> Client:
        client = Client(site, "zh", NAMES)
        sign_in(client.http, who)
        return client

    return open_for


def give(
    client: Client, used: str, *contents: bytes, status: int = 303, name: str = "photo.jpg",
    **changes: str,
) -> Page:  # fmt: skip
    """Give these pictures on the page."""
    page = client.get(f"{DESK}/{used}/evidence")
    form: dict[str, Any] = {**sent(page), "kind": "photo", "caption": "村委会发放现场", **changes}
    return client.post(
        f"{DESK}/{used}/evidence", {**form, "files": files(*contents, name=name)}, status
    )


def dossier(site: Flask, used: str) -> evidence_queries.Dossier:
    with site.app_context():
        found = evidence_queries.dossier(used)
        db.session.remove()
    return found


def test_several_photos_and_a_slip_are_given(
    site: Flask, team: Team, desk: Desk, used: str
) -> None:
    clerk = desk(team.clerk)
    assert "请在" in clerk.get(f"{DESK}/{used}/evidence").text
    assert "提交使用凭据" in clerk.get("/desk/").text
    form = {**sent(clerk.get(f"{DESK}/{used}/evidence")), "kind": "photo", "caption": "发放现场"}
    camera = {"photo": files(picture(1))[0], "files": files(picture(2), picture(3))}
    clerk.post(f"{DESK}/{used}/evidence", {**form, **camera})
    give(clerk, used, picture(4), kind="invoice", caption="煤款发票")
    found = dossier(site, used)
    assert [one.kind for one in found.pieces] == [EvidenceKind.PHOTO] * 3 + [EvidenceKind.INVOICE]
    page = clerk.get(f"{DESK}/{used}/evidence")
    assert "煤款发票" in page.text
    assert not page.all("//main//img")
    seen = clerk.http.get(f"{DESK}/{used}/evidence/{found.pieces[0].id}")
    assert seen.mimetype == "image/jpeg"
    assert b"SecretCamera" in picture(1)
    assert b"SecretCamera" not in seen.data
    assert seen.headers["Cache-Control"] == "no-store"
    assert "4 张" in clerk.get(f"{DESK}/{used}").text
    # What was given waits for the office, not for the unit.
    assert "提交使用凭据" not in [
        one.text_content().strip() for one in clerk.get("/desk/").all("//main//li/span[1]")
    ]
    with site.app_context():
        assert trail_of(used).count("evidence.seen") == 1
        assert all(b"SecretCamera" not in one.read_bytes()
                   for one in store.store().root.rglob("*.jpg"))  # fmt: skip
        db.session.remove()


def test_of_several_files_all_are_kept_or_none(
    site: Flask, team: Team, desk: Desk, used: str
) -> None:
    clerk = desk(team.clerk)
    pdf = b"%PDF-1.7\n" + b"x" * 100
    bad: list[tuple[tuple[bytes, ...], str, str]] = [
        ((picture(1), pdf), "photo.jpg", "只能上传 JPEG 或 PNG 图片"),
        ((picture(1), b"<svg/>"), "photo.jpg", "只能上传"),
        ((picture(1),), "photo.svg", "后缀"),
        ((picture(1)[:90],), "photo.jpg", "损坏"),
        (tuple(picture(each) for each in range(7)), "photo.jpg", "一次最多上传 6 个"),
        ((), "photo.jpg", "请选择文件"),
        ((picture(1), picture(1)), "photo.jpg", "已经提交过"),
    ]
    for contents, name, words in bad:
        page = give(
            clerk, used, *contents, name=name,
            status={"请选择文件": 422, "已经提交过": 409}.get(words, 422),
        )  # fmt: skip
        assert words in page.error_of("files"), (words, page.summary)
        assert page.summary
    page = give(clerk, used, picture(1), caption="", status=422)
    assert "请填写" in page.error_of("caption")
    page = give(clerk, used, picture(1), kind="gold", status=422)
    assert "请选择其中一项" in page.error_of("kind")
    assert dossier(site, used).pieces == ()


def test_one_takes_back_only_ones_own(site: Flask, team: Team, desk: Desk, used: str) -> None:
    clerk, leader = desk(team.clerk), desk(team.crew.leader)
    give(clerk, used, picture(1))
    (piece,) = dossier(site, used).pieces
    remove = f"{DESK}/{used}/evidence/{piece.id}/remove"
    page = leader.get(f"{DESK}/{used}/evidence")
    assert not page.all("//form[contains(@action, '/remove')]")
    refused = leader.post(remove, sent(page), 403)
    assert "只能删去本人提交" in refused.summary
    clerk.post(remove, sent(clerk.get(f"{DESK}/{used}/evidence"), "/remove"))
    assert dossier(site, used).pieces == ()
    clerk.post(remove, sent(clerk.get(f"{DESK}/{used}/evidence")), 404)


def test_no_evidence_before_the_payment_nor_by_another_address(
    site: Flask, team: Team, desk: Desk, used: str
) -> None:
    clerk = desk(team.clerk)
    with site.app_context():
        early = draft(team)
    assert "状态" in clerk.get(f"{DESK}/{early}/evidence", 409).text
    clerk.get(f"{DESK}/{early}/hand-back", 409)
    give(clerk, used, picture(1))
    (piece,) = dossier(site, used).pieces
    with site.app_context():
        other = paid(team, 1_000)
    clerk.get(f"{DESK}/{other}/evidence/{piece.id}", 404)
    clerk.get(f"{DESK}/{used}/evidence/0000000000000000", 404)


def test_what_is_missing_is_said_and_overdue_stops_the_next(
    site: Flask, team: Team, desk: Desk, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = desk(team.clerk)
    with site.app_context():
        due = view(used).evidence_due_on
        waiting = draft(team)
    assert due is not None
    late = clock.start_of(due + dt.timedelta(days=1)) + dt.timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: late.astimezone(dt.UTC))
    sign_in(clerk.http, team.clerk)
    assert "使用凭据已逾期" in clerk.get("/desk/").text
    assert "现已逾期" in clerk.get(f"{DESK}/{used}").text
    assert "现已逾期" in clerk.get(DESK).text
    page = clerk.post(
        f"{DESK}/{waiting}/submit", sent(clerk.get(f"{DESK}/{waiting}"), "/submit"), 422
    )
    assert "已逾期" in page.summary
    give(clerk, used, picture(1))
    assert "使用凭据已逾期" not in clerk.get("/desk/").text


def test_money_handed_back_is_told_with_the_number(
    site: Flask, team: Team, desk: Desk, used: str
) -> None:
    clerk = desk(team.clerk)
    with site.app_context():
        number = view(used).number
        uses.money_back(team, used, 12_000)
        db.session.remove()
    page = clerk.get(f"{DESK}/{used}/hand-back")
    assert number in page.text
    assert "¥120.00" in page.text
    assert "¥380.00" in page.text


def test_attachments_come_and_go_while_it_is_a_draft(
    site: Flask, team: Team, desk: Desk, used: str
) -> None:
    clerk = desk(team.clerk)
    with site.app_context():
        made = draft(team)
    at = f"{DESK}/{made}"

    def add(*contents: bytes, status: int = 303, title: str = "报价单") -> Page:
        form = {**sent(clerk.get(at), "/files"), "attachment_title": title}
        return clerk.post(f"{at}/files", {**form, "files": files(*contents)}, status)

    assert "请填写" in add(picture(1), title="", status=422).error_of("attachment_title")
    assert "请选择文件" in add(status=422).error_of("files")
    assert "photo.jpg" in add(picture(1), b"GIF89a", status=422).error_of("files")
    assert "已经附上" in add(picture(1), picture(1), status=409).error_of("files")
    add(picture(1), picture(2))
    page = clerk.get(at)
    assert "报价单 1" in page.text
    assert "报价单 2" in page.text
    link = str(page.all("//section[@aria-labelledby='attachments']//li/a/@href")[0])
    assert clerk.http.get(link).mimetype == "image/jpeg"
    clerk.get(f"{DESK}/{used}/files/{link.rpartition('/')[2]}", 404)
    remove = page.all("//form[contains(@action, '/remove')]/@action")[0]
    clerk.post(str(remove), sent(page, "/remove"))
    page = clerk.get(at)
    assert "报价单 1" not in page.text
    assert "报价单 2" in page.text
    clerk.post(f"{at}/submit", sent(page, "/submit"))
    late = clerk.post(f"{at}/files", {**sent(page, "/files"), "attachment_title": "晚了",
                                      "files": files(picture(3))}, 409)  # fmt: skip
    assert late.summary
