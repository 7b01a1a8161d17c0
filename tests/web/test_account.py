"""One's own account: the authenticator, recovery codes shown once, the password."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.client import Client, Page
from tests.people import Clock, cheap_hashes, make_person, set_password, sign_in, stopped
from tests.web.desk import NAMES, use_code

__all__ = ["cheap_hashes", "stopped"]

MAIL, PASSWORD = "manager@example.org", "竹篮打水一场空留下月亮"

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def clerk(site: Flask, stopped: Clock) -> Signed:
    """A fund manager without a second factor, and a stopped clock."""
    with site.app_context():
        with atomic():
            made = make_person("测试管理员", Grant(Role.FUND_MANAGER), email=MAIL)
        set_password(made, PASSWORD)
        db.session.remove()
    return made


def browser_of(site: Flask, who: Signed, lang: str = "zh") -> Client:
    """A browser in which this person signed in by password alone."""
    made = Client(site, lang, NAMES)
    sign_in(made.http, who, second_factor=False)
    return made


def secret_on(page: Page) -> str:
    """The secret beside the code to scan."""
    return "".join(page.all("//main//code")[0].text.split())


def set_up(browser: Client, stopped: Clock) -> tuple[str, list[str]]:
    """An authenticator set up by the pages: its secret and the recovery codes."""
    path = "/account/authenticator"
    browser.submit(path, 303, action="start")
    page = browser.get(path)
    secret = secret_on(page)
    shown = browser.submit(path, 200, code=use_code(secret, stopped.now), action="confirm")
    return secret, [code.text for code in shown.all("//main//ol//code")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_authenticator_is_set_up_by_scanning(
    site: Flask, clerk: Signed, stopped: Clock, lang: str
) -> None:
    browser = browser_of(site, clerk, lang)
    assert browser.get("/account/").all("//a[@href='/account/authenticator']")
    page = browser.submit("/account/authenticator", 303, action="start")
    page = browser.get("/account/authenticator")
    (drawn,) = page.all("//*[@role='img']//*[local-name()='svg']")
    assert drawn.get("style") is None
    assert page.response.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[A-Z2-7]{32}", secret_on(page))
    page = browser.submit("/account/authenticator", 422, code="123456", action="confirm")
    assert page.error_of("code")
    _secret, codes = set_up(browser, stopped)
    assert len(codes) == len(set(codes)) == 10
    # What was just set up was just proved.
    browser.get("/desk/fund/people/invite")


def test_recovery_codes_are_shown_once_and_open_once(
    site: Flask, clerk: Signed, stopped: Clock
) -> None:
    _secret, codes = set_up(browser_of(site, clerk), stopped)
    browser = browser_of(site, clerk)
    text = browser.get("/account/").response.text + browser.get("/account/authenticator").text
    assert not [code for code in codes if code in text]
    prove = "/login/second-factor?next=/desk/fund/people/invite"
    browser.submit(prove, 303, code=codes[0].lower())
    other = browser_of(site, clerk)
    assert other.submit(prove, 422, code=codes[0]).error_of("code")
    other.submit(prove, 303, code=codes[1].replace("-", " "))
    # New codes take the old ones' place.
    token = other.get("/account/").value("csrf_token")
    page = other.post("/account/recovery-codes", {"csrf_token": token}, 200)
    fresh = [code.text for code in page.all("//main//ol//code")]
    assert len(fresh) == 10
    third = browser_of(site, clerk)
    third.submit(prove, 422, code=codes[2])
    third.submit(prove, 303, code=fresh[0])


def test_what_stands_is_changed_only_by_who_has_proved_it(
    site: Flask, clerk: Signed, stopped: Clock
) -> None:
    set_up(browser_of(site, clerk), stopped)
    browser = browser_of(site, clerk)
    token = browser.get("/account/").value("csrf_token")
    for path, data in (
        ("/account/recovery-codes", {}),
        ("/account/authenticator", {"action": "start"}),
    ):
        answer = browser.post(path, {"csrf_token": token, **data})
        assert answer.response.headers["Location"].startswith("/login/second-factor?")
    answer = browser.http.post("/account/passkeys/challenge", headers={"X-CSRFToken": token})
    assert answer.status_code == 409


def test_a_code_opens_once(site: Flask, clerk: Signed, stopped: Clock) -> None:
    secret, _codes = set_up(browser_of(site, clerk), stopped)
    stopped.on(minutes=1)
    code = use_code(secret, stopped.now)
    browser_of(site, clerk).submit("/login/second-factor", 303, code=code)
    page = browser_of(site, clerk).submit("/login/second-factor", 422, code=code)
    assert page.error_of("code")


def test_a_new_password_ends_the_other_sessions(site: Flask, clerk: Signed, stopped: Clock) -> None:
    other, browser = browser_of(site, clerk), browser_of(site, clerk)
    path = "/account/password"
    new = "月亮掉进井里捞不上来"
    for given, field in (
        ({"old": PASSWORD, "new": "short", "again": "short"}, "new"),
        ({"old": PASSWORD, "new": new, "again": "another"}, "again"),
        ({"old": "wrong", "new": new, "again": new}, "old"),
        ({"old": PASSWORD, "new": "1234567890", "again": "1234567890"}, "new"),
        ({"old": PASSWORD, "new": "", "again": ""}, "new"),
    ):
        page = browser.get(path)
        sent = {**given, "csrf_token": page.value("csrf_token")}
        answer = browser.http.post(path, data=sent)
        assert answer.status_code in (401, 422), given
        assert f'id="{field}-error"' in answer.text, (given, field)
        stopped.on(minutes=1)
    assert other.get("/account/")
    browser.submit(path, 303, old=PASSWORD, new=new, again=new)
    assert "新密码已经保存" in browser.get("/account/").text
    assert other.http.get("/account/").status_code == 303
    stranger = Client(site, "zh", NAMES)
    stranger.submit("/login", 401, address=MAIL, password=PASSWORD, action="password")
    stopped.on(minutes=1)
    stranger.submit("/login", 303, address=MAIL, password=new, action="password")


def test_a_passkey_is_offered_where_browsers_make_one(
    site: Flask, clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They bind it to a site's name, and a site known by figures alone has none."""
    browser = browser_of(site, clerk)
    assert not browser.get("/account/").all("//form[@data-passkey]")
    settings = site.extensions["charity.settings"]
    named = settings.model_copy(update={"base_url": "https://charity.example.org"})
    monkeypatch.setitem(site.extensions, "charity.settings", named)
    (form,) = browser.get("/account/").all("//form[@data-passkey]/@action")
    assert form == "/account/passkeys"


