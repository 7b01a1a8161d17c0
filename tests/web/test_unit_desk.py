"""A clerk's and a cashier's pages over HTTP: what is done, what is refused, what is never shown."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from charity.donations.hand import bank_queries, slip_queries
from charity.donations.hand import queries as hand_queries
from charity.donations.hand.kinds import SlipStatus
from charity.kernel import clock, files
from charity.kernel.db import db
from charity.people.queries import Signed
from charity.web.entry import plain_cell
from tests import hand
from tests.client import Client, Page
from tests.factories import site as world
from tests.hand import Crew
from tests.people import sign_in

UNIT = f"/desk/unit/{world.TOWN}"
BANK = "/desk/fund/bank"
NAMES = world.NAMES | {
    "测试经办", "测试另一位", "测试负责人", "测试出纳", "测试会计", "测试管理员", "测试银行",
    "王秀花", "李建国", "写错了", "照片看不清", "来电说明", "现金缴款", "icbc-main",
}  # fmt: skip


@pytest.fixture
def crew(site: Flask) -> Crew:
    """The town's people, the office, one bank account."""
    with site.app_context():
        made = hand.make_crew(world.TOWN)
        db.session.remove()
    return made


Desk = Callable[..., Client]


@pytest.fixture
def desk(site: Flask) -> Desk:
    """A browser in which a person is signed in."""

    def open_for(who: Signed, *, second_factor: bool = True) -> Client:
        client = Client(site, "zh", NAMES)
        sign_in(client.http, who, second_factor=second_factor)
        return client

    return open_for


def sheet(page: Page, *lines: dict[str, str], **changes: str) -> dict[str, str]:
    """What a browser sends of the form of a sheet."""
    found = {
        "csrf_token": page.value("csrf_token"),
        "form_id": page.value("form_id"),
        "campaign": world.OPEN,
        "method": "cash",
        "collected_on": clock.today().isoformat(),
        "action": "save",
    }
    for index, line in enumerate(lines):
        given = {"amount": "", "name": "", "phone": "", "team": "", "display": "masked", **line}
        found |= {f"lines-{index}-{name}": value for name, value in given.items()}
    return {**found, **changes}


def collected(client: Client, *lines: dict[str, str]) -> str:
    """A sheet entered; its address."""
    page = client.get(f"{UNIT}/collect")
    done = client.post(f"{UNIT}/collect", sheet(page, *lines))
    return str(done.response.headers["Location"])


def day(page: Page, photo: bytes | None, **changes: str) -> dict[str, Any]:
    """What a browser sends of the end of the day."""
    found: dict[str, Any] = {
        "csrf_token": page.value("csrf_token"),
        "form_id": page.value("form_id"),
        "paid_in_on": clock.today().isoformat(),
        **changes,
    }
    if photo is not None:
        found["photo"] = (io.BytesIO(photo), "photo.png")
    return found


