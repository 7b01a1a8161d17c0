"""What an application may be and how many decide: table-driven, no database."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from charity.disbursements import errors, rules, states
from charity.disbursements.errors import NotNow
from charity.disbursements.kinds import (
    LIVE,
    OPEN_TO_CHANGE,
    USED,
    ApplicationStatus,
    Category,
    EvidenceKind,
    Function,
    Purpose,
)
from charity.disbursements.rules import ApplicationFacts, BudgetFacts, Frame, Levels
from charity.kernel import bank_card
from charity.ledger.kinds import EntryKind as E
from charity.ledger.recipes import promised

DAY = dt.date(2026, 3, 2)
FACTS = ApplicationFacts(
    campaign="yiyuan",
    unit="GS-1",
    title="取暖煤",
    reason="冬天冷。",
    purpose=Purpose.LIVING,
    category=Category.DESTITUTE,
    people_count=3,
    area_code="620123",
    starts_on=DAY,
    ends_on=DAY,
    evidence_kinds=(EvidenceKind.PHOTO,),
    evidence_plan="照片",
    amount_fen=300,
    budget=(BudgetFacts("煤", 3, "袋", 100),),
    payee="p1",
)
FRAME = Frame(
    purposes=frozenset({Purpose.LIVING}),
    categories=frozenset({Category.DESTITUTE}),
    area_code="620100",
    area="兰州市",
    first=DAY,
    last=DAY,
    plan="第三条",
)
LEVELS = Levels(5_000, 50_000)

UNFIT = {
    "function": (errors.FunctionUnfit, {"function": Function.FUNDRAISING}),
    "cost as help": (errors.FunctionUnfit, {"purpose": Purpose.CAMPAIGN_COST}),
    "negative": (errors.AmountUnfit, {"amount_fen": -1}),
    "huge": (errors.AmountUnfit, {"amount_fen": 10**12 + 1}),
    "fewer than none": (errors.PeopleUnfit, {"people_count": -1}),
    "dates": (errors.DatesUnfit, {"ends_on": DAY - dt.timedelta(days=1)}),
    "long": (errors.TextUnfit, {"title": "长" * 121}),
    "control": (errors.TextUnfit, {"title": "煤\x00"}),
    "direction": (errors.TextUnfit, {"title": "煤\u202e"}),
    "lines in a title": (errors.TextUnfit, {"title": "煤\n炭"}),
    "phone": (errors.PersonNumber, {"reason": "联系 13812345678"}),
    "full-width phone": (errors.PersonNumber, {"reason": "联系 １３８１２３４５６７８"}),
    "identity card": (errors.PersonNumber, {"title": "给62010219800101123X"}),
    "quantity": (errors.BudgetUnfit, {"budget": (BudgetFacts("煤", 0, "袋", 1),)}),
    "price": (errors.BudgetUnfit, {"budget": (BudgetFacts("煤", 1, "袋", 0),)}),
    "what": (errors.BudgetUnfit, {"budget": (BudgetFacts(" ", 1, "袋", 1),)}),
    "too many lines": (errors.BudgetUnfit, {"budget": (BudgetFacts("煤", 1, "袋", 1),) * 51}),
    "a name for a code": (errors.CodesUnfit, {"people_codes": ("张三",)}),
    "letters only": (errors.CodesUnfit, {"people_codes": ("ZHANGSAN",)}),
    "a phone for a code": (errors.CodesUnfit, {"people_codes": ("13812345678",)}),
    "a card for a code": (errors.CodesUnfit, {"people_codes": ("62010219800101123X",)}),
}


@pytest.mark.parametrize("name", UNFIT)
def test_unfit_even_for_a_draft(name: str) -> None:
    error, changes = UNFIT[name]
    with pytest.raises(error):
        rules.fit(replace(FACTS, **changes))


def test_fit_gives_one_spelling() -> None:
    fitted = rules.fit(
        replace(FACTS, title="  取暖煤 ", people_codes=("tk-1", "TK-1", " tk-2 "),
                evidence_kinds=(EvidenceKind.PHOTO, EvidenceKind.INVOICE, EvidenceKind.PHOTO))
    )  # fmt: skip
    assert fitted.title == "取暖煤"
    assert fitted.people_codes == ("TK-1", "TK-2")
    assert fitted.evidence_kinds == (EvidenceKind.INVOICE, EvidenceKind.PHOTO)
    assert rules.fit(fitted) == fitted


OUTSIDE = {
    "purpose": (errors.OutsidePurpose, {"purpose": Purpose.HOUSING}),
    "category": (errors.OutsideCategory, {"category": Category.ORPHAN}),
    "area": (errors.OutsideArea, {"area_code": "620502"}),
    "no area": (errors.OutsideArea, {"area_code": ""}),
    "early": (errors.OutsideDates, {"starts_on": DAY - dt.timedelta(days=1)}),
    "late": (errors.OutsideDates, {"ends_on": DAY + dt.timedelta(days=1)}),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside(name: str) -> None:
    error, changes = OUTSIDE[name]
    rules.within(FACTS, FRAME)
    with pytest.raises(error):
        rules.within(replace(FACTS, **changes), FRAME)
    open_frame = Frame((), (), "", "", dt.date.min, dt.date.max, "")
    rules.within(replace(FACTS, **changes), open_frame)


@pytest.mark.parametrize("village", ["620123", "620123101", "620123101201", "620102"])
def test_within_a_citys_area(village: str) -> None:
    rules.within(replace(FACTS, area_code=village), FRAME)


def test_covered_to_the_fen() -> None:
    rules.covered(100, available_fen=100, shortfall_fen=0)
    with pytest.raises(errors.MoreThanAvailable) as refused:
        rules.covered(101, available_fen=100, shortfall_fen=0)
    assert "¥0.01" in refused.value.sentence()
    with pytest.raises(errors.BookHasShortfall):
        rules.covered(1, available_fen=100, shortfall_fen=1)


@pytest.mark.parametrize(
    ("fen", "wanted"), [(1, 2), (4_999, 2), (5_000, 3), (49_999, 3), (50_000, 4), (10**9, 4)]
)
def test_how_many_decide(fen: int, wanted: int) -> None:
    assert rules.deciders(fen, LEVELS) == wanted


SPLIT = {
    "alone": (4_999, [], False),
    "together below": (2_000, [2_999], False),
    "together at the level": (2_000, [3_000], True),
    "three": (1_000, [2_000, 2_000], True),
    "large by itself": (5_000, [3_000], False),
    "beside a large one": (2_000, [6_000], False),
    "beside a large and a small one": (2_000, [6_000, 3_000], True),
    "to the third level": (25_000, [25_000], True),
    "large beside small ones": (49_000, [900], False),
}


@pytest.mark.parametrize("name", SPLIT)
def test_split(name: str) -> None:
    fen, others, is_split = SPLIT[name]
    named = [(f"Y{n}", other) for n, other in enumerate(others)]
    if not is_split:
        rules.not_split(fen, named, LEVELS, days=15)
        return
    with pytest.raises(errors.SplitPayment) as refused:
        rules.not_split(fen, named, LEVELS, days=15)
    assert "15 天" in refused.value.sentence()


def test_every_step_but_those_of_the_table_is_refused() -> None:
    allowed = 0
    for now, to in itertools.product(ApplicationStatus, repeat=2):
        if to in states.NEXT[now]:
            states.require(now, to)
            allowed += 1
        else:
            with pytest.raises(NotNow):
                states.require(now, to)
    assert allowed == sum(len(each) for each in states.NEXT.values()) == 18
    assert set(states.NEXT) == set(ApplicationStatus)


def test_ends_are_ends_and_money_is_used_only_after_approval() -> None:
    for end in (ApplicationStatus.REFUSED, ApplicationStatus.WITHDRAWN, ApplicationStatus.LAPSED):
        assert states.NEXT[end] == frozenset()
    for before, after in states.NEXT.items():
        if ApplicationStatus.PAID in after:
            assert before is ApplicationStatus.APPROVED
        if ApplicationStatus.APPROVED in after:
            assert before in {ApplicationStatus.WAITING, ApplicationStatus.PAID}
    assert not OPEN_TO_CHANGE & USED
    assert USED < LIVE


@pytest.mark.parametrize("at", range(19))
def test_one_wrong_digit_of_a_card_is_found(at: int) -> None:
    card = "6222001200000000017"
    assert bank_card.checks(card)
    for digit in set("0123456789") - {card[at]}:
        assert not bank_card.checks(card[:at] + digit + card[at + 1 :])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("6222 0012-0000", "622200120000"),
        ("６２２２００１２", "62220012"),
        ("1234567", None),
        ("1" * 33, None),
        ("62220012O", None),
        ("", None),
        ("1" * 500, None),
    ],
)
def test_account_numbers(typed: str, wanted: str | None) -> None:
    assert bank_card.digits(typed) == wanted


# --- whose promise a refund took ------------------------------------------------------------

TAKES = {
    "nothing": ([], []),
    "newest first": ([(E.RESERVE, "a", 5), (E.RESERVE, "b", 3)], [("b", 3), ("a", 5)]),
    "paid": ([(E.RESERVE, "a", 5), (E.PAY, "a", -5)], []),
    "sent back": (
        [(E.RESERVE, "a", 5), (E.RESERVE, "b", 3), (E.PAY, "a", -5), (E.BANK_RETURN, "a", 5)],
        [("b", 3), ("a", 5)],
    ),
    "a refund takes the newest": (
        [(E.RESERVE, "a", 5), (E.RESERVE, "b", 3), (E.REFUND, "r", -4)], [("a", 4)],
    ),
    "and those made later are whole": (
        [(E.RESERVE, "a", 5), (E.RESERVE, "b", 3), (E.REFUND, "r", -3), (E.RESERVE, "c", 2)],
        [("c", 2), ("a", 5)],
    ),
    "what is left is given back": (
        [(E.RESERVE, "a", 5), (E.DISPUTE, "d", -2), (E.VOID, "a", -3), (E.RESERVE, "b", 1)],
        [("b", 1)],
    ),
    "made anew it is the newest": (
        [(E.RESERVE, "a", 5), (E.RESERVE, "b", 3), (E.VOID, "a", -5), (E.RESERVE, "a", 5),
         (E.CORRECTION, "k", -6)],
        [("b", 2)],
    ),
    "a cost": ([(E.RESERVE, "a", 5), (E.COST_PAY, "a", -5), (E.COST_RETURN, "a", 5)], [("a", 5)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKES)
def test_promised(name: str) -> None:
    entries, wanted = TAKES[name]
    assert promised(entries) == wanted
