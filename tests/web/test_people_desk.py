"""The fund's people: invited one by one and by list, given roles, handed over, reset by two."""

from __future__ import annotations

import hashlib
import io

import openpyxl
import pytest
from flask import Flask

from charity.approvals import delegations, services
from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import queries as people
from charity.people import rosters
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import hand
from tests.client import Client
from tests.factories import site as world
from tests.people import letters_to, make_person, sign_in
from tests.web.desk import NAMES, person_of

PEOPLE = "/desk/fund/people"


@pytest.fixture
def cast(site: Flask) -> dict[str, Signed]:
    """A manager, a second one, a cashier, a county's clerk."""
    with site.app_context():
        with atomic():
            made = {
                "manager": make_person("测试管理员", Grant(Role.FUND_MANAGER)),
                "second": make_person("测试另一位", Grant(Role.FUND_MANAGER)),
                "cashier": make_person("测试出纳", Grant(Role.CASHIER)),
                "clerk": make_person("测试经办", Grant(Role.UNIT_CLERK, world.COUNTY)),
            }
        db.session.remove()
    return made


@pytest.fixture
def manager(site: Flask, cast: dict[str, Signed]) -> Client:
    """The manager's browser, the second factor proved."""
    made = Client(site, "zh", NAMES)
    sign_in(made.http, cast["manager"])
    return made


def held(site: Flask, who: Signed) -> set[Grant]:
    with site.app_context():
        found = people.person(who.person_id)
        db.session.remove()
    assert found is not None
    return set(found.grants)


def act(browser: Client, who: Signed, verb: str, status: int = 303, **given: str) -> str:
    """Send one of the forms on a person's page."""
    token = browser.get(PEOPLE).value("csrf_token")
    page = browser.post(f"{PEOPLE}/{who.person_id}/{verb}", {"csrf_token": token, **given}, status)
    return page.summary


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everyone_with_a_role_is_listed_and_masked(
    site: Flask, cast: dict[str, Signed], lang: str
) -> None:
    browser = Client(site, lang, NAMES)
    sign_in(browser.http, cast["manager"])
    page = browser.get(PEOPLE)
    for one in cast.values():
        assert one.name in page.text
        browser.get(f"{PEOPLE}/{one.person_id}")
    assert "***@example.org" in page.text
    assert "p1380" not in page.text
    assert "榆中县妇女联合会" in page.text
    browser.get(f"{PEOPLE}/nobody", 404)


def test_roles_are_given_and_taken(site: Flask, manager: Client, cast: dict[str, Signed]) -> None:
    clerk = cast["clerk"]
    act(manager, clerk, "roles", role="unit_leader", scope=world.TOWN)
    assert Grant(Role.UNIT_LEADER, world.TOWN) in held(site, clerk)
    assert act(manager, clerk, "roles", 422, role="unit_leader", scope="NO-SUCH")
    assert act(manager, clerk, "roles", 422, role="unit_leader", scope="")
    assert act(manager, clerk, "roles", 422, role="king", scope="")
    assert "出纳与会计" in act(manager, cast["cashier"], "roles", 409, role="accountant", scope="")
    theirs = site.test_client()
    sign_in(theirs, clerk)
    act(manager, clerk, "roles/revoke", role="unit_leader", scope=world.TOWN)
    assert held(site, clerk) == {Grant(Role.UNIT_CLERK, world.COUNTY)}
    assert theirs.get("/account/").status_code == 303


def test_nobody_changes_their_own(site: Flask, manager: Client, cast: dict[str, Signed]) -> None:
    own = cast["manager"]
    assert act(manager, own, "roles", 422, role="approver", scope="")
    assert held(site, own) == {Grant(Role.FUND_MANAGER)}
    assert not manager.get(f"{PEOPLE}/{own.person_id}").all("//main//select")


def test_one_person_is_invited(site: Flask, manager: Client) -> None:
    given = {"name": "测试人员", "email": "new@example.org", "phone": "13912345678"}
    page = manager.submit(f"{PEOPLE}/invite", 422, **given, role="unit_clerk", scope="NO-SUCH")
    assert page.error_of("scope")
    page = manager.submit(f"{PEOPLE}/invite", 422, name="", email="x", role="cashier")
    assert page.error_of("name")
    page = manager.submit(f"{PEOPLE}/invite", 303, **given, role="unit_clerk", scope=world.TOWN)
    assert "测试人员" in manager.get(page.response.headers["Location"]).text
    with site.app_context():
        assert len(letters_to("new@example.org")) == 1


def xlsx(*rows: tuple[str, ...], heads: tuple[str, ...] = rosters.COLUMNS) -> bytes:
    book = openpyxl.Workbook()
    for row in (heads, *rows):
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


GOOD = (
    ("测试人员", "a@example.org", "13900000001", "募集经办人", world.COUNTY),
    ("测试审批", "b@example.org", "13900000002", "审批人", ""),
)


