"""Refunds and corrections over HTTP: two people at their desks, and the receipt void at once."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from charity.config import RunMode
from charity.donations.back import calls as refund_calls
from charity.donations.back import queries as back_queries
from charity.kernel import outbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.receipts import jobs as receipts
from charity.receipts import queries
from tests import gifts as sandbox_gifts
from tests.back import due_now, provider_says
from tests.factories import gifts
from tests.people import make_person, sign_in


@pytest.fixture
def people(site: Flask) -> dict[str, Signed]:
    """One of each role that refunds need."""
    with site.app_context(), atomic():
        return {
            role.value: make_person(role.value, Grant(role, None))
            for role in (Role.FUND_MANAGER, Role.APPROVER, Role.CASHIER, Role.SUPERVISOR)
        }


def desk(app: Flask, who: Signed) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = app.test_client()
    sign_in(client, who)
    return client


def post(client: FlaskClient, page: str, action: str, **fields: str) -> tuple[int, str, str]:
    """Send a form of ``page`` with its token: status, text, and where it leads."""
    drawn = client.get(page)
    assert drawn.status_code == 200, (page, drawn.status_code)
    token = re.search(r'name="csrf_token" value="([^"]+)"', drawn.text)
    assert token is not None, page
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', drawn.text)
    data = {"csrf_token": token[1], **({"seen": seen[1]} if seen else {}), **fields}
    answer = client.post(action, data=data)
    return answer.status_code, answer.text, answer.headers.get("Location", "")


def receipted(app: Flask) -> tuple[str, queries.ReceiptView]:
    """A settled gift with its receipt."""
    with app.app_context():
        made = gifts.settled(gifts.person("李桂兰"))[0]
        receipts.issue_receipts()
        paper = queries.by_gift(made.public_id)
        db.session.remove()
    assert paper is not None
    return made.public_id, paper


def verdict(app: Flask, paper: queries.ReceiptView) -> str:
    """What anyone is told who types number and code."""
    answer = app.test_client().get(
        "/api/v1/receipts/verify", query_string={"number": paper.number, "code": paper.code}
    )
    return str(answer.json["status"])


def decide(app: Flask, who: Signed, request: str) -> int:
    """Approve at the desk."""
    page = f"/desk/fund/approvals/{request}"
    return post(desk(app, who), page, f"{page}/decision", answer="approve", reason="")[0]


def test_a_refund_from_the_search_to_the_void_receipt(
    site: Flask, people: dict[str, Signed], monkeypatch: pytest.MonkeyPatch
) -> None:
    gift, paper = receipted(site)
    manager = desk(site, people["fund_manager"])
    found = manager.get("/desk/fund/refunds/new", query_string={"q": paper.number})
    assert (found.status_code, found.headers["Location"]) == (303, f"/desk/fund/gifts/{gift}")
    page = f"/desk/fund/gifts/{gift}"
    code, text_, _ = post(manager, page, f"{page}/refund", reason="", note="")
    assert (code, "请选择退回原因" in text_) == (422, True)
    code, _, place = post(manager, page, f"{page}/refund", reason="duplicate", note="同一天两笔")
    assert (code, place.startswith("/desk/fund/refunds/rf")) == (303, True)
    assert verdict(site, paper) == "valid"
    with site.app_context():
        (refund,) = back_queries.refunds_of(gift)
        db.session.remove()
    sheet = desk(site, people["approver"]).get(f"/desk/fund/approvals/{refund.request_id}").text
    assert "重复捐赠" in sheet
    assert "原支付渠道" in sheet
    # Whoever asked cannot agree.
    assert decide_page_has_no_button(manager, refund.request_id)
    assert decide(site, people["approver"], refund.request_id) == 303
    provider_says(monkeypatch)
    with site.app_context():
        due_now()
        assert refund_calls.send_due() == 1
        db.session.remove()
    assert verdict(site, paper) == "void"
    assert "已退回" in manager.get(f"/desk/fund/refunds/{refund.id}").text
    code, text_, _ = post_again(manager, page)
    assert (code, "这笔捐赠已经退回" in text_) == (409, True)


def decide_page_has_no_button(client: FlaskClient, request: str) -> bool:
    """Whether the sheet offers this reader no decision."""
    text_ = client.get(f"/desk/fund/approvals/{request}").text
    return 'value="approve"' not in text_ and "不能审批自己提出的申请" in text_


def post_again(client: FlaskClient, page: str) -> tuple[int, str, str]:
    """Ask once more, with the token of another page: the form is gone from this one."""
    return post(
        client, "/desk/fund/approvals?show=asked", f"{page}/refund", reason="duplicate", note=""
    )


def test_who_may_not_is_told_nothing(site: Flask, people: dict[str, Signed]) -> None:
    gift, _ = receipted(site)
    assert site.test_client().get(f"/desk/fund/gifts/{gift}").status_code == 303
    watcher = desk(site, people["supervisor"])
    page = watcher.get(f"/desk/fund/gifts/{gift}")
    assert page.status_code == 200
    assert "申请退回" not in page.text
    assert "李桂兰" not in page.text
    assert "李*" in page.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    asked = watcher.post(
        f"/desk/fund/gifts/{gift}/refund", data={"csrf_token": token[1], "reason": "duplicate"}
    )
    assert asked.status_code == 404
    assert watcher.get("/desk/fund/gifts/nothing-here").status_code == 404
    assert watcher.get("/desk/fund/outbox").status_code == 404


@pytest.mark.parametrize("term", ["李桂兰", "' OR 1=1 --", "%", "x" * 500, "\u202e"])
def test_donors_cannot_be_browsed(site: Flask, people: dict[str, Signed], term: str) -> None:
    receipted(site)
    answer = desk(site, people["fund_manager"]).get(
        "/desk/fund/refunds/new", query_string={"q": term}
    )
    assert answer.status_code == 200
    assert "/desk/fund/gifts/" not in answer.text


def test_a_name_is_corrected_and_the_receipt_replaced(
    site: Flask, people: dict[str, Signed]
) -> None:
    gift, paper = receipted(site)
    manager = desk(site, people["fund_manager"])
    page = f"/desk/fund/gifts/{gift}/name"
    code, text_, _ = post(manager, page, page, name="李桂兰", reason="写错")
    assert (code, "没有变化" in text_) == (422, True)
    code, _, place = post(manager, page, page, name="黎桂兰", reason="姓写错了")
    assert code == 303
    assert "黎桂兰" not in manager.get(place).text
    approver = desk(site, people["approver"])
    assert "黎桂兰" in post(approver, place, f"{place}/names")[1]
    with site.app_context():
        (asked,) = back_queries.corrections_of(gift)
        db.session.remove()
    assert decide(site, people["approver"], asked.request_id) == 303
    assert verdict(site, paper) == "replaced"
    with site.app_context():
        fresh = queries.by_gift(gift)
        assert fresh is not None
        assert fresh.number != paper.number
        (facts,) = queries.facts([fresh.id]).values()
        assert (facts.donor, facts.replaces) == ("黎桂兰", paper.number)
        db.session.remove()
    assert verdict(site, fresh) == "valid"


def test_a_unit_is_corrected_after_a_look_at_what_follows(
    site: Flask, people: dict[str, Signed]
) -> None:
    from tests.factories.site import TOWN

    gift, paper = receipted(site)
    manager = desk(site, people["fund_manager"])
    page = f"/desk/fund/gifts/{gift}/unit"
    fields = {"unit": TOWN, "reason": "选错了单位"}
    code, text_, _ = post(manager, page, page, step="look", **fields)
    assert code == 200
    assert "可用减少 ¥9.94" in text_
    assert "可用增加 ¥9.94" in text_
    with site.app_context():
        assert back_queries.corrections_of(gift) == []
        db.session.remove()
    code, _, place = post(manager, page, page, step="ask", **fields)
    assert code == 303
    with site.app_context():
        (asked,) = back_queries.corrections_of(gift)
        db.session.remove()
    assert decide(site, people["approver"], asked.request_id) == 303
    assert "已更正" in manager.get(place).text
    assert verdict(site, paper) == "replaced"
    with site.app_context():
        sandbox_gifts.number()
        fresh = queries.by_gift(gift)
        assert fresh is not None
        (facts,) = queries.facts([fresh.id]).values()
        assert facts.unit_name == "青城镇公益服务站"
        db.session.remove()


def test_letters_can_be_read_where_nothing_leaves_the_house(
    site: Flask, people: dict[str, Signed], monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.app_context():
        gifts.settled(gifts.DonorDetails(name="李桂兰", email="li@example.org"))
        receipts.issue_receipts()
        assert outbox.deliver_due() == 1
        db.session.remove()
    manager = desk(site, people["fund_manager"])
    page = manager.get("/desk/fund/outbox")
    assert page.status_code == 200
    assert "li@example.org" in page.text
    assert "/payments/" in page.text
    settings = site.extensions["charity.settings"]
    real = settings.model_copy(update={"mode": RunMode.PRODUCTION})
    monkeypatch.setitem(site.extensions, "charity.settings", real)
    assert manager.get("/desk/fund/outbox").status_code == 404


def test_thanks_are_said_once_for_a_basket_in_the_donor_s_language(site: Flask) -> None:
    from charity.donations import services
    from charity.donations.kinds import BillWish, EventType
    from charity.donations.providers import sandbox
    from charity.donations.services import DonorDetails, GiftItem, GiftRequest
    from charity.kernel import clock, inbox

    with site.app_context():
        with atomic():
            (payment,) = services.create_many(
                [
                    GiftRequest(
                        key="basket",
                        items=tuple(
                            GiftItem(gifts.site.OPEN, unit, 100)
                            for unit in (gifts.site.COUNTY, gifts.site.TOWN)
                        ),
                        donor=DonorDetails(name="Jane", email="jane@example.org"),
                        provider="sandbox",
                        receipt=True,
                        bill_wish=BillWish.WAIVED,
                        channel="test",
                        language="en",
                    )
                ]
            )
            services.record_started([(payment, f"sbx_{payment}", "https://pay.example")])
            raw = sandbox.body_of(
                EventType.PAID, event_id="evt_b", reference=f"sbx_{payment}",
                amount_fen=200, at=clock.now(),
            )  # fmt: skip
            inbox.store("sandbox", sandbox.ACCOUNT, "evt_b", raw)
        sandbox_gifts.settle()
        assert receipts.issue_receipts() == 2
        assert receipts.issue_receipts() == 0
        (letter,) = outbox.recent()
        db.session.remove()
    assert letter.key == f"thanks:{payment}"
    assert letter.text is not None
    link = re.search(r"http\S+", letter.text)
    assert link is not None
    assert link[0].endswith("&lang=en")
    path = link[0].removeprefix("http://127.0.0.1:8000")
    assert site.test_client().get(path).status_code == 200
    assert "Jane" not in letter.text
    assert site.test_client().get(path.replace("key=", "key=0")).status_code == 404
