"""A donor on a phone follows a gift from thanks to what was bought with it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from charity.funds import services as funds
from charity.funds.kinds import UnitLevel
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from tests import hand, uses
from tests.e2e.conftest import Open
from tests.e2e.pages import BasketPage, Screen, UnitsPage
from tests.factories import site as world
from tests.live import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: A unit of its own: first in, first used, and other tests give to the others.
UNIT, VILLAGE = "GS-YZ-TRACE", "黄坪村公益金"
TITLE = "修缮村里的日间照料室"


def open_unit(live: Site) -> None:
    """A village's box to which nobody has given."""
    with live.app.app_context():
        with atomic():
            funds.create_unit(
                UNIT, VILLAGE, "", level=UnitLevel.VILLAGE, area_code="620123101202",
                area_name="黄坪村", parent=world.TOWN,
            )  # fmt: skip
            funds.admit_unit(world.OPEN, UNIT)
        db.session.remove()


def buy(live: Site, fen: int) -> None:
    """The village's box gets cash in the bank, and money is used."""
    with live.app.app_context():
        team = uses.make_team(UNIT, "trace-e2e")
        hand.enter(team.crew, hand.asked(UNIT, world.OPEN, 5_000))
        number = hand.close(team.crew, UNIT, 5_000)
        hand.confirm(number, team.crew.leader)
        line = hand.line(team.crew, 5_000, account="trace-e2e", memo=number)
        hand.settle_slip(team.crew, line, number)
        payee = uses.add_payee(team, unit=UNIT)
        made = uses.asked(
            team, fen, unit=UNIT, campaign=world.OPEN, payee=payee, title=TITLE,
            people_count=12,
        )  # fmt: skip
        uses.approve(team, made)
        paid = hand.line(team.crew, fen, hand.Direction.OUT, account="trace-e2e")
        uses.pay(team, made, paid)
        db.session.remove()


def test_a_donor_reads_where_a_gift_went(live: Site, opened: Open) -> None:
    open_unit(live)
    page = opened(f"/units?campaign={world.OPEN}", width=320)
    give = UnitsPage(page).open(VILLAGE).give()
    give.choose("10")
    thanks = BasketPage(page).give("¥10.00").pay()
    thanks.until_settled()
    Screen(page).link("这笔捐赠的详情").click()
    Screen(page).link("这笔捐赠用在了哪里").click()
    screen = Screen(page)
    screen.heading("这笔捐赠用在了哪里")
    main = page.get_by_role("main")
    for _ in range(40):
        if main.get_by_text("等待使用").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(main).to_contain_text("¥10.00")
    expect(main.get_by_role("heading", name="等待使用")).to_be_visible()
    screen.no_sideways()

    buy(live, 1_500)
    for _ in range(40):
        page.reload()
        if main.get_by_text(TITLE).count():
            break
        page.wait_for_timeout(500)
    expect(main.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(main).to_contain_text("帮助 12 人")
    expect(main).to_contain_text("已拨付，待核销")
    screen.no_sideways()
    screen.link("查看本单位的公开账本").click()
    screen.heading("公开账本")
    expect(page.get_by_role("main")).to_contain_text(TITLE)
    expect(page.get_by_role("row", name=re.compile(TITLE))).to_contain_text("¥15.00")
    screen.no_sideways()
