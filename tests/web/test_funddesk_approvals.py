"""The desk's pages of approvals, delegations and parameters, as the office uses them.

Rule: what a page refuses it says in a sentence, and nothing was changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from charity.approvals import queries
from charity.approvals.errors import NotApproved
from charity.approvals.kinds import Kind
from charity.kernel import clock
from charity.kernel.db import db
from charity.parameters import queries as parameters
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web.funddesk.effects import EFFECTS
from charity.web.funddesk.sheet import general, sheet
from charity.web.funddesk.words import KINDS, STATUSES
from tests.client import Client, Page
from tests.factories import site as world
from tests.factories.approvals import Cast, ask, decide, hand_over, make_cast
from tests.people import sign_in

KEY = "approvals.days.refund"
HERE = "/desk/fund/approvals"


@pytest.fixture
def cast(site: Flask) -> Cast:
    """People of every role."""
    with site.app_context():
        made = make_cast()
        db.session.remove()
    return made


@pytest.fixture
def desk(site: Flask, cast: Cast) -> Callable[[Signed], Client]:
    """A browser in which this person is signed in."""

    def open_for(who: Signed, lang: str = "zh") -> Client:
        names = {one.name for one in cast.everyone} | {"测试申请 g1"}
        client = Client(site, lang, world.NAMES | names)
        sign_in(client.http, who)
        return client

    return open_for  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def no_effect_of_refunds(monkeypatch: pytest.MonkeyPatch) -> None:
    """These requests are about gifts that do not exist: what an approval sets off is put in by
    the tests that ask about it.
    """
    monkeypatch.delitem(EFFECTS, Kind.REFUND, raising=False)


def asked(site: Flask, cast: Cast, subject: str = "g1") -> str:
    """A refund asked for by the manager."""
    with site.app_context():
        name = ask(cast.manager, subject=subject)
        db.session.remove()
    return name


def status(site: Flask, name: str) -> str:
    with site.app_context():
        found = queries.request(name).status.value
        db.session.remove()
    return found


def answer(client: Client, name: str, said: str, status: int = 303, **changes: str) -> Page:
    """Send the form of the sheet with one of its two buttons."""
    page = client.get(f"{HERE}/{name}")
    given = {
        "csrf_token": page.value("csrf_token"),
        "seen": page.value("seen"),
        "answer": said,
        "reason": "",
        **changes,
    }
    return client.post(f"{HERE}/{name}/decision", given, status)


def test_words_for_every_kind_and_status() -> None:
    assert set(KINDS) == set(Kind)
    assert {status.value for status in STATUSES} == {
        "waiting", "approved", "refused", "withdrawn", "expired", "used",
    }  # fmt: skip
    assert Kind.PARAMETER in EFFECTS


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_without_anything(desk: Callable[..., Client], cast: Cast, lang: str) -> None:
    client = desk(cast.manager, lang)
    for show in ("waiting", "asked", "done", "nonsense"):
        assert client.get(f"{HERE}?show={show}&kind=x&status=y&after=z").all("//h1")
    for path in ("/desk/fund/parameters", f"/desk/fund/parameters/{KEY}", "/desk/fund/delegations"):
        assert client.get(path).all("//h1")


def test_the_sheet_shows_every_fact_in_words(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    page = desk(cast.approver).get(f"{HERE}/{name}")
    with site.app_context():
        digest = queries.request(name).facts_sha256
    for words in ("¥10.00", "g1", "错付", digest, cast.manager.name, "等待审批"):
        assert words in page.text, words
    assert "amount_fen" not in page.text
    assert "{" not in page.text
    # Nobody else is offered the buttons, and those who may not are told why.
    assert page.all("//button[@name='answer']")
    mine = desk(cast.manager).get(f"{HERE}/{name}")
    assert not mine.all("//button[@name='answer']")
    assert "不能审批自己提出的申请" in mine.text
    watcher = desk(cast.fund[Role.SUPERVISOR]).get(f"{HERE}/{name}")
    assert not watcher.all("//button[@name='answer']")
    assert "您的岗位不能审批这项申请" in watcher.text


def test_approved_by_another_on_the_page(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    client = desk(cast.approver)
    assert "测试申请 g1" in client.get(HERE).text
    assert "测试申请 g1" in client.get("/desk/").text
    answer(client, name, "approve")
    page = client.get(f"{HERE}/{name}")
    assert "已批准" in page.text
    assert cast.approver.name in page.text
    assert status(site, name) == "approved"
    assert "测试申请 g1" not in client.get(HERE).text
    assert "测试申请 g1" in client.get(f"{HERE}?show=done&kind=refund&status=approved").text
    assert "测试申请 g1" not in client.get(f"{HERE}?show=done&kind=slip").text
    assert "测试申请 g1" in desk(cast.manager).get(f"{HERE}?show=asked").text


def test_refused_says_why(site: Flask, desk: Callable[[Signed], Client], cast: Cast) -> None:
    name = asked(site, cast)
    client = desk(cast.approver)
    page = answer(client, name, "refuse", 422)
    assert page.error_of("reason") == "错误：请写明不同意的理由。"
    assert status(site, name) == "waiting"
    page = answer(client, name, "refuse", 422, reason="长" * 501)
    assert "500" in page.error_of("reason")
    answer(client, name, "refuse", reason="收款人不符")
    assert "收款人不符" in desk(cast.manager).get(f"{HERE}/{name}").text
    assert status(site, name) == "refused"


@pytest.mark.parametrize("said", ["", "yes", "APPROVE"])
def test_an_unknown_button_decides_nothing(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast, said: str
) -> None:
    name = asked(site, cast)
    page = answer(desk(cast.approver), name, said, 422)
    assert "请选择同意或不同意" in page.summary
    assert status(site, name) == "waiting"


def test_what_was_not_looked_at_is_not_decided(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    client = desk(cast.approver)
    page = answer(client, name, "approve", 409, seen="0" * 64)
    assert "不一致" in page.summary
    # A sheet that lay open while other facts were asked for decides nothing either.
    old = client.get(f"{HERE}/{name}")
    with site.app_context():
        ask(cast.manager, facts={"amount_fen": 1})
        db.session.remove()
    given = {"csrf_token": old.value("csrf_token"), "seen": old.value("seen"), "answer": "approve"}
    page = client.post(f"{HERE}/{name}/decision", given, 409)
    assert "已经办结" in page.summary
    assert "由新的申请代替" in page.text
    assert status(site, name) == "withdrawn"


def test_the_requester_gets_a_sentence(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    client = desk(cast.manager)
    page = client.get(f"{HERE}/{name}")
    token = page.value("csrf_token")
    with site.app_context():
        digest = queries.request(name).facts_sha256
        db.session.remove()
    given = {"csrf_token": token, "seen": digest, "answer": "approve"}
    page = client.post(f"{HERE}/{name}/decision", given, 403)
    assert "不能审批自己提出的申请" in page.summary
    client.post(f"{HERE}/{name}/withdraw", {"csrf_token": token})
    assert status(site, name) == "withdrawn"
    page = client.post(f"{HERE}/{name}/withdraw", {"csrf_token": token}, 409)
    assert "已经办结" in page.summary


def test_without_a_token_nothing_happens(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    response = desk(cast.approver).http.post(f"{HERE}/{name}/decision", data={"answer": "approve"})
    assert response.status_code in (400, 422)
    assert status(site, name) == "waiting"


def test_another_s_request_is_withdrawn_by_nobody_else(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    client = desk(cast.manager2)
    token = client.get(f"{HERE}/{name}").value("csrf_token")
    client.post(f"{HERE}/{name}/withdraw", {"csrf_token": token}, 404)
    assert status(site, name) == "waiting"


def test_people_of_units_and_strangers_see_no_desk_of_the_fund(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    name = asked(site, cast)
    for path in (HERE, f"{HERE}/{name}", "/desk/fund/parameters", "/desk/fund/delegations"):
        desk(cast.leader).get(path, 404)
        Client(site, "zh", world.NAMES).get(path, 303)
    desk(cast.manager).get(f"{HERE}/nothing", 404)
    desk(cast.manager).get("/desk/fund/parameters/no.such", 404)


def test_the_decision_asks_for_a_second_factor(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = asked(site, cast)
    client = desk(cast.approver)
    token = client.get(f"{HERE}/{name}").value("csrf_token")
    from charity.people import queries as people

    monkeypatch.setattr(people, "is_fresh", lambda _signed: False)
    given = {"csrf_token": token, "answer": "approve"}
    page = client.post(f"{HERE}/{name}/decision", given, 303)
    assert "/login/second-factor" in page.response.headers["Location"]
    assert status(site, name) == "waiting"


def test_an_effect_that_refuses_leaves_the_decision_untaken(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_view: object, _by: Signed) -> None:
        raise NotApproved

    monkeypatch.setitem(EFFECTS, Kind.REFUND, refuse)
    name = asked(site, cast)
    page = answer(desk(cast.approver), name, "approve", 409)
    assert "还没有获得批准" in page.summary
    assert status(site, name) == "waiting"
    with site.app_context():
        assert queries.request(name).decisions == ()
        db.session.remove()


def test_an_effect_runs_with_the_last_word_only(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, str]] = []
    monkeypatch.setitem(EFFECTS, Kind.REFUND, lambda view, by: ran.append((view.id, by.person_id)))
    refused, approved = asked(site, cast, "g1"), asked(site, cast, "g2")
    client = desk(cast.approver)
    answer(client, refused, "refuse", reason="否")
    assert ran == []
    answer(client, approved, "approve")
    assert ran == [(approved, cast.approver.person_id)]


# --- parameters -----------------------------------------------------------------------------


def test_a_figure_is_changed_by_two_on_the_pages(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    manager, path = desk(cast.manager), f"/desk/fund/parameters/{KEY}"
    day = clock.today() + dt.timedelta(days=1)
    given = {
        "csrf_token": manager.get(path).value("csrf_token"),
        "value": "20",
        "valid_from": day.isoformat(),
        "source": "测试决定",
        "note": "",
    }
    for field, value, words in (
        ("value", "", "整数"),
        ("value", "2.5", "整数"),
        ("value", "９", "整数"),
        ("value", "9" * 14, "整数"),
        ("value", "0", "1 天 到 180 天"),
        ("valid_from", clock.today().isoformat(), "最早为明天"),
        ("valid_from", "2026-13-40", ""),
        ("source", " ", "依据"),
        ("source", "长" * 301, "300"),
        ("source", "a\x00b", "不能使用的字符"),
    ):
        page = manager.post(path, {**given, field: value}, 422)
        assert words in page.error_of(field), (field, value, page.error_of(field))
        assert page.error_of(field)
    address = manager.post(path, given).response.headers["Location"]
    assert "已有一项变更在办理" in manager.get(path).text
    sheet_page = desk(cast.approver).get(address)
    for words in ("退回捐赠的审批期限", "14 天", "20 天", "测试决定"):
        assert words in sheet_page.text
    name = address.rpartition("/")[2]
    answer(desk(cast.approver), name, "approve")
    assert status(site, name) == "used"
    with site.app_context():
        assert parameters.value(KEY, day) == 20
        db.session.remove()
    page = manager.get(path)
    assert "20 天" in page.text
    assert "尚未生效" in page.text
    assert "20 天" in manager.get("/desk/fund/parameters").text


def test_who_may_not_ask_sees_no_form(desk: Callable[[Signed], Client], cast: Cast) -> None:
    client, path = desk(cast.fund[Role.DISCLOSER]), f"/desk/fund/parameters/{KEY}"
    page = client.get(path)
    assert not page.all("//input[@name='value']")
    token = client.get("/desk/fund/delegations").all("//input[@name='csrf_token']/@value")[0]
    client.post(path, {"csrf_token": token, "value": "20"}, 404)


def test_money_is_typed_in_yuan(site: Flask, desk: Callable[[Signed], Client], cast: Cast) -> None:
    client, path = desk(cast.manager), "/desk/fund/parameters/gifts.max_fen"
    day = (clock.today() + dt.timedelta(days=1)).isoformat()
    page = client.get(path)
    assert "存疑" in page.text
    given = {
        "csrf_token": page.value("csrf_token"),
        "value": "50.001",
        "valid_from": day,
        "source": "测试决定",
    }
    assert "小数" in client.post(path, given, 422).error_of("value")
    address = client.post(path, {**given, "value": "200000.50"}).response.headers["Location"]
    assert "¥200,000.50" in client.get(address).text


# --- delegations ----------------------------------------------------------------------------


def test_deciding_is_handed_over_and_taken_back(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast
) -> None:
    approver, discloser = desk(cast.approver), desk(cast.fund[Role.DISCLOSER])
    path, today = "/desk/fund/delegations", clock.today()
    name = asked(site, cast)
    assert not discloser.get(f"{HERE}/{name}").all("//button[@name='answer']")
    given = {
        "csrf_token": approver.get(path).all("//input[@name='csrf_token']/@value")[0],
        "role": "approver",
        "person": cast.fund[Role.DISCLOSER].person_id,
        "starts_on": today.isoformat(),
        "ends_on": (today + dt.timedelta(days=400)).isoformat(),
    }
    assert "90" in approver.post(path, given, 422).error_of("ends_on")
    unfit = (
        ("role", "fund_manager"),
        ("person", "x"),
        ("person", cast.approver.person_id),
        ("starts_on", ""),
    )
    for field, value in unfit:
        assert approver.post(path, {**given, field: value}, 422).error_of(field)
    given["ends_on"] = today.isoformat()
    approver.post(path, given)
    assert "有效" in approver.get(path).text
    answer(discloser, name, "approve")
    assert f"受{cast.approver.name}委托" in discloser.get(f"{HERE}/{name}").text
    page = approver.get(path)
    (action,) = page.all("//form[contains(@action, '/revoke')]/@action")
    approver.post(action, {"csrf_token": given["csrf_token"]})
    assert "已收回" in approver.get(path).text
    # Somebody else's delegation is a 404, with a token of one's own (every desk has its sign-out).
    token = discloser.get(path).all("//input[@name='csrf_token']/@value")[0]
    discloser.post(action, {"csrf_token": token}, 404)


def test_who_has_nothing_to_hand_over_sees_no_form(
    desk: Callable[[Signed], Client], cast: Cast
) -> None:
    page = desk(cast.fund[Role.SUPERVISOR]).get("/desk/fund/delegations")
    assert not page.all("//select[@name='role']")


# --- the list, long -------------------------------------------------------------------------


def test_long_lists_go_by_pages(
    site: Flask, desk: Callable[[Signed], Client], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.app_context():
        for number in range(53):
            name = ask(cast.manager, subject=f"h{number}")
        decide(name, cast.approver)
        hand_over(cast.approver, cast.manager2, Role.APPROVER)
        db.session.remove()
    client = desk(cast.manager)
    page = client.get(f"{HERE}?show=asked&kind=refund")
    assert len(page.all("//tbody/tr")) == 50
    (link,) = page.all("//a[@rel='next']/@href")
    assert "kind=refund" in link
    rest = client.get(link)
    assert len(rest.all("//tbody/tr")) == 3
    assert not rest.all("//a[@rel='next']")


# --- the sheet ------------------------------------------------------------------------------


def test_no_fact_is_left_off_the_sheet(site: Flask) -> None:
    facts = {
        "amount_fen": 123,
        "valid_from": "2026-12-01",
        "at": "2026-12-01T08:00:00+00:00",
        "odd": "2026-99-99",
        "yes": True,
        "nothing": None,
        "many": ["a", {"amount_fen": 5}, ["b", 2]],
        "none": [],
        "inner": {"unit": "GS-1", "deep": {"amount_fen": 7}},
        "photo_sha256": "a" * 64,
    }
    with site.test_request_context("/?lang=zh"):
        lines = {one.label: one.text or one.lines for one in general(facts)}
    assert lines == {
        "金额": "¥1.23",
        "生效日期": "2026年12月1日",
        "at": "2026年12月1日 16:00",
        "odd": "2026-99-99",
        "yes": "是",
        "nothing": "没有",
        "many": ("a", "金额 ¥0.05", "b · 2"),
        "none": ("没有",),
        "inner · 募集单位": "GS-1",
        "inner · deep · 金额": "¥0.07",
        "照片校验值": "a" * 64,
    }


def test_a_slip_s_gifts_are_money_on_its_sheet(site: Flask) -> None:
    gifts = [["g1", "yiyuan", 100], ["g2", "yiyuan", 200]]
    facts = {"number": "S-1", "amount_fen": 300, "gifts": gifts}
    with site.test_request_context("/?lang=zh"):
        lines = {one.label: one.text or one.lines for one in sheet(Kind.SLIP, facts)}
    assert lines["捐赠明细"] == ("g1 · yiyuan · ¥1.00", "g2 · yiyuan · ¥2.00")
