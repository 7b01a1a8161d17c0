"""For every permutation of people over the steps of an application, nobody gets through alone.

Six steps: write down the payee, write, submit, agree, agree once more, book the payment. Each is
given to one of the people of a table, every person holding every role they can; some are two
accounts of one person. A run goes through exactly when the table of rules says so, and otherwise
stops at a step with an error that says why, and no money has moved.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest
from flask import Flask

from charity.approvals import errors as approval_errors
from charity.disbursements import errors, payees, payment_errors, services
from charity.disbursements.kinds import ApplicationStatus
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.web.funddesk import paying
from tests import uses
from tests.gifts import TOWN, Place, make_place
from tests.people import make_person
from tests.uses import Team

ALL = (
    Grant(Role.UNIT_CLERK, TOWN),
    Grant(Role.UNIT_LEADER, TOWN),
    Grant(Role.FUND_MANAGER),
    Grant(Role.APPROVER),
    Grant(Role.CASHIER),
    Grant(Role.DISCLOSER),
)
STEPS = ("payee", "write", "submit", "agree", "agree again", "book")


@dataclass(frozen=True)
class Cast:
    """Three people who hold every role one person can, and a second account of the first."""

    place: Place
    team: Team
    accounts: dict[str, Signed]

    def person(self, letter: str) -> str:
        return self.accounts[letter].person_id


@pytest.fixture
def cast(ctx: Flask) -> Cast:
    place = make_place()
    team = uses.make_team()
    uses.fund(team, 100_000)
    with atomic():
        people = {letter: make_person(f"测试{letter}人", *ALL) for letter in "甲乙丙"}
    first = people["甲"]
    people["甲二"] = replace(first, session_id="another", account_id="another")
    return Cast(place, team, people)


def expected(cast: Cast, who: tuple[str, ...]) -> bool:
    """The rule, said once more and otherwise: who agrees and who books has no other part."""
    payee, write, submit, agree, again, book = (cast.person(letter) for letter in who)
    if agree == again:
        return False
    if {agree, again} & {payee, write, submit}:
        return False
    return book not in {payee, write, submit, agree, again}


def run(cast: Cast, who: tuple[str, ...]) -> tuple[int, type[Exception] | None]:
    """Take the steps; how many were taken, and what stopped the next."""
    payee, write, submit, agree, again, book = (cast.accounts[letter] for letter in who)
    made = ""
    taken = 0
    try:
        with atomic():
            name = payees.add(uses.payee_facts(), by=payee)
        taken += 1
        with atomic():
            made = services.create(uses.facts(100, name), by=write)
        taken += 1
        uses.submit(made, submit)
        taken += 1
        uses.decide(made, agree)
        taken += 1
        uses.decide(made, again)
        taken += 1
        line = uses.line(cast.team, 100)
        with atomic():
            paying.pay(line, made, book)
        taken += 1
    except RuleBroken as error:
        return taken, type(error)
    return taken, None


STOPS = (
    approval_errors.OwnRequest,
    approval_errors.Concerned,
    approval_errors.AlreadyDecided,
    payment_errors.ConcernedHere,
)


def test_the_table_of_rules_lets_nobody_through_alone() -> None:
    """Of three people none can hold all: somebody must agree, another agree, a third book."""
    persons = {"甲": "1", "甲二": "1", "乙": "2", "丙": "3", "丁": "4"}

    class Fake(Cast):
        def person(self, letter: str) -> str:
            return persons[letter]

    fake = Fake.__new__(Fake)
    through = [who for who in itertools.product(persons, repeat=len(STEPS)) if expected(fake, who)]
    assert through
    assert all(len({persons[letter] for letter in who}) >= 4 for who in through)


def test_every_permutation_of_two_persons_with_three_accounts(cast: Cast) -> None:
    """All 729 ways of three accounts; none gets further than the rule that stops it."""
    tried, stopped_at = 0, dict[tuple[str, ...], type[Exception] | None]()
    for who in itertools.product(("甲", "甲二", "乙"), repeat=len(STEPS)):
        assert not expected(cast, who)
        tried += 1
        # Where the first steps stop, whoever was to take the later ones changes nothing.
        if any(who[: n + 1] in stopped_at for n in range(len(STEPS))):
            continue
        taken, stopped = run(cast, who)
        assert stopped in STOPS, (who, taken, stopped)
        # Whoever is alone in the first four steps does not even get one agreement.
        if len({cast.person(letter) for letter in who[:4]}) == 1:
            assert taken == 3, who
        assert taken < len(STEPS)
        stopped_at[who[: taken + 1]] = stopped
    assert tried == 3**6
    assert len(stopped_at) > 50
    standing = uses.standing(cast.place.books[TOWN])
    assert standing.in_bank_fen == 100_000
    assert uses.stored("disbursements_payment") == 0


@pytest.mark.parametrize("at", range(len(STEPS)))
def test_four_people_go_through_and_not_when_one_takes_a_second_part(cast: Cast, at: int) -> None:
    """A run of the table goes through; with one step given to whoever has another, it is as told.

    甲 writes down payee and application and submits; two agree; a fourth books.
    """
    with atomic():
        cast.accounts["丁"] = make_person("测试丁人", *ALL)
    good = ("甲", "甲", "甲二", "乙", "丙", "丁")
    assert expected(cast, good)
    assert run(cast, good) == (6, None)
    for other in ("甲", "甲二", "乙", "丙", "丁"):
        who = (*good[:at], other, *good[at + 1 :])
        taken, stopped = run(cast, who)
        assert (stopped is None) is expected(cast, who), (who, taken, stopped)
        assert stopped is None or stopped in STOPS


ROLES = (
    Grant(Role.UNIT_CLERK, TOWN),
    Grant(Role.UNIT_LEADER, TOWN),
    *(Grant(role) for role in (
        Role.FUND_MANAGER, Role.APPROVER, Role.CASHIER, Role.ACCOUNTANT, Role.DISCLOSER,
        Role.SUPERVISOR,
    )),
)  # fmt: skip
MAY = {
    "ask": {Role.UNIT_CLERK, Role.UNIT_LEADER},
    "agree": {Role.APPROVER, Role.FUND_MANAGER},
    "book": {Role.CASHIER},
    "void": {Role.APPROVER, Role.FUND_MANAGER, Role.UNIT_CLERK, Role.UNIT_LEADER},
}


@pytest.mark.parametrize("grant", ROLES, ids=lambda grant: grant.role.value)
def test_each_role_does_its_own_step_and_no_other(cast: Cast, grant: Grant) -> None:
    with atomic():
        one = make_person("测试一岗", grant)
    team = cast.team
    ready, waits, promised = uses.draft(team, 100), uses.asked(team, 100), uses.approved(team, 100)
    line = uses.line(team, 100)

    def book() -> None:
        with atomic():
            paying.pay(line, promised, one)

    def void() -> None:
        with atomic():
            services.void(promised, by=one, reason="不再需要")

    steps = {
        "ask": lambda: uses.submit(ready, one),
        "agree": lambda: uses.decide(waits, one),
        "book": book,
        "void": void,
    }
    refusals = (
        errors.NotYourBook, approval_errors.MayNotDecide, errors.NotForYou,
    )  # fmt: skip
    for name, step in steps.items():
        if name == "void" and grant.role in MAY["book"]:
            continue  # it is paid by now
        if grant.role in MAY[name]:
            step()
        else:
            with pytest.raises(RuleBroken) as refused:
                step()
            known = isinstance(refused.value, refusals) or refused.value.code == "not_for_you"
            assert known, (name, grant, refused.value)
    db.session().rollback()
    assert uses.status(waits) is ApplicationStatus.WAITING  # one agreement is never enough
