"""The office's pages of uses over HTTP: decided, paid on a bank line, proved, shown; refused."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from charity.disbursements import evidence_queries, holds, queries
from charity.disbursements.kinds import ApplicationStatus as S
from charity.disbursements.kinds import EvidenceKind, HoldReason
from charity.donations.hand.kinds import Direction
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.queries import Signed
from tests import gifts, hand, uses
from tests.client import Client, Page
from tests.factories import site as world
from tests.people import sign_in, trail_of
from tests.uses import Team
from tests.web.desk import NAMES as DESK_NAMES

FUND = "/desk/fund"
NAMES = DESK_NAMES | {
    "测试经办", "测试另一位", "测试负责人", "测试出纳", "测试会计", "测试管理员", "测试审批甲",
    "测试审批乙", "测试审批丙", "测试公开专员", "测试监督员", "测试煤炭销售有限公司",
    "测试银行城关支行", "为特困家庭购买过冬取暖煤",
}  # fmt: skip
Desk = Callable[..., Client]


@pytest.fixture
def team(site: Flask) -> Team:
    with site.app_context():
        made = uses.make_team(world.TOWN)
        uses.fund(made, 200_000, world.TOWN, world.OPEN)
        db.session.remove()
    return made


@pytest.fixture
def desk(site: Flask) -> Desk:
    """A browser in which a person is signed in."""

    def open_for(who: Signed, lang: str = "zh", *, second_factor: bool = True) -> Client:
        client = Client(site, lang, NAMES)
        sign_in(client.http, who, second_factor=second_factor)
        return client

    return open_for


def asked(site: Flask, team: Team, fen: int = 50_000, **changes: object) -> str:
    with site.app_context():
        payee = uses.add_payee(team, unit=world.TOWN)
        made = uses.asked(team, fen, payee=payee, unit=world.TOWN, campaign=world.OPEN, **changes)
        db.session.remove()
    return made


def approved(site: Flask, team: Team, fen: int = 50_000) -> str:
    made = asked(site, team, fen)
    with site.app_context():
        uses.approve(team, made)
        db.session.remove()
    return made


def paid(site: Flask, team: Team, fen: int = 50_000) -> str:
    made = approved(site, team, fen)
    with site.app_context():
        uses.pay(team, made)
        db.session.remove()
    return made


def view(site: Flask, application: str) -> queries.ApplicationView:
    with site.app_context():
        found = queries.application(application)
        db.session.remove()
    return found


def line(site: Flask, team: Team, fen: int, way: Direction = Direction.OUT, **more: object) -> str:
    with site.app_context():
        made = uses.line(team, fen, way, **more)
        db.session.remove()
    return made


def form(page: Page, **fields: str) -> dict[str, str]:
    return {"csrf_token": page.value("csrf_token"), **fields}


def photo(colour: int = 1) -> bytes:
    """A photo as a phone takes it, with where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (35.0, 42.0, 0.0)
    exif[0x010F] = "SecretCamera"
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (colour, 60, 60)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def give(site: Flask, team: Team, application: str) -> list[str]:
    from charity.disbursements import evidence
    from charity.kernel import files, uploads

    made = []
    with site.app_context():
        for number, kind in enumerate((EvidenceKind.INVOICE, EvidenceKind.PHOTO)):
            cleaned = uploads.clean_picture(photo(number + 1), "a.jpg")
            stored = files.store().put(cleaned.content, cleaned.suffix)
            with atomic():
                made.append(
                    evidence.add(application, kind, (cleaned, stored), "发放", by=team.clerk)
                )
        db.session.remove()
    return made


