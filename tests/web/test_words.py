"""A donor's message is nobody's to read until somebody looked at it."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.donations import word_queries, words
from charity.donations.errors import NoWords
from charity.donations.services import GiftItem
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests.factories import site as world
from tests.gifts import body, create, settle, tell
from tests.people import make_person, sign_in

SAID = "愿孩子们平安长大<b>"
PAGE = f"/campaigns/{world.OPEN}/units/{world.TOWN}"


@pytest.fixture
def gift(site: Flask) -> str:
    with site.app_context():
        made = create(items=(GiftItem(world.OPEN, world.TOWN, 1_000),), message=SAID)
        tell(body(made))
        settle()
        db.session.remove()
    return str(made.payment.gifts[0].id)


def test_words_wait_then_stand_beside_the_name_and_can_be_taken_back(
    site: Flask, gift: str
) -> None:
    reader, desk = site.test_client(), site.test_client()
    assert "愿孩子们" not in reader.get(PAGE).text
    with site.app_context():
        discloser = atomically(make_person)("文静", Grant(Role.DISCLOSER))
        db.session.remove()
    sign_in(desk, discloser)
    assert "愿孩子们" in desk.get("/desk/fund/words").text
    for wish, stands in (("show", True), ("hide", False)):
        with site.app_context():
            atomically(words.decide)(gift, show=wish == "show", by=discloser)
            assert word_queries.waiting() == []
            db.session.remove()
        page = reader.get(PAGE).text
        assert ("愿孩子们平安长大&lt;b&gt;" in page) is stands
    with site.app_context(), pytest.raises(NoWords):
        atomically(words.decide)("0" * 16, show=True, by=discloser)