def upload(browser: Client, content: bytes, status: int = 200):  # type: ignore[no-untyped-def]
    token = browser.get(f"{PEOPLE}/list").value("csrf_token")
    data = {
        "csrf_token": token,
        "action": "preview",
        "file": (io.BytesIO(content), "people.xlsx"),
    }
    return browser.post(f"{PEOPLE}/list", data, status, content_type="multipart/form-data")


def test_a_list_is_looked_at_before_anyone_is_invited(site: Flask, manager: Client) -> None:
    page = upload(manager, xlsx(*GOOD))
    assert "测试审批" in page.text
    with site.app_context():
        assert letters_to("a@example.org") == []
        assert len(people.persons()) == 4
        db.session.remove()
    sent = {
        "csrf_token": page.value("csrf_token"),
        "checked": page.value("checked"),
        "action": "invite",
    }
    manager.post(f"{PEOPLE}/list", sent)
    with site.app_context():
        assert len(letters_to("a@example.org")) == 1
        assert len(people.persons()) == 6
        db.session.remove()


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (("测试人员", "no address", "13900000003", "出纳", ""), "邮箱"),
        (("测试人员", "c@example.org", "1", "出纳", ""), "手机"),
        (("测试人员", "c@example.org", "13900000003", "国王", ""), "角色"),
        (("测试人员", "c@example.org", "13900000003", "募集经办人", "NO-SUCH"), "单位"),
        (("=1+1", "c@example.org", "13900000003", "出纳", ""), "公式"),
    ],
)
def test_a_list_with_a_wrong_row_invites_nobody(
    site: Flask, manager: Client, row: tuple[str, ...], word: str
) -> None:
    page = upload(manager, xlsx(*GOOD, row), 422)
    assert "第 4 行" in page.summary
    assert word in page.summary
    with site.app_context():
        assert len(people.persons()) == 4
        db.session.remove()