def test_two_people_decide_on_the_page_of_the_application(
    site: Flask, team: Team, desk: Desk
) -> None:
    made = asked(site, team)
    page_url = f"{FUND}/applications/{made}"
    first, second = desk(team.approver), desk(team.approver2)
    assert page_url in first.get("/desk/").response.text
    page = first.get(page_url)
    for there in ("¥500.00", "TK-001", "取暖煤", "批准后可用", "¥1,500.00", "募捐方案",
                  "不能审批这份申请的人", "测试经办", "测试另一位", "内容校验值"):  # fmt: skip
        assert there in page.text, there
    seen = page.value("seen")
    done = first.post(f"{page_url}/decision", form(page, seen=seen, reason="", answer="approve"))
    assert done.response.status_code == 303
    assert view(site, made).status is S.WAITING
    assert "还需要 1 个人同意" in first.get(page_url).text
    # One person's word counts once, on every address.
    again = first.post(
        f"{page_url}/decision", form(page, seen=seen, reason="", answer="approve"), 409
    )
    assert "已经" in again.text
    page = second.get(page_url)
    second.post(f"{page_url}/decision", form(page, seen=seen, reason="", answer="approve"))
    assert view(site, made).status is S.APPROVED
    assert "已审批待拨" in second.get(page_url).text


def test_who_may_not_decide_is_told_why(site: Flask, team: Team, desk: Desk) -> None:
    made = asked(site, team)
    supervisor, weak = desk(team.supervisor), desk(team.approver, second_factor=False)
    page = supervisor.get(f"{FUND}/applications/{made}")
    assert "您的岗位不能审批这项申请" in page.text
    assert "同意拨付" not in page.text
    weak_page = weak.get(f"{FUND}/applications/{made}")
    seen = weak_page.value("seen")
    sent = form(page, seen=seen, reason="", answer="approve")
    supervisor.post(f"{FUND}/applications/{made}/decision", sent, 403)
    answer = weak.post(
        f"{FUND}/applications/{made}/decision",
        form(weak_page, seen=seen, reason="", answer="approve"),
    )
    assert "/second-factor" in answer.response.headers["Location"]
    assert view(site, made).status is S.WAITING


def test_a_stale_version_is_not_approved(site: Flask, team: Team, desk: Desk) -> None:
    made = asked(site, team)
    approver = desk(team.approver)
    url = f"{FUND}/applications/{made}"
    page = approver.get(url)
    stale = page.value("seen")
    with site.app_context():
        from charity.disbursements import services

        kept = queries.application(made).payee
        assert kept is not None
        fresh = uses.facts(60_000, kept.id, unit=world.TOWN, campaign=world.OPEN)
        db.session().rollback()
        with atomic():
            services.change(made, fresh, by=team.clerk)
        uses.submit(made, team.clerk)
        db.session.remove()
    told = approver.post(
        f"{url}/decision", form(page, seen=stale, reason="", answer="approve"), 409
    )
    assert "不一致" in told.text
    assert "¥600.00" in told.text
    assert view(site, made).status is S.WAITING


def test_sent_back_refused_and_voided_with_words(site: Flask, team: Team, desk: Desk) -> None:
    approver = desk(team.approver)
    back, refused, void = (
        asked(site, team, 10_000),
        asked(site, team, 11_000),
        approved(site, team, 12_000),
    )
    url = f"{FUND}/applications/{back}"
    page = approver.get(url)
    assert "请写明" in approver.post(f"{url}/questions", form(page, questions=" "), 422).text
    approver.post(f"{url}/questions", form(page, questions="请附报价单"))
    assert view(site, back).status is S.RETURNED
    url = f"{FUND}/applications/{refused}"
    page = approver.get(url)
    sent = form(page, seen=page.value("seen"), reason="", answer="refuse")
    assert "请写明不同意的理由" in approver.post(f"{url}/decision", sent, 422).text
    approver.post(f"{url}/decision", {**sent, "reason": "价格过高"})
    assert (view(site, refused).status, view(site, refused).words) == (S.REFUSED, "价格过高")
    url = f"{FUND}/applications/{void}"
    page = approver.get(url)
    approver.post(f"{url}/void", form(page, reason="不再需要"))
    assert view(site, void).status is S.LAPSED