def test_passkeys_are_asked_for_by_the_browser(site: Flask, clerk: Signed) -> None:
    """What the browser is to sign comes from the server; what is not an answer is refused."""
    browser = browser_of(site, clerk)
    token = browser.get("/account/").value("csrf_token")
    assert browser.http.post("/account/passkeys/challenge").status_code == 400
    asked = browser.http.post("/account/passkeys/challenge", headers={"X-CSRFToken": token})
    assert asked.json["rp"]["id"] == "127.0.0.1"
    assert asked.json["challenge"]
    browser.post("/account/passkeys", {"csrf_token": token, "answer": "{}"})
    assert "没有成功" in browser.get("/account/").text
    browser.post("/login/second-factor/passkey", {"csrf_token": token, "answer": "nonsense"})
    assert "没有成功" in browser.get("/login/second-factor").text
    browser.post("/account/passkeys/none/remove", {"csrf_token": token})


def test_without_a_factor_the_way_to_one_is_shown(site: Flask, clerk: Signed) -> None:
    page = browser_of(site, clerk).get("/login/second-factor?next=/desk/")
    (way,) = page.all("//main//a[contains(@href, '/account/authenticator')]/@href")
    assert way == "/account/authenticator?next=/desk/"


def test_signing_in_without_a_factor_leads_to_setting_it_up(site: Flask, clerk: Signed) -> None:
    browser = Client(site, "zh", NAMES)
    answer = browser.submit("/login", 303, address=MAIL, password=PASSWORD, action="password")
    assert answer.response.headers["Location"] == "/account/"
    assert "还没有设置两步验证" in browser.get("/account/").text
