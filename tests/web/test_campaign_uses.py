"""The desk states what a campaign's money may be used for; units' applications go by it."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.disbursements import use_queries
from charity.disbursements.kinds import Category, Purpose
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from tests.client import Client, Page
from tests.factories import site as world
from tests.people import Grant, make_person, sign_in

HERE = f"/desk/fund/campaigns/{world.OPEN}/uses"
CLAUSE = "方案第五条：用于孤儿和困境儿童的助学"
NAMES = world.NAMES | {"测试管理员", "测试监督员", CLAUSE}
FIELDS = {"starts_on": "2026-01-01", "ends_on": "2027-06-30", "clause": CLAUSE}


def client(site: Flask, role: Role, name: str) -> Client:
    """A browser of somebody with this role."""
    with site.app_context():
        with atomic():
            person = make_person(name, Grant(role, None))
        db.session.remove()
    made = Client(site, "zh", NAMES)
    sign_in(made.http, person)
    return made


@pytest.fixture
def manager(site: Flask) -> Client:
    return client(site, Role.FUND_MANAGER, "测试管理员")


def state(who: Client, status: int, **given: object) -> Page:
    """Send the form with the token of the page."""
    token = who.get(HERE).value("csrf_token")
    return who.post(HERE, {"csrf_token": token, **FIELDS, **given}, status)


def test_several_purposes_and_groups_are_stated(site: Flask, manager: Client) -> None:
    assert "还没有登记" in manager.get(HERE).text
    state(manager, 303, purposes=["education", "living"], categories=["orphan"])
    with site.app_context():
        plan = use_queries.plan(world.OPEN)
    assert plan is not None
    assert plan.purposes == {Purpose.EDUCATION, Purpose.LIVING}
    assert plan.categories == {Category.ORPHAN}
    assert (plan.use_from.isoformat(), plan.use_until.isoformat()) == ("2026-01-01", "2027-06-30")
    page = manager.get(HERE)
    assert CLAUSE in page.text
    assert "第 1 版" in page.text
    state(manager, 303)
    with site.app_context():
        again = use_queries.plan(world.OPEN)
    assert again is not None
    assert (again.version, again.purposes, again.categories) == (2, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"ends_on": "2025-12-31"}, "结束日期不能早于开始日期。"),
        ({"starts_on": "2026-02-30"}, "请填写日期，例如 2026-11-22。"),
        ({"clause": "  "}, "请填写，最多 500 字"),
        ({"clause": "字" * 501}, "请填写，最多 500 字"),
    ],
)
def test_unfit_is_said_beside_its_field(
    site: Flask, manager: Client, given: dict[str, object], sentence: str
) -> None:
    assert sentence in state(manager, 422, **given).text
    with site.app_context():
        assert use_queries.plan(world.OPEN) is None


def test_what_is_no_choice_is_refused(site: Flask, manager: Client) -> None:
    state(manager, 422, purposes=["education", "yachts"])
    with site.app_context():
        assert use_queries.plan(world.OPEN) is None


def test_others_read_and_do_not_state(site: Flask) -> None:
    supervisor = client(site, Role.SUPERVISOR, "测试监督员")
    page = supervisor.get(HERE)
    assert "备案的用款范围" in page.text
    assert "登记用款范围" not in page.text