def test_held_applications_are_not_paid(site: Flask, team: Team, desk: Desk) -> None:
    made = approved(site, team)
    url = f"{FUND}/applications/{made}"
    discloser, approver, cashier = desk(team.discloser), desk(team.approver), desk(team.cashier)
    page = discloser.get(url)
    discloser.post(f"{url}/hold", form(page, hold_reason="concern", note="有人反映价格"))
    assert "已暂停支付" in cashier.get(f"{FUND}/payments").text
    out = line(site, team, 50_000)
    page = cashier.get(f"{FUND}/payments/{made}")
    told = cashier.post(f"{FUND}/payments/{made}/line", form(page, kind="pay", line=out), 409)
    assert "已暂停支付" in told.text
    assert view(site, made).status is S.APPROVED
    page = approver.get(url)
    approver.post(f"{url}/release", form(page, hold_reason="concern", reason="已查清"))
    page = cashier.get(f"{FUND}/payments/{made}")
    cashier.post(f"{FUND}/payments/{made}/line", form(page, kind="pay", line=out))
    assert view(site, made).status is S.PAID


def test_a_supervisor_stops_nothing(site: Flask, team: Team, desk: Desk) -> None:
    made = approved(site, team)
    supervisor = desk(team.supervisor)
    page = supervisor.get(f"{FUND}/applications/{made}")
    supervisor.post(
        f"{FUND}/applications/{made}/hold", form(page, hold_reason="audit", note="检查"), 404
    )
    with site.app_context():
        assert queries.application(made).standing_holds == ()
        db.session.remove()


def test_money_that_is_not_in_the_bank_yet(site: Flask, team: Team, desk: Desk) -> None:
    """What the provider still holds is approved and not paid: it waits, in words."""
    with site.app_context():
        gifts.give((world.TOWN, 60_000))
        db.session.remove()
    first, second = approved(site, team, 190_000), approved(site, team, 60_000)
    cashier = desk(team.cashier)
    assert "1 笔用款可以拨付" in cashier.get("/desk/").text
    listed = cashier.get(f"{FUND}/payments")
    assert listed.text.count("已批准，等待支付渠道打款") == 1
    order = cashier.get(f"{FUND}/payments/order").text
    assert view(site, first).number in order
    assert view(site, second).number not in order
    with site.app_context():
        uses.pay(team, first)
        db.session.remove()
    assert "等待支付渠道打款" in cashier.get(f"{FUND}/payments/{second}").text
    out = line(site, team, 60_000)
    page = cashier.get(f"{FUND}/payments/{second}")
    told = cashier.post(f"{FUND}/payments/{second}/line", form(page, kind="pay", line=out), 409)
    assert "¥600.00" in told.text
    assert view(site, second).status is S.APPROVED
    with site.app_context():
        assert uses.broken() == set()  # and the line is as free as before
        db.session.remove()


def test_the_order_shows_numbers_for_a_purpose_only(site: Flask, team: Team, desk: Desk) -> None:
    made = approved(site, team)
    payee = view(site, made).payee
    assert payee is not None
    cashier = desk(team.cashier)
    page = cashier.get(f"{FUND}/payments/order")
    assert f"****{payee.tail}" in page.text
    assert "2703" not in page.text
    told = cashier.post(f"{FUND}/payments/order", form(page, purpose=""), 422)
    assert "2703" not in told.text
    full = cashier.post(
        f"{FUND}/payments/order", form(page, purpose="办理转账", **{f"pick-{made}": "y"}), 200
    )
    assert "2703" in full.text
    assert "伍佰元整" in full.text
    assert full.response.headers["Cache-Control"] == "no-store"
    with site.app_context():
        assert trail_of(payee.id).count("payee.revealed") == 1
        db.session.remove()
    approver = desk(team.approver)
    page = approver.get(f"{FUND}/payees/{payee.id}")
    assert "2703" not in page.text
    shown = approver.post(f"{FUND}/payees/{payee.id}/reveal", form(page, purpose="核对"), 200)
    assert "2703" in shown.text
    weak = desk(team.approver, second_factor=False)
    page = weak.get(f"{FUND}/payees/{payee.id}")
    sent = weak.post(f"{FUND}/payees/{payee.id}/reveal", form(page, purpose="核对"))
    assert "/second-factor" in sent.response.headers["Location"]
    supervisor = desk(team.supervisor)
    page = supervisor.get(f"{FUND}/payees/{payee.id}")
    supervisor.post(f"{FUND}/payees/{payee.id}/reveal", form(page, purpose="看看"), 404)
    with site.app_context():
        assert trail_of(payee.id).count("payee.revealed") == 2
        db.session.remove()
    assert payee.shown in cashier.get(f"{FUND}/payees?unit={world.TOWN}").text
    cashier.get(f"{FUND}/payees?unit=GS-NONE")


