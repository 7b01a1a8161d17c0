"""Payees: check digits, sealed numbers, and that nobody is paid by themselves."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from charity.approvals import errors as approval_errors
from charity.approvals import queries as approval_queries
from charity.disbursements import errors, payees, queries, services
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import services as people
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests import uses
from tests.gifts import TOWN, make_place
from tests.people import make_person, trail_of
from tests.uses import Team

CARD = "11010519491231002X"


@pytest.fixture
def team(ctx: Flask) -> Team:
    make_place()
    made = uses.make_team()
    uses.fund(made, 100_000)
    return made


def test_a_number_is_sealed_and_shown_by_its_tail(team: Team) -> None:
    number = uses.account()
    made = uses.add_payee(team, account_number=number)
    seen = queries.payee(made)
    assert seen is not None
    assert (seen.tail, seen.shown, seen.uscc) == (number[-4:], "测试煤炭销售有限公司", uses.USCC)
    rows = db.session().execute(text("SELECT * FROM disbursements_payee")).all()
    assert number not in repr(rows)
    assert number.encode() not in b"".join(x for row in rows for x in row if isinstance(x, bytes))
    db.session().rollback()
    application = uses.asked(team, payee=made)
    request = approval_queries.request(str(uses.view(application).request_id))
    assert number not in repr(request)
    db.session().rollback()


def test_a_person_is_masked(team: Team) -> None:
    facts = uses.person_facts(name="欧阳测试")
    with atomic():
        made = payees.add(facts, by=team.clerk)
    seen = queries.payee(made)
    assert seen is not None
    assert seen.shown == "欧阳*"
    rows = db.session().execute(text("SELECT * FROM disbursements_payee")).all()
    assert "欧阳测试" not in repr(rows)
    db.session().rollback()


WRONG = {
    "digit": (errors.AccountDigitWrong, {"account_number": "6222001200000000018"}),
    "two digits changed round": (
        errors.AccountDigitWrong, {"account_number": "6222001200000000071"},
    ),
    "short": (errors.AccountUnfit, {"account_number": "622200120000"}),
    "letters": (errors.AccountUnfit, {"account_number": "62220012000000000IX"}),
    "no identity": (errors.IdentityNeeded, {"phone": None}),
    "no name": (errors.PayeeNameUnfit, {"name": " "}),
    "a number for a name": (errors.PayeeNameUnfit, {"name": "123"}),
    "no bank": (errors.TextUnfit, {"bank_name": ""}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_persons_account_must_be_right(team: Team, name: str) -> None:
    error, changes = WRONG[name]
    before = uses.stored("disbursements_payee")
    with pytest.raises(error), atomic():
        payees.add(uses.person_facts(**changes), by=team.clerk)
    assert uses.stored("disbursements_payee") == before


def test_an_organizations_account_must_be_right(team: Team) -> None:
    for uscc in (None, "", uses.USCC[:-1] + "M", "91110000600037341I"):
        with pytest.raises(errors.UsccUnfit):
            uses.add_payee(team, uscc=uscc)
    with pytest.raises(errors.AccountDigitWrong):
        uses.add_payee(team, account_number="6222001200000000018")
    uses.add_payee(team, account_number="62001390001050512345")  # twenty digits: no card


def test_once_on_the_list_until_it_is_retired(team: Team) -> None:
    number = uses.account()
    made = uses.add_payee(team, account_number=number)
    with pytest.raises(errors.PayeeTaken):
        uses.add_payee(team, account_number=f"{number[:4]} {number[4:]}")
    with atomic():
        payees.retire(made, by=team.clerk)
    with atomic():
        payees.retire(made, by=team.clerk)
    assert made not in [one.id for one in queries.payees_of(TOWN)]
    assert trail_of(made) == ["payee.added", "payee.retired"]
    uses.add_payee(team, account_number=number)
    with pytest.raises(errors.NoSuchPayee), atomic():
        services.create(uses.facts(payee=made), by=team.clerk)


def test_only_the_units_people_keep_its_list(team: Team) -> None:
    with atomic():
        stranger = make_person("测试外村经办", Grant(Role.UNIT_CLERK, "GS-0009"))
    for person in (stranger, team.manager, team.cashier):
        with pytest.raises(errors.NotYourBook):
            uses.add_payee(team, by=person)


def test_a_look_at_the_number_has_a_purpose_and_is_recorded(team: Team) -> None:
    number = uses.account()
    made = uses.add_payee(team, account_number=number)
    with pytest.raises(errors.NotForYou), atomic():
        payees.reveal(made, purpose="看看", by=team.clerk)
    with pytest.raises(errors.TextUnfit), atomic():
        payees.reveal(made, purpose=" ", by=team.cashier)
    with atomic():
        assert payees.reveal(made, purpose="办理拨付", by=team.cashier)[1] == number
    assert "payee.revealed" in trail_of(made)


def test_the_requester_is_not_the_payee(team: Team) -> None:
    """By phone, by identity card, or by the very name: whoever asks is not paid."""
    with atomic():
        added = people.add_person(
            "测试本人",
            email="self@example.org",
            phone="13911112222",
            id_number=CARD,
        )
        from charity.people import roles, sessions
        from charity.people.kinds import Method

        roles.grant(added.person_id, Role.UNIT_CLERK, TOWN, by=None)
        myself = sessions.current(sessions.begin(added.account_id, Method.DEMO))
    own = [
        uses.person_facts(name="妻子的名字", phone="+86 139 1111 2222"),
        uses.person_facts(name="另一个名字", phone=None,
                          id_number=CARD),
        uses.person_facts(name="测 试本人"),
    ]  # fmt: skip
    for facts in own:
        with atomic():
            payee = payees.add(facts, by=team.clerk)
        made = uses.draft(team, by=myself, payee=payee)
        with pytest.raises(errors.PayeeIsRequester):
            uses.submit(made, myself)
        # Nor by a colleague's hand: whoever wrote it stays who asked.
        with pytest.raises(errors.PayeeIsRequester):
            uses.submit(made, team.clerk)
    with atomic():
        fair = payees.add(uses.person_facts(name="别人"), by=myself)
    uses.submit(uses.draft(team, by=myself, payee=fair), myself)


def test_whoever_wrote_down_or_is_the_payee_does_not_decide(team: Team) -> None:
    with atomic():
        both = make_person("测试兼任", Grant(Role.APPROVER), Grant(Role.UNIT_CLERK, TOWN))
        namesake = make_person("测试同名", Grant(Role.APPROVER))
    written = uses.asked(team, payee=uses.add_payee(team, by=both))
    with pytest.raises(approval_errors.Concerned):
        uses.decide(written, both)
    with atomic():
        person = payees.add(uses.person_facts(name="测试同名"), by=team.crew.other)
    to_one_of_us = uses.asked(team, payee=person)
    with pytest.raises(approval_errors.Concerned):
        uses.decide(to_one_of_us, namesake)
    uses.approve(team, to_one_of_us)