def test_clerks_day_and_the_cashiers(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk, leader, cashier = desk(crew.clerk), desk(crew.leader), desk(crew.cashier)
    assert "青城镇公益服务站" in clerk.get("/desk/unit/").text
    clerk.get(UNIT)
    printed = clerk.get(collected(clerk, {"amount": "30", "name": "王秀花"}, {}, {"amount": "0.5"}))
    assert len(printed.all("//main//svg[contains(@class, 'qr-line')]")) == 2
    assert "¥30.50" in printed.text
    page = clerk.get(f"{UNIT}/day")
    done = clerk.post(f"{UNIT}/day", day(page, hand.picture(), counted="30.50"))
    slip = str(done.response.headers["Location"])
    assert "确认 ¥30.50" not in clerk.get(slip).text
    seen = leader.get(slip)
    assert "确认 ¥30.50" in seen.text
    assert any("确认缴款单" in one for one in [leader.get("/desk/").text])
    form = {"csrf_token": seen.value("csrf_token"), "reason": "", "answer": "approve"}
    leader.post(f"{slip}/decision", form)
    number = slip.rpartition("/")[2]

    page = cashier.get(f"{BANK}/new")
    line = {
        "csrf_token": page.value("csrf_token"), "account": hand.ACCOUNT, "serial": "N-1",
        "booked_on": clock.today().isoformat(), "direction": "in", "amount": "30.50",
        "memo": f"现金缴款 {number}", "counterparty": "李建国",
    }  # fmt: skip
    at = str(cashier.post(f"{BANK}/new", line).response.headers["Location"])
    twice = cashier.post(f"{BANK}/new", line, 409)
    assert "同一条流水只登记一次" in twice.error_of("serial")
    match = cashier.get(at)
    assert "附言里写明" in match.text
    target = str(match.all("//main//form//input[@name='target']/@value")[0])
    assert target == f"slip:{number}"
    use = {"csrf_token": match.value("csrf_token"), "target": target}
    cashier.post(f"{at}/use", use)
    again = cashier.post(f"{at}/use", use, 409)
    assert "没有重复办理" in again.summary
    cashier.get(f"{BANK}?state=done")
    with site.app_context():
        assert slip_queries.slip(number).status is SlipStatus.SETTLED
        db.session().rollback()
        assert hand.broken() == set()
        db.session.remove()


def test_the_sheet_of_the_approval_shows_the_photo_to_whoever_may_see_the_slip(
    site: Flask, crew: Crew, desk: Desk
) -> None:
    clerk, cashier, manager = desk(crew.clerk), desk(crew.cashier), desk(crew.manager)
    collected(clerk, {"amount": "10"})
    page = clerk.get(f"{UNIT}/day")
    slip = clerk.post(f"{UNIT}/day", day(page, hand.picture(), counted="10")).response
    photo = f"{slip.headers['Location']}/photo"
    with site.app_context():
        request = slip_queries.slip(slip.headers["Location"].rpartition("/")[2]).request_id
        db.session.remove()
    sheet_of_it = f"/desk/fund/approvals/{request}"
    assert cashier.get(sheet_of_it).all("//main//figure//img/@src") == [photo]
    assert cashier.http.get(photo).mimetype == "image/png"
    assert manager.get(sheet_of_it).all("//main//figure//img/@src") == []
    assert manager.http.get(photo).status_code == 404


def test_double_send_is_one_sheet_and_one_slip(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk = desk(crew.clerk)
    form = sheet(clerk.get(f"{UNIT}/collect"), {"amount": "1"})
    first, second = (clerk.post(f"{UNIT}/collect", form) for _ in range(2))
    assert first.response.headers["Location"] == second.response.headers["Location"]
    page = clerk.get(f"{UNIT}/day")
    token = day(page, None, counted="1")
    slips = {
        clerk.post(
            f"{UNIT}/day", {**token, "photo": (io.BytesIO(hand.picture()), "p.png")}
        ).response.headers["Location"]
        for _ in range(2)
    }
    assert len(slips) == 1


def test_refusals_stand_beside_their_fields(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk = desk(crew.clerk)
    page = clerk.get(f"{UNIT}/collect")
    bad = clerk.post(
        f"{UNIT}/collect",
        sheet(page, {"amount": "x"}, {"amount": "5", "phone": "12"}, collected_on="2026-13-01"),
        422,
    )
    assert "请用数字填写金额" in bad.error_of("lines-0-amount")
    assert "请填写日期" in bad.error_of("collected_on")
    assert bad.summary
    bad = clerk.post(f"{UNIT}/collect", sheet(page, {"amount": "5", "phone": "12"}), 422)
    assert "电话号码不正确" in bad.error_of("lines-0-phone")
    bad = clerk.post(f"{UNIT}/collect", sheet(page, {"name": "王秀花"}), 422)
    assert "请填写金额" in bad.error_of("lines-0-amount")
    bad = clerk.post(f"{UNIT}/collect", sheet(page, {}, {}), 422)
    assert "请至少填写一笔捐款" in bad.summary
    bad = clerk.post(
        f"{UNIT}/collect", sheet(page, {"amount": "5"}, collected_on="2099-01-01"), 422
    )
    assert "日期不能晚于今天" in bad.error_of("collected_on")
    bad = clerk.post(f"{UNIT}/collect", sheet(page, *[{"amount": "1"}] * 31), 422)
    assert "最多 30 笔" in bad.summary
    more = clerk.post(f"{UNIT}/collect", sheet(page, {"amount": "7"}, action="more"), 200)
    assert more.value("lines-0-amount") == "7"
    assert more.all("//input[@name='lines-5-amount']")
    with site.app_context():
        assert hand_queries.uncounted(world.TOWN) == []
        db.session.remove()


def test_wrong_counts_and_photos(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk = desk(crew.clerk)
    collected(clerk, {"amount": "10"})
    page = clerk.get(f"{UNIT}/day")
    post = f"{UNIT}/day"
    less = clerk.post(post, day(page, hand.picture(), counted="9.99"), 422)
    assert "少 ¥0.01" in less.error_of("counted")
    more = clerk.post(post, day(page, hand.picture(), counted="12"), 422)
    assert "多 ¥2.00" in more.error_of("counted")
    late = clerk.post(post, day(page, hand.picture(), counted="10", paid_in_on="2099-01-01"), 422)
    assert "日期不能晚于今天" in late.error_of("paid_in_on")
    none = clerk.post(post, day(page, None, counted="10"), 422)
    assert "请上传" in none.error_of("photo")
    for content, status in ((b"<svg/>", 415), (b"%PDF-1.7 x", 422), (hand.picture()[:60], 422)):
        bad = clerk.post(post, day(page, content, counted="10"), status)
        assert bad.error_of("photo")
    with site.app_context():
        assert slip_queries.slips(world.TOWN) == []
        db.session.remove()


def test_photo_is_drawn_anew(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk = desk(crew.clerk)
    collected(clerk, {"amount": "10"})
    assert b"SecretCamera" in hand.picture()
    page = clerk.get(f"{UNIT}/day")
    slip = clerk.post(f"{UNIT}/day", day(page, hand.picture(), counted="10"))
    answer = clerk.http.get(f"{slip.response.headers['Location']}/photo")
    assert answer.mimetype == "image/png"
    assert b"SecretCamera" not in answer.data
    assert answer.headers["Cache-Control"] == "no-store"
    with site.app_context():
        assert all(b"SecretCamera" not in one.read_bytes()
                   for one in files.store().root.rglob("*.png"))  # fmt: skip


def test_large_photo_is_taken_and_a_larger_form_elsewhere_is_not(
    site: Flask, crew: Crew, desk: Desk
) -> None:
    clerk = desk(crew.clerk)
    collected(clerk, {"amount": "10"})
    page = clerk.get(f"{UNIT}/day")
    noise = random.Random(1).randbytes(400 * 270 * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (400, 270), noise).save(out, "PNG")
    # More than any other form may be, less than what the test client puts into a file.
    assert 270_000 < len(out.getvalue()) < 500_000
    clerk.post(f"{UNIT}/day", day(page, out.getvalue(), counted="10"))
    long = {"csrf_token": "x", "name": "长" * 100_000}
    clerk.post(f"{UNIT}/collect", long, 413)


def test_own_clerk_cannot_confirm_and_mistakes_stay(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk, leader = desk(crew.clerk), desk(crew.leader)
    collected(clerk, {"amount": "10", "name": "王秀花"}, {"amount": "20"})
    with site.app_context():
        first = hand_queries.uncounted(world.TOWN)[0]
        db.session.remove()
    undo = f"{UNIT}/gifts/{first.id}/withdraw"
    page = clerk.get(undo)
    bad = clerk.post(undo, {"csrf_token": page.value("csrf_token"), "reason": ""}, 422)
    assert "请写明原因" in bad.error_of("reason")
    clerk.post(undo, {"csrf_token": page.value("csrf_token"), "reason": "写错了"})
    today = clerk.get(UNIT)
    assert len(today.all("//tr[contains(@class, 'struck')]//del")) == 2
    assert "写错了" in today.text
    page = clerk.get(f"{UNIT}/day")
    slip = str(clerk.post(f"{UNIT}/day", day(page, hand.picture(), counted="20"))
               .response.headers["Location"])  # fmt: skip
    token = clerk.get(slip).value("csrf_token")
    refused = {"csrf_token": token, "reason": "", "answer": "approve"}
    assert clerk.http.post(f"{slip}/decision", data=refused).status_code == 404
    seen = leader.get(slip)
    form = {"csrf_token": seen.value("csrf_token"), "answer": "refuse"}
    assert leader.post(f"{slip}/decision", {**form, "reason": ""}, 422).error_of("reason")
    leader.post(f"{slip}/decision", {**form, "reason": "照片看不清"})
    assert "照片看不清" in clerk.get(slip).text
    clerk.post(f"{slip}/withdraw", {"csrf_token": token})
    assert "已撤回" in clerk.get(slip).text


def test_people_of_elsewhere_find_nothing(site: Flask, crew: Crew, desk: Desk) -> None:
    with site.app_context():
        from charity.kernel.atomic import atomic
        from charity.people.kinds import Role
        from charity.people.queries import Grant
        from tests.people import make_person

        with atomic():
            other = make_person("测试外人", Grant(Role.UNIT_CLERK, world.OFFICE))
        db.session.remove()
    clerk, stranger = desk(crew.clerk), desk(other)
    at = collected(clerk, {"amount": "10"})
    for path in (UNIT, f"{UNIT}/collect", f"{UNIT}/day", at, BANK, f"{BANK}/new"):
        assert stranger.http.get(path).status_code == 404, path
    # A sheet of one unit is not there under another's address.
    moved = at.replace(world.TOWN, world.OFFICE)
    assert stranger.http.get(moved).status_code == 404
    assert clerk.http.get(BANK).status_code == 404


def test_exports_ask_for_the_second_factor_and_run_no_formula(
    site: Flask, crew: Crew, desk: Desk
) -> None:
    with site.app_context():
        hand.line(crew, 100, memo="=HYPERLINK(1)", serial="N-2")
        hand.line(crew, 100, memo="+1", serial="N-3")
        db.session.remove()
    cashier = desk(crew.cashier)
    answer = cashier.http.get(f"{BANK}.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row[5] for row in rows[1:]} == {"'=HYPERLINK(1)", "'+1"}
    assert answer.headers["Cache-Control"] == "no-store"
    weak = desk(crew.cashier, second_factor=False).http.get(f"{BANK}.csv")
    assert "/login/second-factor" in weak.headers["Location"]
    clerk = desk(crew.clerk)
    collected(clerk, {"amount": "10", "name": "王秀花"})
    own = clerk.http.get(f"{UNIT}/gifts.csv")
    assert "王秀花" in own.data.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1", "'=1"), (" =1", "' =1"), ("@a", "'@a"), ("-1", "'-1"), ("a=1", "a=1"), (None, ""),
     ("\t=1", "'\t=1"), (5, "5")],
)  # fmt: skip
def test_cells(value: object, cell: str) -> None:
    assert plain_cell(value) == cell


def test_held_money_is_claimed_by_two(site: Flask, crew: Crew, desk: Desk) -> None:
    with site.app_context():
        line = hand.line(crew, 800, memo="来电说明", serial="N-4", counterparty="李建国")
        db.session.remove()
    cashier, accountant = desk(crew.cashier), desk(crew.accountant)
    page = cashier.get(f"{BANK}/{line}")
    assert "李建国" in page.text
    assert "李建国" not in accountant.get(f"{BANK}/{line}").text
    token = page.value("csrf_token")
    bad = cashier.post(f"{BANK}/{line}/use", {"csrf_token": token, "target": "slip:S2026-9"}, 409)
    assert bad.summary
    cashier.post(f"{BANK}/{line}/use", {"csrf_token": token, "target": f"suspense:{line}"})
    cashier.get("/desk/fund/suspense")
    held = cashier.get(f"/desk/fund/suspense/{line}")
    give = {
        "csrf_token": token, "form_id": held.value("form_id"), "campaign": world.OPEN,
        "unit": "NONE", "name": "王秀花", "phone": "", "display": "masked", "receipt": "y",
        "reason": "来电说明",
    }  # fmt: skip
    at = f"/desk/fund/suspense/{line}"
    assert "没有找到这个募集单位" in cashier.post(f"{at}/give", give, 422).summary
    assert cashier.post(f"{at}/give", {**give, "reason": ""}, 422).error_of("reason")
    cashier.post(f"{at}/give", {**give, "unit": world.TOWN})
    assert "等待另一个人同意" in cashier.get(at).text
    with site.app_context():
        request_id = bank_queries.line(line).request_id
        db.session.remove()
    seen = accountant.get(f"/desk/fund/approvals/{request_id}")
    form = {
        "csrf_token": seen.value("csrf_token"), "seen": seen.value("seen"),
        "answer": "approve", "reason": "",
    }  # fmt: skip
    accountant.post(f"/desk/fund/approvals/{request_id}/decision", form)
    assert "已认领" in cashier.get(at).text
    with site.app_context():
        assert hand.broken() == set()
        db.session.remove()


def test_donor_reads_where_the_gift_is(site: Flask, crew: Crew, desk: Desk) -> None:
    clerk = desk(crew.clerk)
    collected(clerk, {"amount": "10", "name": "王秀花"})
    with site.app_context():
        gift = hand_queries.uncounted(world.TOWN)[0]
        key = hand_queries.gift_keys(hand_queries.sheet(gift.sheet_id, world.TOWN))[gift.id]
        db.session.remove()
    page = Client(site, "zh", NAMES).get(f"/gifts/{gift.id}?key={key}")
    assert "等待支付" not in page.text
    assert "已登记" in page.text
    assert re.search(r"/api/v1", page.text) is None
    shown = site.test_client().get(f"/api/v1/gifts/{gift.id}").json
    assert (shown["status"], shown["amount_fen"]) == ("created", 1_000)


def test_accounts_show_four_signs(site: Flask, crew: Crew, desk: Desk) -> None:
    manager = desk(crew.manager)
    page = manager.get(f"{BANK}/accounts")
    assert "****7890" in page.text
    assert "62220012" not in page.text
    form = {
        "csrf_token": page.value("csrf_token"), "code": "second", "bank_name": "测试银行",
        "holder": "测试基金会", "number": "6222001234567890", "opened_on": "2024-01-01",
    }  # fmt: skip
    assert manager.post(f"{BANK}/accounts", form, 409).error_of("number")
    manager.post(f"{BANK}/accounts", {**form, "number": "6222001234567899"})
