"""A campaign with gifts and uses, and the people who report about it."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.funds import services as funds
from charity.funds.services import CharityFacts
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from tests import hand, used
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, Place, give, make_place, number
from tests.reports import Office, office

CHARITY = "陇原示例慈善基金会"


@pytest.fixture
def place(ctx: Flask) -> Place:
    """An open campaign with a tree of three units, each with gifts."""
    with atomic():
        funds.set_charity(
            CharityFacts(
                name=CHARITY, name_en="Longyuan Demo Charity", uscc="53620000MJT0000001",
                certificate="测字 1 号", address="兰州市", phone="0931-0000000",
                email="office@example.org", icp="", handler="王惠兰",
            )
        )  # fmt: skip
    made = make_place()
    give((OFFICE, 1_000))
    give((COUNTY, 2_345_678))
    give((TOWN, 33))
    number()
    db.session().rollback()
    return made


@pytest.fixture
def people(place: Place) -> Office:
    """Who drafts, checks and publishes."""
    return office()


@pytest.fixture
def uses(place: Place) -> list[str]:
    """Two uses of the town, one proved; part of the other came back."""
    hands = used.hands(TOWN)
    hand.settled_slip(hands.crew, TOWN, SLUG, 90_000)
    number()
    proved, partly = used.use(hands, 30_001), used.use(hands, 20_000)
    used.prove(hands, proved)
    used.hand_back(hands, partly, 1_234)
    db.session().rollback()
    return [proved, partly]
