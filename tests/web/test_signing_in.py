"""Signing in over the pages: one answer to strangers, nothing fixed before, no way elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import Signer

from charity.app import create_app
from charity.config import RunMode
from charity.kernel.access import Access, access_of
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import db
from charity.people import demo, links, roles, signing
from charity.people.kinds import LinkPurpose, Role
from charity.people.queries import Grant, Signed
from charity.web import signed as cookies
from tests.client import Client
from tests.conftest import TestDatabase, make_settings
from tests.factories import site as world
from tests.people import (
    Clock,
    cheap_hashes,
    letters_to,
    links_sent,
    make_person,
    set_password,
    sign_in,
    stopped,
)
from tests.web.desk import NAMES, person_of, token_of, use_code

__all__ = ["cheap_hashes", "stopped"]

MAIL, PASSWORD, NAME = "manager@example.org", "竹篮打水一场空留下月亮", "测试管理员"
COOKIE = "signed"

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def manager(site: Flask) -> Signed:
    """A fund manager with a password and no second factor set up."""
    with site.app_context():
        with atomic():
            made = make_person(NAME, Grant(Role.FUND_MANAGER), email=MAIL)
        set_password(made, PASSWORD)
        db.session.remove()
    return made


@pytest.fixture
def caller(site: Flask) -> Client:
    """A reader of Chinese, signed in as nobody."""
    return Client(site, "zh", NAMES)


def enter(caller: Client, path: str = "/login", **changes: str) -> Client:
    """Sign in by password."""
    given = {"address": MAIL, "password": PASSWORD, "action": "password", **changes}
    caller.submit(path, 303, **given)
    return caller


def where(caller: Client, path: str, **kw: str) -> str:
    """Where this address sends one; empty when it answers itself."""
    answer = caller.http.get(path, **kw)
    return answer.headers.get("Location", "")


def signed_cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie(COOKIE)
    return found.value if found else None


def test_a_password_opens_the_desk_and_signing_out_ends_it(caller: Client, manager: Signed) -> None:
    assert where(caller, "/desk/") == "/login?next=/desk/"
    enter(caller)
    page = caller.get("/desk/")
    assert page.all("//nav//a[@href='/desk/'][contains(., '工作台')]")
    assert NAME in page.text
    kept = signed_cookie(caller.http)
    caller.post("/logout", {"csrf_token": page.value("csrf_token")})
    assert signed_cookie(caller.http) is None
    # The token itself is worth nothing any more: the session ended on the server.
    caller.http.set_cookie(COOKIE, kept or "")
    assert where(caller, "/desk/") == "/login?next=/desk/"


def test_the_public_site_knows_who_reads_only_when_somebody_is_signed_in(
    caller: Client, manager: Signed
) -> None:
    page = caller.get("/help")
    assert page.all("//footer//a[@href='/login']")
    assert not page.all("//header//a[@href='/desk/']")
    assert page.response.headers["Cache-Control"] == "no-cache"
    sign_in(caller.http, manager)
    page = caller.get("/help")
    assert page.all("//header//a[@href='/desk/']")
    assert not page.all("//footer//a[@href='/login']")
    assert page.response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_wrong_is_not_said(site: Flask, manager: Signed, lang: str) -> None:
    """A stranger's address, a wrong password: the same status and the same words."""
    answers = set()
    for address in (MAIL, "nobody@example.org"):
        caller = Client(site, lang, NAMES)
        page = caller.submit(
            "/login", 401, address=address, password="not this one", action="password"
        )
        assert page.summary
        answers.add(re.sub(r'value="[^"]*"', "", page.response.text))
        assert signed_cookie(caller.http) is None
    assert len(answers) == 1


def test_a_link_is_sent_to_whom_it_belongs_and_the_answer_is_the_same(
    site: Flask, manager: Signed
) -> None:
    answers = set()
    for address in (MAIL, "nobody@example.org"):
        caller = Client(site, "zh", NAMES)
        answer = caller.submit("/login", 303, address=address, password="", action="link")
        answers.add((answer.response.headers["Location"], answer.response.text))
        caller.get("/login/sent")
    assert len(answers) == 1
    with site.app_context():
        assert len(links_sent(MAIL)) == 1
        assert letters_to("nobody@example.org") == []


