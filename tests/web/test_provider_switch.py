"""The desk switches a campaign's payment providers; donors are offered what is on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Signed
from tests.client import Client, Page
from tests.factories import site as world
from tests.people import Grant, make_person, sign_in

HERE = f"/desk/fund/campaigns/{world.OPEN}/providers"
GIVE = f"/give/{world.OPEN}?unit={world.COUNTY}"
WHY = "测试停用"
NAMES = world.NAMES | {"测试管理员", "测试审批", "测试监督员", WHY}
Open = Callable[..., Client]


@pytest.fixture
def desk(site: Flask) -> Open:
    """A browser of somebody with this role."""
    with site.app_context():
        with atomic():
            people: dict[Role, Signed] = {
                role: make_person(name, Grant(role, None))
                for role, name in (
                    (Role.FUND_MANAGER, "测试管理员"),
                    (Role.APPROVER, "测试审批"),
                    (Role.SUPERVISOR, "测试监督员"),
                )
            }
        db.session.remove()

    def open_for(role: Role, **how: bool) -> Client:
        client = Client(site, "zh", NAMES)
        sign_in(client.http, people[role], **how)
        return client

    return open_for


def send(client: Client, status: int = 303, **given: str) -> Page:
    """Ask for a switch with the token of the page."""
    token = client.get(HERE).value("csrf_token")
    return client.post(HERE, {"csrf_token": token, "reason": WHY, **given}, status)


def switch_off(desk: Open) -> None:
    """The manager asks, the approver agrees."""
    address = send(desk(Role.FUND_MANAGER), change="sandbox:off").response.headers["Location"]
    approver = desk(Role.APPROVER)
    page = approver.get(address)
    assert "停用：募捐活动不再通过它接受捐赠" in page.text
    form = {name: page.value(name) for name in ("csrf_token", "seen")}
    approver.post(f"{address}/decision", {**form, "answer": "approve", "reason": ""})


def test_two_people_switch_a_provider_off_and_nobody_is_offered_it(
    site: Flask, desk: Open, visitor: Client
) -> None:
    visitor.submit(GIVE, amount_choice="10", action="basket")
    before = visitor.get(GIVE)
    assert before.value("provider") == "sandbox"
    page = visitor.get(f"/campaigns/{world.OPEN}")
    assert page.all(f"//a[contains(@href, '/give/{world.OPEN}')]")
    switch_off(desk)
    assert "还没有启用网上支付" in visitor.get(GIVE, 409).text
    page = visitor.get(f"/campaigns/{world.OPEN}")
    assert not page.all(f"//a[contains(@href, '/give/{world.OPEN}')]")
    page = visitor.get(f"/campaigns/{world.OPEN}/units/{world.COUNTY}")
    assert not page.all(f"//a[contains(@href, '/give/{world.OPEN}')]")
    assert "没有共同的网上支付渠道" in visitor.get("/basket").text
    # A form that was open before it was switched off is refused too.
    visitor.post(
        GIVE,
        {"csrf_token": before.value("csrf_token"), "form_id": before.value("form_id"),
         "amount_choice": "10", "provider": "sandbox", "action": "give"},
        409,
    )  # fmt: skip
    answer = site.test_client().post(
        "/api/v1/gifts",
        headers={"Idempotency-Key": "one"},
        json={
            "items": [{"campaign": world.OPEN, "unit": world.COUNTY, "amount_fen": 1000}],
            "donor": {"display": "anonymous"}, "provider": "sandbox", "receipt": False,
            "bill_wish": "waived",
        },
    )  # fmt: skip
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json["errors"]] == ["provider_off"]


def test_the_desk_says_what_is_on_and_what_is_asked(desk: Open) -> None:
    manager = desk(Role.FUND_MANAGER)
    page = manager.get(HERE)
    assert "已启用" in page.text
    assert page.all("//input[@name='change']/@value") == ["sandbox:off"]
    send(manager, change="sandbox:off")
    page = manager.get(HERE)
    assert "有一项申请等待审批" in page.text
    assert not page.all("//input[@name='change']")
    assert manager.get(f"/desk/fund/campaigns/{world.OPEN}").all(f"//a[@href='{HERE}']")


def test_who_may_and_what_is_refused(desk: Open) -> None:
    assert not desk(Role.SUPERVISOR).get(HERE).all("//input[@name='change']")
    assert not desk(Role.APPROVER).get(HERE).all("//input[@name='change']")
    manager = desk(Role.FUND_MANAGER)
    assert send(manager, 422, change="sandbox:off", reason="").error_of("reason")
    assert send(manager, 422).summary
    send(manager, 409, change="sandbox:on")
    for change in ("stripe:on", "sandbox", "sandbox:up", ":"):
        send(manager, 404, change=change)