def test_what_is_no_list_is_refused(manager: Client) -> None:
    for content in (b"", b"PK\x03\x04 not a sheet", xlsx(heads=("a", "b")), b"x" * 300_000):
        assert upload(manager, content, 422).summary
    empty = manager.http.get(f"{PEOPLE}/list.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(empty.data))
    assert [cell.value for cell in book.active[1]] == list(rosters.COLUMNS)


def test_only_what_was_shown_is_confirmed(
    site: Flask, manager: Client, cast: dict[str, Signed]
) -> None:
    page = upload(manager, xlsx(*GOOD))
    checked = page.value("checked")
    second = Client(site, "zh", NAMES)
    sign_in(second.http, cast["second"])
    for browser, text in ((manager, checked[:-2] + "xx"), (manager, ""), (second, checked)):
        token = browser.get(f"{PEOPLE}/list").value("csrf_token")
        sent = {"csrf_token": token, "checked": text, "action": "invite"}
        browser.post(f"{PEOPLE}/list", sent, 422)
    with site.app_context():
        assert len(people.persons()) == 4
        db.session.remove()


def test_a_leaver_hands_over(site: Flask, manager: Client, cast: dict[str, Signed]) -> None:
    clerk, cashier = cast["clerk"], cast["cashier"]
    page = manager.get(f"{PEOPLE}/{clerk.person_id}")
    offered = page.all("//select[@name='successor']/option/@value")
    assert cashier.person_id in offered
    assert cast["manager"].person_id not in offered
    assert act(manager, clerk, "hand-over", 422, successor="nobody")
    act(manager, clerk, "hand-over", successor=cashier.person_id)
    assert held(site, cashier) == {Grant(Role.CASHIER), Grant(Role.UNIT_CLERK, world.COUNTY)}
    assert held(site, clerk) == set()
    theirs = site.test_client()
    theirs.get("/account/")
    assert "离岗" in manager.get(f"{PEOPLE}/{clerk.person_id}").text


def test_what_waits_for_a_leaver_is_on_the_page_and_their_delegations_end(
    site: Flask, manager: Client, cast: dict[str, Signed]
) -> None:
    clerk, second = cast["clerk"], cast["second"]
    where = f"{PEOPLE}/{clerk.person_id}"
    assert "没有等这位人员办理的事项" in manager.get(where).text
    with site.app_context():
        with atomic():
            leader = make_person("测试负责人", Grant(Role.UNIT_LEADER, world.COUNTY))
        crew = hand.Crew(
            clerk=clerk, other=clerk, leader=leader, cashier=cast["cashier"],
            accountant=cast["cashier"], manager=cast["manager"],
        )  # fmt: skip
        hand.enter(crew, hand.asked(world.COUNTY, world.OPEN, 1_000, 2_050))
        number = hand.close(crew, world.COUNTY, 3_050)
        hand.enter(crew, hand.asked(world.COUNTY, world.OPEN, 700))
        today = clock.today()
        with atomic():
            delegations.delegate(
                Role.FUND_MANAGER, None, cast["manager"].person_id, today, today, by=second
            )
        db.session.remove()
    page = manager.get(where)
    assert number in page.text
    assert "1 笔 · ¥7.00" in page.text
    page = manager.get(f"{PEOPLE}/{second.person_id}")
    assert "测试另一位委托测试管理员" in page.text
    act(manager, second, "hand-over", successor="")
    with site.app_context():
        assert approvals.delegations_standing() == []
        db.session.remove()


def test_only_the_leaver_could_decide(
    site: Flask, manager: Client, cast: dict[str, Signed]
) -> None:
    with site.app_context():
        with atomic():
            alone = services.request(
                Kind.REFUND, "g1", {"gift": "g1"}, by=cast["manager"], title="测试申请",
            )  # fmt: skip
        db.session.remove()
    page = manager.get(f"{PEOPLE}/{cast['second'].person_id}")
    assert "只有这位人员能审批" in page.text
    assert page.all(f"//main//a[@href='/desk/fund/approvals/{alone}']")


def test_who_left_is_found_and_invited_again(
    site: Flask, manager: Client, cast: dict[str, Signed]
) -> None:
    clerk = cast["clerk"]
    where = f"{PEOPLE}/{clerk.person_id}"
    assert not manager.get(f"{PEOPLE}?show=left").all(f"//main//a[@href='{where}']")
    act(manager, clerk, "hand-over", successor="")
    assert not manager.get(PEOPLE).all(f"//main//a[@href='{where}']")
    assert manager.get(f"{PEOPLE}?show=left").all(f"//main//a[@href='{where}']")
    given = {"role": "unit_clerk", "scope": world.TOWN, "email": "again@example.org"}
    token = manager.get(where).value("csrf_token")
    for wrong in ({"email": ""}, {"email": "x"}, {"role": "king"}, {"scope": "NO-SUCH"}):
        sent = {"csrf_token": token, **given, **wrong}
        assert manager.post(f"{where}/return", sent, 422).summary
    assert held(site, clerk) == set()
    manager.post(f"{where}/return", {"csrf_token": token, **given})
    assert held(site, clerk) == {Grant(Role.UNIT_CLERK, world.TOWN)}
    with site.app_context():
        assert len(letters_to("again@example.org")) == 1
        db.session.remove()
    manager.post(f"{where}/return", {"csrf_token": token, **given}, 409)


@pytest.mark.slow
def test_five_hundred_rows_of_the_longest_texts_are_confirmed(site: Flask, manager: Client) -> None:
    rows = [
        (
            "".join(chr(0x4E00 + (number * 61 + place * 97) % 20_000) for place in range(60)),
            f"{hashlib.sha256(str(number).encode()).hexdigest()}@"
            + ".".join([hashlib.sha256(f"{number} {i}".encode()).hexdigest()[:60] for i in (1, 2)])
            + ".org",
            f"139{number:08}",
            "募集经办人",
            world.COUNTY,
        )
        for number in range(rosters.MOST_ROWS)
    ]
    page = upload(manager, xlsx(*rows))
    checked = page.value("checked")
    # Longer than any other form may be.
    assert len(checked) > 64 * 1024
    sent = {"csrf_token": page.value("csrf_token"), "checked": checked, "action": "invite"}
    manager.post(f"{PEOPLE}/list", sent)
    with site.app_context():
        assert len(people.persons(limit=1_000)) == 4 + rosters.MOST_ROWS
        db.session.remove()


def test_a_factor_is_reset_by_two(site: Flask, manager: Client, cast: dict[str, Signed]) -> None:
    clerk = cast["clerk"]
    person_of(site, clerk).with_totp()
    assert act(manager, clerk, "reset-factor", 422, reason="")
    token = manager.get(PEOPLE).value("csrf_token")
    asked = manager.post(
        f"{PEOPLE}/{clerk.person_id}/reset-factor",
        {"csrf_token": token, "reason": "手机丢失"},
    ).response.headers["Location"]
    second = Client(site, "zh", NAMES)
    sign_in(second.http, cast["second"])
    assert second.get("/desk/").all(f"//main//a[@href='{asked}']")
    with site.app_context():
        assert people.factors(clerk.person_id).any
        db.session.remove()
    page = second.get(asked)
    sent = {"csrf_token": page.value("csrf_token"), "seen": page.value("seen"), "answer": "approve"}
    second.post(f"{asked}/decision", sent)
    with site.app_context():
        assert not people.factors(clerk.person_id).any
        db.session.remove()


def test_the_desk_says_when_nothing_waits(site: Flask, cast: dict[str, Signed]) -> None:
    for lang in ("zh", "en"):
        browser = Client(site, lang, NAMES)
        sign_in(browser.http, cast["clerk"])
        page = browser.get("/desk/")
        assert page.all("//*[contains(@class, 'empty')]")
        assert not page.all("//nav//a[contains(@href, '/desk/fund/people')]")