def made_link(site: Flask, who: Signed) -> str:
    with site.app_context():
        with atomic():
            token, _address = links.make(who.account_id, LinkPurpose.SIGN_IN)
        db.session.remove()
    return f"/login/link/{token}"


def test_a_link_is_opened_by_scanners_and_used_by_the_button_once(
    site: Flask, caller: Client, manager: Signed
) -> None:
    path = made_link(site, manager)
    for _ in range(3):
        page = caller.get(path)
        assert page.response.headers["Cache-Control"] == "no-store"
    assert signed_cookie(caller.http) is None
    caller.submit(path)
    assert caller.get("/desk/")
    stranger = Client(site, "zh", NAMES)
    page = stranger.submit(path, 401)
    assert "已经使用过" in page.summary
    assert signed_cookie(stranger.http) is None


def test_a_link_that_never_was_reads_like_one_that_was_used(
    site: Flask, caller: Client, manager: Signed
) -> None:
    path = made_link(site, manager)
    caller.submit(path)
    texts = []
    for one in (path, "/login/link/never-was"):
        stranger = Client(site, "zh", NAMES)
        page = stranger.get(one)
        texts.append(page.text)
        texts.append(stranger.submit(one, 401).text)
    assert texts[:2] == texts[2:]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/desk",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        " //evil.example",
        "/\t/evil.example",
        "/desk/\r\nSet-Cookie: a=b",
        "http://127.0.0.1:8000@evil.example/",
        "http://127.0.0.1:8000.evil.example/",
        "//127.0.0.1:8000/desk/",
    ],
)
def test_nothing_leads_elsewhere_after_signing_in(
    caller: Client, manager: Signed, target: str
) -> None:
    page = caller.get("/login")
    given = {"address": MAIL, "password": PASSWORD, "csrf_token": page.value("csrf_token")}
    answer = caller.http.post("/login", data=given, query_string={"next": target})
    assert answer.status_code in (303, 400)
    if answer.status_code == 303:
        assert answer.headers["Location"] in ("/account/", "/desk/")


def test_one_comes_back_to_where_one_wanted_to_go(caller: Client, manager: Signed) -> None:
    target = "/desk/fund/people?after=abc"
    sent = where(caller, target)
    assert sent.startswith("/login?next=")
    answer = enter_at(caller, sent)
    assert answer == target
    # Signed in already, the sign-in page leads on.
    assert where(caller, sent) == target
    assert where(caller, "/login?next=//evil.example") == "/desk/"


def enter_at(caller: Client, path: str) -> str:
    page = caller.submit(path, 303, address=MAIL, password=PASSWORD, action="password")
    return str(page.response.headers["Location"])


def test_a_session_fixed_beforehand_is_worth_nothing(
    site: Flask, caller: Client, manager: Signed
) -> None:
    """What an attacker put into the browser before is replaced, and their own session ends."""
    with site.app_context():
        with atomic():
            attacker = make_person("测试外人", email="attacker@example.org")
        db.session.remove()
    sign_in(caller.http, attacker)
    planted = signed_cookie(caller.http)
    form = caller.get("/login/link/any")
    given = {"address": MAIL, "password": PASSWORD, "csrf_token": form.value("csrf_token")}
    assert caller.http.post("/login", data=given).status_code == 303
    fresh = signed_cookie(caller.http)
    assert fresh
    assert fresh != planted
    assert NAME in caller.get("/account/").text
    theirs = site.test_client()
    theirs.set_cookie(COOKIE, planted or "")
    assert theirs.get("/account/").status_code == 303


@pytest.mark.parametrize("value", ["", "x", "a.b", "é", "x" * 5000])
def test_a_cookie_that_is_not_ours_opens_nothing(site: Flask, manager: Signed, value: str) -> None:
    client = site.test_client()
    assert client.get("/account/", headers={"Cookie": f"{COOKIE}={value}"}).status_code == 303


