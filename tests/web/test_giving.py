"""The way of a gift through the pages: one form, one gift; the basket; what the donor sees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text

from charity.kernel.db import db
from tests.client import Client, fields
from tests.factories import site as world

GIVE = f"/give/{world.OPEN}?unit={world.COUNTY}"


def rows(app: Flask, table: str) -> int:
    """How many rows a table has."""
    with app.app_context():
        found = db.session.scalar(text(f"SELECT count(*) FROM {table}"))
        db.session.remove()
    return int(found or 0)


def test_same_form_sent_again_is_one_gift(site: Flask, visitor: Client) -> None:
    sent = {**fields(visitor.get(GIVE)), "amount_choice": "50", "action": "give"}
    first = visitor.post(GIVE, sent).response.headers["Location"]
    again = visitor.post(GIVE, sent).response.headers["Location"]
    assert first == again
    assert first.startswith("/sandbox/pay/")
    assert rows(site, "donations_intent") == rows(site, "donations_gift") == 1


def test_same_form_with_other_content_is_refused_and_shows_the_first(
    site: Flask, visitor: Client
) -> None:
    sent = {**fields(visitor.get(GIVE)), "amount_choice": "50", "action": "give"}
    visitor.post(GIVE, sent)
    page = visitor.post(GIVE, {**sent, "amount_choice": "100"}, 409)
    (first,) = [href for href in page.all("//main//a/@href") if "/payments/" in href]
    assert "¥50.00" in visitor.get(first).text
    assert rows(site, "donations_intent") == 1


def test_a_fresh_page_is_a_fresh_gift(site: Flask, visitor: Client) -> None:
    for _ in range(2):
        visitor.submit(GIVE, amount_choice="1", action="give")
    assert rows(site, "donations_intent") == 2


def test_masked_is_the_default_and_the_fee_is_told_before(visitor: Client) -> None:
    page = visitor.get(GIVE)
    assert page.all("//input[@name='display'][@checked]/@value") == ["masked"]
    assert page.all("//input[@name='bill_wish'][@checked]/@value") == ["waived"]
    assert "¥0.06" in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_payment_page_shows_our_own_state(site: Flask, lang: str) -> None:
    client = Client(site, lang, world.NAMES)
    client.submit(GIVE, amount_choice="10", donor_name="王秀花", action="give")
    with client.http.session_transaction() as session:
        _form, payment_id, key = session["placed"][-1]
    page = client.get(f"/payments/{payment_id}?key={key}&status=paid")
    assert page.all("//*[@hx-get]/@hx-get") == [f"/payments/{payment_id}/status?key={key}"]
    assert page.all("//noscript")
    part = client.get(f"/payments/{payment_id}/status?key={key}")
    assert part.all("//h1")[0].text == page.all("//h1")[0].text
    assert rows(site, "donations_payment") == 0


def test_a_name_is_needed_where_it_is_shown(visitor: Client) -> None:
    page = visitor.submit(GIVE, 422, amount_choice="10", display="name", action="give")
    assert page.error_of("donor_name")
    page = visitor.submit(GIVE, 422, amount_choice="10", bill_wish="wanted", action="give")
    assert page.error_of("donor_name")
    assert page.error_of("phone")


def test_without_a_unit_the_fund_office_is_told(site: Flask, visitor: Client) -> None:
    page = visitor.get(f"/give/{world.OPEN}")
    assert "专项基金办公室" in page.text
    visitor.submit(f"/give/{world.OPEN}", amount_choice="1", action="give")
    with site.app_context():
        code = db.session.scalar(
            text(
                "SELECT u.code FROM donations_gift g"
                " JOIN funds_campaign_unit c ON c.id = g.campaign_unit_id"
                " JOIN funds_unit u ON u.id = c.unit_id"
            )
        )
        db.session.remove()
    assert code == world.OFFICE


def into_basket(client: Client, unit: str, yuan: str) -> None:
    """Put one gift into the basket."""
    path = f"/give/{world.OPEN}?unit={unit}"
    page = client.submit(path, amount_choice="own", amount=yuan, action="basket")
    assert page.response.headers["Location"] == "/basket"


def test_basket_is_one_payment_of_several_gifts(site: Flask, visitor: Client) -> None:
    into_basket(visitor, world.COUNTY, "10")
    into_basket(visitor, world.TOWN, "20.5")
    page = visitor.get("/basket")
    assert "¥30.50" in page.text
    assert page.all("//header//*[@class='count']")[0].text == "2"
    sent = fields(page)
    first = visitor.post("/basket", sent).response.headers["Location"]
    assert rows(site, "donations_intent") == 1
    assert rows(site, "donations_gift") == 2
    assert "/sandbox/pay/" in first
    # The basket is empty now; the same form again leads to the payment it made.
    again = visitor.post("/basket", sent).response.headers["Location"]
    assert again.startswith("/payments/")
    visitor.get(again)
    assert rows(site, "donations_intent") == 1


def test_basket_sent_twice_at_once_is_one_payment(site: Flask, visitor: Client) -> None:
    into_basket(visitor, world.COUNTY, "10")
    sent = fields(visitor.get("/basket"))
    cookie = visitor.http.get_cookie("session")
    assert cookie
    first = visitor.post("/basket", sent).response.headers["Location"]
    visitor.http.set_cookie("session", cookie.value)
    assert visitor.post("/basket", sent).response.headers["Location"] == first
    assert rows(site, "donations_intent") == 1


def test_basket_lines_can_be_taken_out_and_are_limited(visitor: Client) -> None:
    for _ in range(20):
        into_basket(visitor, world.COUNTY, "1")
    path = f"/give/{world.OPEN}?unit={world.TOWN}"
    page = visitor.submit(path, 422, amount_choice="1", action="basket")
    assert "20" in page.summary
    token = visitor.get("/basket").value("csrf_token")
    visitor.post("/basket/remove", {"csrf_token": token, "index": "0"})
    assert "¥19.00" in visitor.get("/basket").text
    visitor.submit(path, amount_choice="1", action="basket")


def test_what_could_never_be_paid_does_not_get_into_the_basket(visitor: Client) -> None:
    path = f"/give/{world.OPEN}?unit={world.TOWN}"
    page = visitor.submit(path, 422, amount_choice="own", amount="5000000", action="basket")
    assert page.error_of("amount")
    assert not visitor.get("/basket").all("//header//*[@class='count']")


def test_the_basket_asks_who_gives_only_once(visitor: Client) -> None:
    path = f"/give/{world.OPEN}?unit={world.TOWN}"
    answer = visitor.submit(path, amount_choice="10", display="name", action="basket")
    assert answer.response.headers["Location"] == "/basket"
    page = visitor.submit("/basket", 422, display="name")
    assert page.error_of("donor_name")
    assert "¥10.00" in page.text


def test_empty_basket_makes_nothing(site: Flask, visitor: Client) -> None:
    token = visitor.get(GIVE).value("csrf_token")
    visitor.post("/basket", {"csrf_token": token, "form_id": "0" * 16})
    assert rows(site, "donations_intent") == 0


def test_sandbox_leads_back_to_the_payment(
    site: Flask, visitor: Client, gift: dict[str, str]
) -> None:
    """Also when nobody is at the webhook: the event is committed and delivered later."""
    answer = visitor.post(f"/sandbox/pay/{gift['reference']}", {"outcome": "paid"})
    back = answer.response.headers["Location"]
    assert back == f"/payments/{gift['payment_id']}?key={gift['key']}"
    visitor.get(back)
    assert rows(site, "sandbox_event") == 1
    visitor.post(f"/sandbox/pay/{gift['reference']}", {"outcome": "paid"})
    assert rows(site, "sandbox_event") == 1
    visitor.post(f"/sandbox/pay/{gift['reference']}", {"outcome": "declined"}, 409)
    visitor.post(f"/sandbox/pay/{gift['reference']}", {"outcome": "gold"}, 422)
    visitor.post(f"/sandbox/pay/{gift['reference']}", {}, 422)


def test_sent_many_times_at_once_is_one_gift(site: Flask, visitor: Client) -> None:
    """A double click is two requests in flight; here it is eight."""
    sent = {**fields(visitor.get(GIVE)), "amount_choice": "50", "action": "give"}
    cookie = visitor.http.get_cookie("session")
    assert cookie
    headers = {"Cookie": f"session={cookie.value}"}

    def send(_turn: int) -> tuple[int, str]:
        answer = site.test_client(use_cookies=False).post(GIVE, data=sent, headers=headers)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(8)))
    assert len(answers) == 1, answers
    assert answers.pop()[0] == 303
    for table in ("donations_intent", "donations_gift", "sandbox_session"):
        assert rows(site, table) == 1
