"""Version 1 as promised: exactly the fields of the contract, and the same figures everywhere."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.api.conftest import Post, body
from tests.factories import site as world

MONEY = {
    "raised_fen", "refunded_fen", "disputed_fen", "matched_in_fen", "matched_out_fen",
    "moved_in_fen", "moved_out_fen", "borne_fen", "fees_fen", "costs_fen", "reserved_fen",
    "used_fen", "proved_fen", "available_fen", "shortfall_fen", "left_fen",
}  # fmt: skip
LINE = {"id", "campaign", "unit", "amount_fen", "status"}


def get(http: FlaskClient, path: str, status: int = 200) -> Any:
    """The JSON at a path of version 1."""
    response = http.get(f"/api/v1{path}")
    assert response.status_code == status, response.text
    assert response.mimetype == ("application/json" if status < 400 else "application/problem+json")
    return response.json


def test_totals(http: FlaskClient) -> None:
    found = get(http, "/totals")
    assert found.keys() == MONEY | {
        "as_of_entry", "currency", "suspense_fen", "gifts", "donors", "units", "organizations",
        "projects", "pairings", "helped",
    }  # fmt: skip
    assert found["currency"] == "CNY"
    assert all(type(found[name]) is int for name in MONEY)


def test_campaigns(http: FlaskClient) -> None:
    items = get(http, "/campaigns")["items"]
    assert {item["slug"] for item in items} == {world.OPEN, world.ENDED}
    one = get(http, f"/campaigns/{world.OPEN}")
    assert one.keys() == MONEY | {
        "slug", "name", "name_en", "status", "filing_number", "platform_name", "platform_url",
        "starts_on", "ends_on", "as_of_entry", "currency",
    }  # fmt: skip
    assert one in items
    assert one["status"] == "open"


def test_units_by_pages(http: FlaskClient) -> None:
    whole = get(http, f"/campaigns/{world.OPEN}/units")
    assert whole.keys() == {"as_of_entry", "currency", "items", "next_cursor"}
    assert whole["next_cursor"] is None
    for item in whole["items"]:
        assert item.keys() == MONEY | {"code", "name", "name_en", "subtree"}
        assert item["subtree"].keys() == MONEY
    seen, cursor = [], ""
    while cursor is not None:
        page = get(http, f"/campaigns/{world.OPEN}/units?limit=1&cursor={cursor}")
        assert len(page["items"]) == 1
        seen += page["items"]
        cursor = page["next_cursor"]
    assert seen == whole["items"]
    assert [item["code"] for item in seen] == [
        world.OFFICE, world.COUNTY, world.TOWN, world.VILLAGE,
    ]  # fmt: skip


def test_gift_is_made_once_for_a_key(http: FlaskClient, post: Post) -> None:
    first = post(body(), key="a+b/c==")
    assert first.status_code == 201
    made = first.json
    assert made.keys() == {
        "payment_id", "status", "amount_fen", "currency", "pay_url", "provider_reference", "secret",
        "gifts",
    }  # fmt: skip
    assert made["gifts"][0].keys() == LINE
    assert made["pay_url"].startswith("http://127.0.0.1:8000/sandbox/pay/")
    assert "Idempotency-Hit" not in first.headers
    assert first.headers["Cache-Control"] == "no-store"
    again = post(body(), key="a+b/c==")
    assert again.status_code == 201
    assert again.json == made
    assert again.headers["Idempotency-Hit"] == "true"
    other = post(body(message="more"), key="a+b/c==")
    assert other.status_code == 409
    assert other.json["code"] == "key_conflict"
    assert post(body(), key="another").json["payment_id"] != made["payment_id"]


def test_payment_and_gift_show_no_person(http: FlaskClient, post: Post) -> None:
    made = post(body(donor={"name": "王秀花", "phone": "13800000000", "display": "name"})).json
    payment = get(http, f"/payments/{made['payment_id']}")
    assert payment.keys() == {"id", "status", "amount_fen", "currency", "gifts"}
    assert payment["gifts"] == made["gifts"]
    assert payment["status"] == "pending"
    gift = get(http, f"/gifts/{made['gifts'][0]['id']}")
    assert gift.keys() == LINE | {"currency", "entry_number", "log_index", "receipt_number"}
    for found in (payment, gift):
        assert "王" not in str(found)
        assert made["secret"] not in str(found)
        assert made["provider_reference"] not in str(found)


def test_without_a_unit_it_is_the_fund_office(post: Post) -> None:
    for item in ({"campaign": world.OPEN, "amount_fen": 100},
                 {"campaign": world.OPEN, "unit": None, "amount_fen": 100}):  # fmt: skip
        made = post(body(items=[item]), key=str(len(item))).json
        assert made["gifts"][0]["unit"] == world.OFFICE


def test_verify(http: FlaskClient) -> None:
    found = get(http, "/receipts/verify?number=T2026-00000001&code=0000-0000-0000-0000")
    assert found == {
        "valid": False, "status": "unknown", "amount_fen": None, "currency": None, "campaign": None,
        "issued_on": None, "donor_masked": None,
    }  # fmt: skip
    assert get(http, "/receipts/verify?number=1", 422)["errors"][0]["field"] == "code"


def test_problems_have_their_shape_and_language(http: FlaskClient) -> None:
    for path, status in (
        ("/campaigns/none", 404),
        ("/campaigns/none/units", 404),
        ("/payments/none", 404),
        ("/gifts/none", 404),
        (f"/campaigns/{world.OPEN}/units?limit=0", 422),
        (f"/campaigns/{world.OPEN}/units?limit=201", 422),
        (f"/campaigns/{world.OPEN}/units?limit=1e2", 422),
        (f"/campaigns/{world.OPEN}/units?limit=%EF%BC%91", 422),
        (f"/campaigns/{world.OPEN}/units?cursor=x", 422),
        ("/no-such-call", 404),
        ("/gifts", 405),
    ):
        found = get(http, path, status)
        assert found.keys() == {"type", "title", "status", "detail", "code", "errors"}
        assert found["status"] == status
        assert found["detail"]
    english = http.get("/api/v1/payments/none", headers={"Accept-Language": "en"}).json
    assert english["detail"].isascii()
    assert http.get("/api/v1/gifts").headers["Allow"] == "OPTIONS, POST"