def test_a_bank_line_pays_comes_back_and_is_handed_back(
    site: Flask, team: Team, desk: Desk
) -> None:
    made = approved(site, team)
    number = view(site, made).number
    cashier = desk(team.cashier)
    wrong, out = line(site, team, 49_999), line(site, team, 50_000, memo=f"用款 {number}")
    page = cashier.get(f"{FUND}/bank/{wrong}")
    assert number not in page.text
    told = cashier.post(f"{FUND}/bank/{wrong}/use", form(page, target=f"application:{made}"), 422)
    assert "金额" in told.text
    page = cashier.get(f"{FUND}/bank/{out}")
    assert f"是这一笔：{number}" in page.text
    cashier.post(f"{FUND}/bank/{out}/use", form(page, target=f"application:{made}"))
    assert view(site, made).status is S.PAID
    assert "拨付用款" in cashier.get(f"{FUND}/bank/{out}").text
    second = line(site, team, 50_000)
    page = cashier.get(f"{FUND}/bank/{second}")
    cashier.post(f"{FUND}/bank/{second}/use", form(page, target=f"application:{made}"), 409)

    returned = line(site, team, 50_000, Direction.IN)
    page = cashier.get(f"{FUND}/payments/{made}")
    cashier.post(f"{FUND}/payments/{made}/line", form(page, kind="bank_return", line=returned))
    assert view(site, made).status is S.APPROVED
    page = cashier.get(f"{FUND}/payments/{made}")
    cashier.post(f"{FUND}/payments/{made}/line", form(page, kind="pay", line=second))
    assert view(site, made).status is S.PAID

    part = line(site, team, 20_000, Direction.IN, memo=number.lower())
    page = cashier.get(f"{FUND}/bank/{part}")
    assert "交回未用的款项" in page.text
    cashier.post(f"{FUND}/bank/{part}/use", form(page, target=f"money_back:{made}"))
    assert view(site, made).used_fen == 30_000
    more = line(site, team, 30_001, Direction.IN)
    page = cashier.get(f"{FUND}/payments/{made}")
    told = cashier.post(
        f"{FUND}/payments/{made}/line", form(page, kind="money_back", line=more), 422
    )
    assert "多于" in told.text
    with site.app_context():
        assert hand.broken() == set()
        assert uses.broken() == set()
        db.session.remove()


