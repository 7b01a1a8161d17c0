"""What opens by a key, by a signature or to anyone does so, and nothing else opens by them.

Every endpoint as everyone is asked in test_every_role.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule

from charity.app import create_app
from charity.kernel.access import Access, GuardError, access_of, mark, refuse_unguarded
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.web.guards import public, signed_in, staff, unit_staff
from tests.client import Client, check_headers
from tests.conftest import TestDatabase, make_settings


def rules(app: Flask, access: Access) -> list[Rule]:
    """The addresses of one group."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if access_of(app.view_functions[rule.endpoint]) is access
    ]


def test_an_unguarded_endpoint_stops_the_start(app: Flask) -> None:
    bare = Blueprint("bare", __name__)
    bare.add_url_rule("/bare", "view", lambda: "")
    views = {**app.view_functions, "bare.view": lambda: ""}
    with pytest.raises(GuardError, match=r"bare\.view"):
        refuse_unguarded(views)


def test_a_second_guard_is_refused() -> None:
    def view() -> str:
        return ""

    mark(view, Access.PUBLIC)
    with pytest.raises(GuardError, match="two guards"):
        mark(view, Access.PROBE)
    with pytest.raises(GuardError, match="two guards"):
        staff(Role.CASHIER)(view)

    @staff(Role.CASHIER)
    def other() -> str:
        return ""

    for guard in (public, signed_in, staff(Role.APPROVER), unit_staff(Role.UNIT_CLERK)):
        with pytest.raises(GuardError, match="two guards"):
            guard(other)  # type: ignore[operator] # a guard is a guard


def test_no_address_answers_an_unknown_one_with_a_redirect(app: Flask) -> None:
    # An address that ends with a stroke answers without it, too, instead of sending one there.
    strict = [
        str(rule)
        for rule in app.url_map.iter_rules()
        if str(rule).endswith("/") and rule.strict_slashes
    ]
    assert strict == ["/"]
    for path in ("/desk", "/desk/", "/account", "/account/"):
        assert app.test_client().get(path).headers["Location"].startswith("/login?")
    for path in (
        "//evil.example/campaigns",
        "/campaigns//yiyuan",
        "/campaigns/",
        "/\\evil.example",
    ):
        response = app.test_client().get("/", environ_overrides={"PATH_INFO": path})
        assert response.status_code == 404
        assert "Location" not in response.headers


def test_without_the_key_nothing_is_there(site: Flask, gift: dict[str, str]) -> None:
    """No key and a wrong key: the same answer as for what never was."""
    for key in (None, "", "0" * 32, "wrong", "ключ", "0" * 500):
        without_key(site, gift, key)


def without_key(site: Flask, gift: dict[str, str], key: str | None) -> None:
    """Every address that wants a key, with this one, for what is there and what is not."""
    client = site.test_client()
    for rule in rules(site, Access.PAYMENT_KEY):
        (argument,) = rule.arguments
        known, unknown = gift[argument], "0" * 16
        answers = []
        for name in (known, unknown):
            path = str(rule).replace(f"<{argument}>", name)
            response = client.get(path, query_string={} if key is None else {"key": key})
            check_headers(response)
            answers.append((response.status_code, response.data))
        assert answers[0] == answers[1], rule
        assert answers[0][0] == 404, rule


def test_the_key_opens_and_is_never_stored(site: Flask, gift: dict[str, str]) -> None:
    client = site.test_client()
    for rule in rules(site, Access.PAYMENT_KEY):
        (argument,) = rule.arguments
        path = str(rule).replace(f"<{argument}>", gift[argument])
        response = client.get(path, query_string={"key": gift["key"]})
        # A receipt is not there before the gift is in the ledger.
        assert response.status_code == (404 if "receipt" in path else 200), path
        assert response.headers["Cache-Control"] == "no-store"
        if response.status_code == 200:
            assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_key_of_one_payment_opens_no_other(site: Flask, make_gift: object) -> None:
    first, second = make_gift(), make_gift()  # type: ignore[operator] # a fixture's function
    client = site.test_client()
    assert first["key"] != second["key"]
    for path in (f"/payments/{first['payment_id']}", f"/gifts/{first['gift_id']}"):
        assert client.get(f"{path}?key={first['key']}").status_code == 200
        assert client.get(f"{path}?key={second['key']}").status_code == 404


def test_public_pages_need_nothing(visitor: Client) -> None:
    for path in ("/", "/campaigns", "/units", "/verify", "/help", "/privacy", "/transparency"):
        visitor.get(path)


def test_probes_name_no_person_and_no_sum(site: Flask) -> None:
    client = site.test_client()
    assert client.get("/livez").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {"ready": True, "writes": True, "migrated": True, "queue_age_s": 0}


def test_webhook_takes_nothing_unsigned(site: Flask) -> None:
    response = site.test_client().post("/webhooks/sandbox", json={"id": "evt_1"})
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"


def test_sandbox_pages_need_a_reference(site: Flask, gift: dict[str, str]) -> None:
    client = site.test_client()
    assert client.get(f"/sandbox/pay/{gift['reference']}").status_code == 200
    assert client.get("/sandbox/pay/sbx_00000000000000000000").status_code == 404
    assert client.post("/sandbox/pay/sbx_0", data={"outcome": "paid"}).status_code == 404


def test_without_the_sandbox_its_addresses_are_not_there(
    database: TestDatabase, tmp_path: Path
) -> None:
    settings = make_settings(database, tmp_path).model_copy(
        update={"payment_providers": ("another",)}
    )
    app = create_app(settings)
    assert not rules(app, Access.SANDBOX_PAGE)
    assert not [rule for rule in app.url_map.iter_rules() if "sandbox" in str(rule)]
    assert app.test_client().post("/webhooks/sandbox").status_code == 404
    with app.app_context():
        db.engine.dispose()
