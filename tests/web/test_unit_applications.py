"""A unit asks to use its money, over HTTP: what is written, refused, answered and never shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from charity.disbursements import queries, use_plans
from charity.disbursements.kinds import ApplicationStatus, Category, Purpose
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import uses
from tests.client import Client
from tests.factories import site as world
from tests.people import make_person, sign_in
from tests.uses import Team
from tests.web.unit_uses import (
    DESK,
    NAMES,
    UNIT,
    asked,
    beside,
    draft,
    filled,
    fund,
    sent,
    view,
)

S = ApplicationStatus
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
def desk(site: Flask) -> Desk:
    """A browser in which a person is signed in."""

    def open_for(who: Signed, lang: str = "zh") -> Client:
        client = Client(site, lang, NAMES)
        sign_in(client.http, who)
        return client

    return open_for


@pytest.fixture
def inside(site: Flask) -> Callable[..., object]:
    """Runs a verb inside the application."""

    def run(work: Callable[..., object], *args: object, **more: object) -> object:
        with site.app_context():
            found = work(*args, **more)
            db.session.remove()
        return found

    return run


def written(client: Client, **changes: str) -> str:
    """A draft written on the page; its address."""
    done = client.post(f"{DESK}/new", filled(client.get(f"{DESK}/new"), **changes))
    return str(done.response.headers["Location"])


def submitted(client: Client, at: str, status: int = 303) -> object:
    """What comes of submitting it."""
    return client.post(f"{at}/submit", sent(client.get(at), "/submit"), status)


def test_a_clerk_writes_submits_and_sees_each_step(
    site: Flask, team: Team, desk: Desk, inside: Callable[..., object]
) -> None:
    clerk = desk(team.clerk)
    listed = clerk.get(DESK)
    assert "还没有用款申请" in listed.text
    assert "¥1,000.00" in listed.text
    assert "可用" in listed.text
    assert "支付渠道在途" in listed.text
    at = written(clerk)
    page = clerk.get(at)
    assert "草稿" in page.text
    assert "尾号" in page.text
    assert "¥500.00" in page.text
    assert "榆中县" in page.text
    submitted(clerk, at)
    page = clerk.get(at)
    assert "审批中" in page.text
    one = view_of(site, at)
    assert (one.status, one.amount_fen, one.people_codes) == (
        S.WAITING,
        50_000,
        ("TK-001", "TK-002"),
    )
    steps = [" ".join(each.text_content().split()) for each in page.all("//aside//li/p[1]")]
    assert steps[0] == "建立草稿"
    assert steps[-1].startswith("提交审批")
    inside(uses.approve, team, one.id)
    page = clerk.get(at)
    assert "已审批待拨" in page.all("//*[@id='application-state']")[0].text_content()
    inside(uses.pay, team, one.id)
    page = clerk.get(at)
    assert "已拨付，待核销" in page.text
    assert "交齐使用凭据" in page.text
    assert "¥500.00" in clerk.get(DESK).text
    assert one.title in clerk.get(f"{DESK}?status=paid").text
    assert one.title not in clerk.get(f"{DESK}?status=draft").text


def view_of(site: Flask, at: str) -> queries.ApplicationView:
    with site.app_context():
        return view(at.rpartition("/")[2])


def test_lines_are_added_without_scripts_and_nothing_typed_is_lost(team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    first = clerk.get(f"{DESK}/new")
    assert not first.all("//input[@name='budget-3-what']")
    more = clerk.post(f"{DESK}/new", filled(first, action="more"), 200)
    assert more.value("budget-0-what") == "取暖煤"
    assert more.value("payee_name") == "测试煤炭销售有限公司"
    assert more.all("//input[@name='budget-7-what']")
    assert more.all("//input[@name='evidence_photo' and @checked]")
    assert not more.summary


def test_a_draft_is_changed_and_keeps_what_it_said(site: Flask, team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    at = written(clerk, evidence_invoice="")
    form = sent(clerk.get(f"{at}/edit"))
    assert form["budget-0-price"] == "100.00"
    assert form["people_codes"].split() == ["TK-001", "TK-002"]
    assert form["area"] == "620123101"
    before = view_of(site, at)
    clerk.post(f"{at}/edit", {**form, "amount": "600", "budget-0-price": "120", "action": "save"})
    after = view_of(site, at)
    assert (after.amount_fen, after.budget[0].price_fen) == (60_000, 12_000)
    assert after.payee == before.payee
    assert after.version == before.version + 1


def test_half_a_draft_is_kept_and_not_submitted(site: Flask, team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    empty = dict.fromkeys(("amount", "reason", "people_count", "payee", "evidence_plan"), "")
    lines = {f"budget-0-{name}": "" for name in ("what", "quantity", "measure", "price")}
    at = written(clerk, **empty, **lines)
    assert "还没有填写" in clerk.get(at).text
    refused = submitted(clerk, at, 422)
    assert "请填写" in refused.summary  # type: ignore[attr-defined] # a page
    assert view_of(site, at).status is S.DRAFT


#: What is typed, the field beside which the refusal stands, and a part of its sentence.
BAD = [
    ({"title": ""}, "title", "请填写"),
    ({"title": "x" * 121}, "title", "最多 120 字"),
    ({"title": "煤\u202e款"}, "title", "不能"),
    ({"title": "给 13912345678 买煤"}, "title", "号码"),
    ({"reason": "身份证 62010219900101123X"}, "reason", "号码"),
    ({"amount": "NaN"}, "amount", "请用数字填写金额"),
    ({"amount": "1e3"}, "amount", "请用数字填写金额"),
    ({"amount": "-5"}, "amount", "请用数字填写金额"),
    ({"amount": "0.001"}, "amount", "请用数字填写金额"),
    ({"amount": "Infinity"}, "amount", "请用数字填写金额"),
    ({"people_count": "五"}, "people_count", "请填写整数"),
    ({"people_count": "-1"}, "people_count", "请填写整数"),
    ({"people_count": "NaN"}, "people_count", "请填写整数"),
    ({"people_codes": "王秀花"}, "people_codes", "只填编号"),
    ({"people_codes": "620102199001011234"}, "people_codes", "只填编号"),
    ({"budget-0-price": "abc"}, "budget-0-price", "请用数字填写金额"),
    ({"budget-0-price": "0"}, "budget-0-price", "应大于零"),
    ({"budget-0-quantity": "0"}, "budget-0-quantity", "应大于零"),
    ({"budget-0-quantity": "1.5"}, "budget-0-quantity", "请填写整数"),
    ({"budget-0-what": ""}, "budget-0-what", "请填写"),
    ({"area": "999999"}, "area", "没有这个地区"),
    ({"area": "<b>"}, "area", "没有这个地区"),
    ({"starts_on": "2026-13-01"}, "starts_on", "请填写日期"),
    ({"ends_on": "2001-01-01"}, "ends_on", "不能早于"),
    ({"purpose": "party"}, "purpose", "请选择其中一项"),
    ({"category": "friends"}, "category", "请选择其中一项"),
    ({"payee": "0000000000000000"}, "payee", "没有找到这个收款方"),
    ({"payee_name": ""}, "payee_name", "户名"),
    ({"payee_bank": ""}, "payee_bank", "请填写"),
    ({"payee_account": "12"}, "payee_account", "8 到 32 位"),
    ({"payee_account": "6222001234567891"}, "payee_account", "校验位不正确"),
    ({"payee_uscc": "91110000600037341X"}, "payee_uscc", "统一社会信用代码不正确"),
    ({"payee_kind": "person", "payee_account": "6222001234567891", "payee_phone": "13900001234"},
     "payee_account", "校验位不正确"),
    ({"payee_kind": "thing"}, "payee_kind", "请选择其中一项"),
]  # fmt: skip


def test_bad_input_is_told_beside_its_field_and_nothing_is_kept(
    site: Flask, team: Team, desk: Desk
) -> None:
    clerk = desk(team.clerk)
    wrong = []
    for changes, field, words in BAD:
        page = clerk.post(f"{DESK}/new", filled(clerk.get(f"{DESK}/new"), **changes), 422)
        if words not in page.error_of(field) or not page.summary:
            wrong.append((changes, page.error_of(field), page.summary))
    assert not wrong
    person = {"payee_kind": "person", "payee_uscc": "", "payee_phone": ""}
    page = clerk.post(
        f"{DESK}/new", filled(clerk.get(f"{DESK}/new"), payee_account=uses.card(), **person), 422
    )
    assert "手机号码或身份证号码" in page.error_of("payee_phone")
    with site.app_context():
        assert uses.stored("disbursements_application") == 0
        assert uses.stored("disbursements_payee") == 0
        db.session.remove()


def test_doubled_fields_and_forms_without_token_change_nothing(
    site: Flask, team: Team, desk: Desk
) -> None:
    clerk = desk(team.clerk)
    form = filled(clerk.get(f"{DESK}/new"))
    clerk.post(f"{DESK}/new", {**form, "amount": ["500", "5000"]}, 400)
    clerk.post(f"{DESK}/new", {**form, "csrf_token": "forged"}, 400)
    with site.app_context():
        assert uses.stored("disbursements_application") == 0
        db.session.remove()


def test_markup_and_addresses_in_texts_stay_text(team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    evil = "<script>alert(1)</script> file:///etc/passwd http://evil.example"
    at = written(
        clerk, title=evil, reason=evil, evidence_plan=evil, payee_name="<b>测试</b>有限公司"
    )
    page = clerk.get(at)
    assert evil in page.text
    assert not page.all("//main//script")
    assert not page.all("//a[contains(@href, 'evil.example')]")
    assert "<b>测试" not in page.response.text


def test_the_rules_refuse_in_plain_words(
    site: Flask, team: Team, desk: Desk, inside: Callable[..., object]
) -> None:
    """One fen above available, a budget that differs, nobody to pay, nothing to prove it with."""
    clerk = desk(team.clerk)
    above = {"amount": "1000.01", "budget-0-quantity": "1", "budget-0-price": "1000.01"}
    cases = [
        (above, "amount", "可用 ¥1,000.00，还差 ¥0.01"),
        ({"amount": "500.01"}, "amount", "相差 ¥0.01"),
        ({"payee": ""}, "payee", "请选择收款方"),
        ({"evidence_photo": "", "evidence_invoice": ""}, "evidence", "至少选择一种"),
        ({"people_count": "0", "people_codes": ""}, "category", "受助人数"),
        ({"people_count": "1"}, "people_codes", "编号不多于受助人数"),
        ({"ends_on": "2199-01-01"}, "ends_on", "使用时间应在"),
    ]
    for changes, fact, words in cases:
        at = written(clerk, **changes)
        page = submitted(clerk, at, 422)
        assert words in beside(page, fact), (changes, page.text)  # type: ignore[arg-type]
        assert words in page.summary  # type: ignore[attr-defined]
        assert view_of(site, at).status is S.DRAFT
    # The same with the last fen taken off goes through.
    at = written(clerk, **{**above, "amount": "1000", "budget-0-price": "1000"})
    submitted(clerk, at)
    assert view_of(site, at).status is S.WAITING


def test_outside_of_plan_and_area_is_refused(
    site: Flask, team: Team, desk: Desk, inside: Callable[..., object]
) -> None:
    with site.app_context():
        with atomic():
            use_plans.set_plan(
                world.OPEN,
                purposes={Purpose.EDUCATION},
                categories={Category.ORPHAN},
                use_from=clock.today(),
                use_until=clock.today(),
                clause="方案第三条：用于孤儿助学。",
                by=team.manager,
            )
        db.session.remove()
    clerk = desk(team.clerk)
    new = clerk.get(f"{DESK}/new")
    assert "募捐方案允许：助学" in new.text
    assert "募捐方案允许：孤儿" in new.text
    page = submitted(clerk, written(clerk), 422)
    assert "方案第三条" in beside(page, "purpose")  # type: ignore[arg-type]
    page = submitted(clerk, written(clerk, purpose="education"), 422)
    assert "方案第三条" in beside(page, "category")  # type: ignore[arg-type]
    with site.app_context():
        with atomic():
            db.session().execute(text("UPDATE funds_campaign SET area_code = '620500'"))
        db.session.remove()
    right = {"purpose": "education", "category": "orphan"}
    page = submitted(clerk, written(clerk, **right), 422)
    assert "地域范围" in beside(page, "area")  # type: ignore[arg-type]
    at = written(clerk, area="620502", **right)
    submitted(clerk, at)
    assert view_of(site, at).status is S.WAITING


def test_nobody_asks_for_money_for_themselves(site: Flask, team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    own = {
        "payee_kind": "person", "payee_name": team.clerk.name, "payee_uscc": "",
        "payee_phone": "13900007777",
    }  # fmt: skip
    at = written(clerk, payee_account=uses.card(), **own)
    page = submitted(clerk, at, 422)
    assert "收款方不能是申请人本人" in beside(page, "payee")  # type: ignore[arg-type]
    assert "13900007777" not in clerk.get(at).response.text


def test_a_book_with_a_shortfall_says_so(
    site: Flask, team: Team, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = desk(team.clerk)
    at = written(clerk)
    from charity.disbursements import use_queries

    real = use_queries.standing

    def short(book: int) -> queries.Standing:
        has = real(book)
        return queries.Standing(0, has.in_bank_fen, 0, 0, 0, 12_345)

    monkeypatch.setattr(use_queries, "standing", short)
    page = submitted(clerk, at, 422)
    assert "待补足款 ¥123.45" in beside(page, "amount")  # type: ignore[arg-type]


def test_money_on_its_way_is_told_apart_from_money_in_the_bank(
    site: Flask, team: Team, desk: Desk, inside: Callable[..., object]
) -> None:
    from tests.gifts import give

    with site.app_context():
        give((UNIT, 300_000))
        db.session.remove()
    clerk = desk(team.clerk)
    page = clerk.get(DESK)
    cells = [
        " ".join(one.text_content().split()) for one in page.all("//div[@class='figures']//dd")
    ]
    # 3,000 yuan less the provider's fee are on their way.
    assert cells[0].startswith("¥3,982.00")
    assert cells[1].startswith("¥1,000.00")
    assert cells[2].startswith("¥2,982.00")
    with site.app_context():
        made = asked(team, 200_000)
        uses.approve(team, made)
        db.session.remove()
    page = clerk.get(f"{DESK}/{made}")
    assert (
        "等待支付渠道结算：这个分账在银行内有 ¥1,000.00，到账够 ¥2,000.00 后才能拨付" in page.text
    )


def test_questions_are_answered_and_it_is_submitted_again(
    site: Flask, team: Team, desk: Desk, inside: Callable[..., object]
) -> None:
    from charity.disbursements import services

    with site.app_context():
        made = asked(team)
        with atomic():
            services.send_back(made, by=team.approver, questions="煤是哪家供应的？\n请附报价单。")
        db.session.remove()
    clerk, leader = desk(team.clerk), desk(team.crew.leader)
    waits = leader.get("/desk/")
    assert "回答审批人的问题" in waits.text
    assert "为特困家庭购买过冬取暖煤" in waits.text
    assert "为特困家庭购买过冬取暖煤" in leader.get("/desk/unit/applications").text
    page = clerk.get(f"{DESK}/{made}")
    assert "煤是哪家供应的" in page.text
    assert "退回补充" in page.text
    # Changing it makes a draft of it; the questions stand until it is submitted again.
    form = {**sent(clerk.get(f"{DESK}/{made}/edit")), "action": "save", "title": "过冬取暖煤"}
    clerk.post(f"{DESK}/{made}/edit", form)
    page = clerk.get(f"{DESK}/{made}")
    assert "煤是哪家供应的" in page.text
    answer = {**sent(page, "/submit"), "answer": "城关区供应，见附件。"}
    clerk.post(f"{DESK}/{made}/submit", answer)
    page = clerk.get(f"{DESK}/{made}")
    assert "城关区供应，见附件。" in page.text
    assert not page.all("//main//div[contains(@class, 'note--wait')]")
    assert "城关区供应，见附件。" in desk(team.approver).get(sheet_of(site, made)).text
    assert "回答审批人的问题" not in leader.get("/desk/").text


def sheet_of(site: Flask, application_id: str) -> str:
    with site.app_context():
        return f"/desk/fund/applications/{view(application_id).id}"


def test_what_another_wrote_meanwhile_is_read_before_it_is_submitted(
    site: Flask, team: Team, desk: Desk
) -> None:
    clerk, leader = desk(team.clerk), desk(team.crew.leader)
    at = written(clerk)
    stale = sent(clerk.get(at), "/submit")
    form = {**sent(leader.get(f"{at}/edit")), "action": "save", "reason": "改过了。"}
    leader.post(f"{at}/edit", form)
    page = clerk.post(f"{at}/submit", stale, 409)
    assert "状态已经改变" in page.summary
    assert view_of(site, at).status is S.DRAFT
    submitted(clerk, at)


def test_taking_back_copying_and_giving_up(site: Flask, team: Team, desk: Desk) -> None:
    clerk = desk(team.clerk)
    with site.app_context():
        first = asked(team)
        second = asked(team, 10_000)
        uses.approve(team, second)
        db.session.remove()
    page = clerk.get(f"{DESK}/{first}")
    clerk.post(f"{DESK}/{first}/withdraw", sent(page, "/withdraw"))
    assert view_of(site, first).status is S.WITHDRAWN
    again = clerk.post(f"{DESK}/{first}/withdraw", sent(page, "/withdraw"), 409)
    assert "不能这样办理" in again.summary
    made = clerk.post(f"{DESK}/{first}/copy", sent(page, "/copy"))
    edit = str(made.response.headers["Location"])
    copied = view_of(site, edit.removesuffix("/edit"))
    assert (copied.status, copied.copied_from) == (S.DRAFT, first)
    assert clerk.get(edit).value("title") == copied.title

    page = clerk.get(f"{DESK}/{second}")
    bad = clerk.post(f"{DESK}/{second}/give-up", {**sent(page, "/give-up"), "reason": ""}, 422)
    assert "理由" in bad.error_of("reason")
    done = {**sent(page, "/give-up"), "reason": "供应商已经捐赠。"}
    clerk.post(f"{DESK}/{second}/give-up", done)
    after = view_of(site, second)
    assert after.status is S.LAPSED
    assert "供应商已经捐赠" in clerk.get(f"{DESK}/{second}").text
    with site.app_context():
        assert uses.standing(after.book_id).available_fen == 100_000
        assert uses.broken() == set()
        db.session.remove()


def test_another_units_application_is_not_there(site: Flask, team: Team, desk: Desk) -> None:
    """Whoever may not see it gets the answer of what never was, by every way there is."""
    with site.app_context():
        made = draft(team)
        with atomic():
            stranger = make_person("外人", Grant(Role.UNIT_CLERK, world.OFFICE))
            above = make_person("测试另一位", Grant(Role.UNIT_LEADER, world.COUNTY))
        foreign = uses.add_payee(team, unit=UNIT)
        db.session.remove()
    theirs = f"/desk/unit/{world.OFFICE}/applications"
    other = desk(stranger)
    never = other.get("/desk/unit/NONE/applications", 404).response.data
    for path in (DESK, f"{DESK}/new", f"{DESK}/{made}", f"{DESK}/{made}/edit",
                 f"{theirs}/{made}", f"{theirs}/{made}/edit", f"{theirs}/{made}/evidence",
                 f"{theirs}/{made}/hand-back", f"{theirs}/{made}/files/x"):  # fmt: skip
        assert other.get(path, 404).response.data == never, path
    token = other.get(theirs).response
    assert token.status_code == 200
    csrf = {"csrf_token": csrf_of(other)}
    never = other.post(f"{DESK}/never-was/submit", csrf, 404).response.data
    for step in ("submit", "withdraw", "copy", "give-up", "files", "files/x/remove",
                 "evidence", "evidence/x/remove"):  # fmt: skip
        for start in (DESK, theirs):
            assert other.post(f"{start}/{made}/{step}", csrf, 404).response.data == never
    # Another unit's payee cannot be chosen, its book not be named.
    other.get(f"{theirs}/new?campaign={world.OPEN}&unit={UNIT}", 404)
    page = other.get(f"{theirs}/new?campaign={world.OPEN}")
    bad = other.post(f"{theirs}/new?campaign={world.OPEN}", filled(page, payee=foreign), 422)
    assert "没有找到这个收款方" in bad.error_of("payee")
    # The canary: those it concerns are let in, from above as well.
    desk(above).get(f"{DESK}/{made}")
    desk(team.clerk).get(f"{DESK}/{made}")
    with site.app_context():
        assert view(made).status is S.DRAFT


def csrf_of(client: Client) -> str:
    return client.get("/account").value("csrf_token")


def test_the_list_costs_the_same_with_many(
    site: Flask, team: Team, desk: Desk, query_count: Callable[..., object]
) -> None:
    clerk = desk(team.clerk)
    clerk.get(DESK)
    counts = []
    for _round in range(2):
        with site.app_context():
            for _each in range(3):
                draft(team)
        clerk.get(DESK)
        with query_count(site) as asked_for:  # type: ignore[attr-defined]
            clerk.get(DESK)
        counts.append(len(asked_for))
    assert counts[0] == counts[1]


def test_the_steward_applies_for_a_unit_that_left(site: Flask, team: Team, desk: Desk) -> None:
    """The money stays that unit's; the people of the unit named in its place ask for it."""
    today = clock.today()
    with site.app_context():
        made = draft(team)
        with atomic():
            other = make_person("测试另一位", Grant(Role.UNIT_CLERK, world.OFFICE))
            rows = "(SELECT id FROM funds_unit WHERE code = :old), (SELECT id FROM funds_unit"
            db.session().execute(
                text(
                    "INSERT INTO funds_steward (id, unit_id, steward_id, since, reason, request_id,"
                    f" first_person_id, second_person_id, recorded_at) SELECT 1, {rows}"
                    " WHERE code = :new), :day, 'x', 'r', 'a', 'b', :now"
                ),
                {"old": UNIT, "new": world.OFFICE, "day": today, "now": clock.now()},
            )
            db.session().execute(
                text("UPDATE funds_unit SET closed_on = :day, closed_why = 'left' WHERE code = :u"),
                {"day": today, "u": UNIT},
            )
        db.session.remove()
    theirs = f"/desk/unit/{world.OFFICE}/applications"
    steward = desk(other)
    assert "¥1,000.00" in steward.get(f"{theirs}?unit={UNIT}").text
    assert "提交" in steward.get(f"{theirs}/{made}").text
    new = f"{theirs}/new?campaign={world.OPEN}&unit={UNIT}"
    done = steward.post(new, filled(steward.get(new)))
    at = str(done.response.headers["Location"])
    assert at.startswith(theirs)
    assert view_of(site, at).unit_code == UNIT
    # Its own people read it and write no more.
    page = desk(team.clerk).get(f"{DESK}/{made}")
    assert not page.all("//form[contains(@action, '/submit')]")
    steward.get(f"{theirs}?unit={world.COUNTY}", 404)