def test_a_cookie_signed_with_another_key_opens_nothing(site: Flask, manager: Signed) -> None:
    client = site.test_client()
    sign_in(client, manager)
    token, _, _signature = (signed_cookie(client) or "").rpartition(".")
    forged = Signer("another key", salt="charity.web.signed").sign(token).decode()
    client.set_cookie(COOKIE, forged)
    assert client.get("/account/").status_code == 303
    client.set_cookie(COOKIE, token)
    assert client.get("/account/").status_code == 303


def test_forms_are_taken_from_our_own_pages_only(caller: Client, manager: Signed) -> None:
    given = {"address": MAIL, "password": PASSWORD}
    caller.post("/login", given, 400)
    stale = caller.get("/login").value("csrf_token")
    enter(caller)
    page = caller.get("/desk/")
    assert caller.http.post("/logout", data={}).status_code == 400
    # What was drawn before signing in is worth nothing after.
    assert caller.http.post("/logout", data={"csrf_token": stale}).status_code == 400
    caller.get("/desk/")
    caller.post("/logout", {"csrf_token": page.value("csrf_token")})


def test_the_cookie_is_for_this_site_over_tls_and_out_of_scripts_reach(
    site: Flask, database: TestDatabase, tmp_path: Path, manager: Signed
) -> None:
    settings = make_settings(database, tmp_path, base_url="https://give.example.org")
    app = create_app(settings)
    client = app.test_client()
    at = {"base_url": "https://give.example.org"}
    form = client.get("/login", **at)
    given = {"address": MAIL, "password": PASSWORD, "csrf_token": token_of(form.text)}
    at["headers"] = {"Referer": "https://give.example.org/"}  # type: ignore[assignment]
    answer = client.post("/login", data=given, **at)
    (line,) = [one for one in answer.headers.getlist("Set-Cookie") if "signed" in one]
    assert line.startswith("__Host-signed=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert f"; {part}" in line
    assert "Domain" not in line
    assert "Expires" not in line
    assert PASSWORD not in answer.text
    with app.app_context():
        db.engine.dispose()


def test_the_second_factor_is_asked_for_and_changes_the_token(
    site: Flask, caller: Client, manager: Signed, stopped: Clock
) -> None:
    secret = person_of(site, manager).with_totp()
    enter(caller)
    target = "/desk/fund/people/invite"
    asked = where(caller, target)
    assert asked == f"/login/second-factor?next={target}"
    before = signed_cookie(caller.http)
    page = caller.submit(asked, 422, code="")
    assert page.error_of("code")
    page = caller.submit(asked, 422, code="000000")
    assert page.error_of("code")
    stopped.on(minutes=1)
    answer = caller.submit(asked, 303, code=use_code(secret, stopped.now))
    assert answer.response.headers["Location"] == target
    assert signed_cookie(caller.http) != before
    caller.get(target)
    # The token from before the second factor is nobody's.
    old = site.test_client()
    old.set_cookie(COOKIE, before or "")
    assert old.get("/account/").status_code == 303
    # And it is asked for again after its time, on pages that need it and on no other.
    stopped.on(hours=1, minutes=50)
    caller.get("/account/")
    stopped.on(hours=1, minutes=50)
    caller.get("/account/")
    stopped.on(minutes=30)
    caller.get("/desk/fund/people")
    assert where(caller, target) == asked


def test_what_a_form_wanted_is_asked_for_again_from_its_page(
    site: Flask, caller: Client, manager: Signed
) -> None:
    """A POST without a fresh second factor comes back to the page of the form, not to the POST."""
    sign_in(caller.http, manager, second_factor=False)
    page = caller.get("/desk/fund/people")
    answer = caller.http.post(
        f"/desk/fund/people/{manager.person_id}/roles",
        data={"csrf_token": page.value("csrf_token"), "role": "cashier"},
        headers={"Referer": "http://127.0.0.1:8000/desk/fund/people/x"},
    )
    assert answer.headers["Location"] == "/login/second-factor?next=/desk/fund/people/x"


def test_sessions_end_on_the_server(site: Flask, caller: Client, manager: Signed) -> None:
    """From the list of devices, and with every role taken."""
    other = site.test_client()
    sign_in(other, manager)
    sign_in(caller.http, manager)
    assert other.get("/account/").status_code == 200
    page = caller.get("/account/")
    for path in page.all("//form[contains(@action, '/account/sessions/')]/@action"):
        caller.post(path, {"csrf_token": page.value("csrf_token")})
    assert other.get("/account/").status_code == 303
    assert caller.get("/account/")
    with site.app_context():
        with atomic():
            make_person("测试另一位", Grant(Role.FUND_MANAGER), email="other@example.org")
        atomically(roles.revoke)(manager.person_id, Role.FUND_MANAGER, by=None)
        db.session.remove()
    assert where(caller, "/account/") == "/login?next=/account/"


def test_anothers_session_is_not_there(site: Flask, caller: Client, manager: Signed) -> None:
    with site.app_context():
        with atomic():
            stranger = make_person("测试外人", email="stranger@example.org")
        db.session.remove()
    sign_in(caller.http, manager)
    token = caller.get("/account/").value("csrf_token")
    for name in (stranger.session_id, "0" * 16):
        caller.post(f"/account/sessions/{name}/end", {"csrf_token": token}, 404)
    theirs = site.test_client()
    sign_in(theirs, stranger)
    assert theirs.get("/account/").status_code == 200


def test_too_many_tries_are_told_when_to_come_back(caller: Client, manager: Signed) -> None:
    statuses = []
    for _ in range(12):
        page = caller.get("/login")
        given = {"address": MAIL, "password": "no", "csrf_token": page.value("csrf_token")}
        answer = caller.http.post("/login", data=given)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_the_demos_buttons_are_in_the_demo_only(database: TestDatabase, tmp_path: Path) -> None:
    settings = make_settings(database, tmp_path)
    for mode, there in ((RunMode.DEVELOPMENT, False), (RunMode.PRODUCTION, False)):
        changes = {"mode": mode, "payment_providers": ()}
        app = create_app(settings.model_copy(update=changes))
        found = [r for r in app.url_map.iter_rules() if "demo" in r.endpoint or "demo" in str(r)]
        assert bool(found) is there, mode
        assert not [v for v in app.view_functions.values() if access_of(v) is Access.DEMO]
        assert app.test_client().post("/login/demo/fund_manager").status_code in (400, 404)
        with app.app_context():
            db.engine.dispose()


def test_a_demo_button_signs_in_with_a_true_second_factor(
    database: TestDatabase, tmp_path: Path
) -> None:
    app = create_app(make_settings(database, tmp_path, mode=RunMode.DEMO))
    with app.app_context():
        world.build()
        scopes = {Role.UNIT_CLERK: world.COUNTY, Role.UNIT_LEADER: world.COUNTY}
        people = atomically(demo.demo_people)(scopes)
        db.session.remove()
    assert len(people) == 8
    for one in people:
        caller = Client(app, "zh", NAMES)
        page = caller.get("/login?next=/account/")
        (action,) = page.all(f"//form[contains(@action, '/login/demo/{one.role.value}')]/@action")
        caller.post(action, {"csrf_token": page.value("csrf_token")})
        assert one.name in caller.get("/account/").text
        with app.test_request_context(headers={"Cookie": _cookie_header(caller)}):
            found = cookies.current()
            assert found.second_factor_at is not None
            db.session.remove()
    caller = Client(app, "zh", NAMES)
    token = caller.get("/login").value("csrf_token")
    caller.post("/login/demo/nobody", {"csrf_token": token}, 404)
    with app.app_context():
        db.engine.dispose()


def _cookie_header(caller: Client) -> str:
    return f"{COOKIE}={signed_cookie(caller.http)}"


def test_a_password_is_checked_outside_of_any_transaction(
    site: Flask, caller: Client, manager: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is hashed, the request holds no connection that pages might be waiting for."""
    seen: list[int] = []
    right = signing.passwords.opens

    def look(kept: str | None, password: str) -> bool:
        seen.append(db.engine.pool.checkedout())  # type: ignore[attr-defined] # a queue pool
        return right(kept, password)

    monkeypatch.setattr(signing.passwords, "opens", look)
    enter(caller)
    assert seen == [0]