def test_evidence_side_by_side_accepted_and_shown(site: Flask, team: Team, desk: Desk) -> None:
    made = paid(site, team)
    pieces = give(site, team, made)
    approver, discloser = desk(team.approver), desk(team.discloser)
    url = f"{FUND}/evidence/{made}"
    assert url in approver.get("/desk/").response.text
    page = approver.get(url)
    shown = page.all("//ul[@class='photos']//img/@src")
    assert [str(src).rpartition("/")[0].rpartition("/")[2] for src in shown] == pieces
    sent = approver.http.get(str(shown[0]))
    assert sent.mimetype == "image/jpeg"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Cache-Control"] == "no-store"
    assert b"Exif" not in sent.data
    assert b"SecretCamera" not in sent.data
    with Image.open(io.BytesIO(sent.data)) as drawn:
        assert not drawn.getexif()
    with site.app_context():
        assert trail_of(made).count("evidence.seen") == 1
        db.session.remove()
    seen = page.value("seen")
    told = approver.post(f"{url}/ask-again", form(page, seen=seen, reason=""), 422)
    assert "理由" in told.text
    approver.post(
        f"{url}/ask-again", form(page, seen=seen, reason="请重拍", **{f"refused-{pieces[0]}": "y"})
    )
    page = approver.get(url)
    assert "请重拍" in page.text
    told = approver.post(f"{url}/accept", form(page, seen=page.value("seen")), 422)
    assert "还没有交齐" in told.text
    give_again(site, team, made)
    page = approver.get(url)
    approver.post(f"{url}/accept", form(page, seen=page.value("seen")))
    assert view(site, made).status is S.PROVED

    page = discloser.get(f"{url}/{pieces[1]}/publish")
    told = discloser.post(f"{url}/{pieces[1]}/publish", form(page, title="发放取暖煤"), 422)
    assert "请先确认" in told.text
    asked_for = form(page, title="发放取暖煤", looked_through="y")
    discloser.post(
        f"{url}/{pieces[1]}/publish", {**asked_for, "file": (io.BytesIO(photo(9)), "b.jpg")}
    )
    with site.app_context():
        public = evidence_queries.public_pictures([made])[made][0]
        db.session.remove()
    visitor = site.test_client()
    answer = visitor.get(f"/evidence/{public.id}")
    assert answer.mimetype == "image/jpeg"
    assert b"Exif" not in answer.data
    assert visitor.get(f"/evidence/{pieces[1]}").status_code == 404
    page = discloser.get(url)
    discloser.post(f"{url}/public/{public.id}/withdraw", form(page, reason="看得到门牌"))
    assert visitor.get(f"/evidence/{public.id}").status_code == 404


def give_again(site: Flask, team: Team, application: str) -> None:
    from charity.disbursements import evidence
    from charity.kernel import files, uploads

    with site.app_context():
        cleaned = uploads.clean_picture(photo(200), "c.jpg")
        stored = files.store().put(cleaned.content, cleaned.suffix)
        with atomic():
            evidence.add(
                application, EvidenceKind.INVOICE, (cleaned, stored), "发票", by=team.clerk
            )
        db.session.remove()


PHOTO_OF_NOBODY = "0" * 16


def test_pictures_are_for_those_with_a_duty(site: Flask, team: Team, desk: Desk) -> None:
    made = paid(site, team)
    piece = give(site, team, made)[0]
    url = f"{FUND}/evidence/{made}/{piece}/photo"
    for who in (team.clerk, team.crew.leader):
        assert desk(who).http.get(url).status_code == 404
    assert site.test_client().get(url).status_code == 303
    assert desk(team.supervisor).http.get(url).status_code == 200
    other = paid(site, team, 10_000)
    assert desk(team.supervisor).http.get(url.replace(made, other)).status_code == 404
    assert desk(team.supervisor).http.get(url.replace(piece, PHOTO_OF_NOBODY)).status_code == 404


def test_every_page_of_uses_reads_well(site: Flask, team: Team, desk: Desk) -> None:
    made = paid(site, team)
    give(site, team, made)
    waits = approved(site, team, 10_000)
    with site.app_context():
        with atomic():
            holds.hold(waits, HoldReason.PAYEE, "请核对", by=team.approver)
        db.session.remove()
    reader = desk(team.manager)
    for path in (
        "applications", "applications?status=paid", f"applications/{made}",
        f"applications/{waits}", "payments", "payments/order", f"payments/{waits}",
        f"payments/{made}", "evidence", f"evidence/{made}", "payees",
    ):  # fmt: skip
        reader.get(f"{FUND}/{path}")


def test_drafts_are_their_units_own(site: Flask, team: Team, desk: Desk) -> None:
    with site.app_context():
        payee = uses.add_payee(team, unit=world.TOWN)
        made = uses.draft(team, payee=payee, unit=world.TOWN, campaign=world.OPEN)
        rows = db.session().scalar(text("SELECT count(*) FROM disbursements_application"))
        db.session.remove()
    assert rows == 1
    manager = desk(team.manager)
    manager.get(f"{FUND}/applications/{made}", 404)
    manager.get(f"{FUND}/payments/{made}", 404)
    manager.get(f"{FUND}/evidence/{made}", 404)
    assert made not in manager.get(f"{FUND}/applications").response.text
