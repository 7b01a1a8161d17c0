"""Each condition of each step of a campaign, one at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from charity.funds import rules
from charity.funds.errors import SENTENCES
from charity.funds.kinds import Basis, CampaignStatus, Need
from charity.funds.rules import CampaignState, missing
from charity.funds.states import NEXT

TODAY = dt.date(2026, 11, 22)
WHOLE = CampaignState(
    texts={
        **{need.value: "有" for need in rules.PLAN_TEXTS},
        "filing_number": "5362TEST",
        "platform_name": "平台",
        "platform_url": "https://platform.example.org/a",
    },
    basis=Basis.PUBLIC,
    starts_on=TODAY - dt.timedelta(days=10),
    ends_on=TODAY + dt.timedelta(days=10),
    expected_fen=100,
    reports=1,
)
PLAN = (*rules.PLAN_TEXTS, Need.EXPECTED, Need.DATES)


def without(need: Need) -> CampaignState:
    """A whole campaign that lacks one thing."""
    match need:
        case Need.EXPECTED:
            return dataclasses.replace(WHOLE, expected_fen=0)
        case Need.DATES:
            return dataclasses.replace(WHOLE, starts_on=WHOLE.ends_on + dt.timedelta(days=1))
        case Need.NOT_OVER:
            return dataclasses.replace(WHOLE, ends_on=TODAY - dt.timedelta(days=1))
        case Need.NOT_TAKEN_DOWN:
            return dataclasses.replace(WHOLE, taken_down=True)
        case Need.REPORT:
            return dataclasses.replace(WHOLE, reports=0)
        case Need.GOODS:
            return dataclasses.replace(WHOLE, open_fen={"goods_available": 1})
        case _ if need in rules.ON_THE_WAY:
            return dataclasses.replace(WHOLE, open_fen={need.value: 1})
        case _:
            return dataclasses.replace(WHOLE, texts={**WHOLE.texts, need.value: " "})


CONDITIONS = {
    CampaignStatus.FILED: {*PLAN, Need.FILING_NUMBER},
    CampaignStatus.OPEN: {
        *PLAN,
        Need.FILING_NUMBER,
        Need.PLATFORM,
        Need.LISTING,
        Need.NOT_OVER,
        Need.NOT_TAKEN_DOWN,
    },
    CampaignStatus.ENDED: set(),
    CampaignStatus.REPORTED: {Need.REPORT},
    CampaignStatus.CLOSED: set(rules.ON_THE_WAY),
}


@pytest.mark.parametrize("to", CONDITIONS)
def test_a_whole_campaign_lacks_nothing(to: CampaignStatus) -> None:
    assert missing(WHOLE, to, today=TODAY, note="提前结束的原因") == ()


@pytest.mark.parametrize("to", CONDITIONS)
@pytest.mark.parametrize("need", [need for need in Need if need is not Need.EARLY_REASON])
def test_each_step_asks_for_exactly_its_conditions(to: CampaignStatus, need: Need) -> None:
    found = set(missing(without(need), to, today=TODAY, note="原因"))
    assert (need in found) is (need in CONDITIONS[to])
    # The end before the beginning may be over as well; nothing else brings a second complaint.
    assert found - {need} <= ({Need.DATES} if need is Need.NOT_OVER else set())


def test_every_text_of_the_plan_is_asked_for() -> None:
    """The nine of the law, and what we add, are among the fields of a filed plan."""
    texts = {need.value for need in rules.PLAN_TEXTS}
    assert texts <= set(rules.PLAN_FIELDS)
    assert {
        "purpose", "area", "person_in_charge", "contact_address", "methods", "bank_account",
        "beneficiaries", "use_plan", "cost_plan", "leftover",
    } <= texts  # fmt: skip


def test_ending_early_needs_a_reason_and_ending_late_does_not() -> None:
    def lacks(day: dt.date, note: str) -> tuple[Need, ...]:
        return missing(WHOLE, CampaignStatus.ENDED, today=day, note=note)

    assert lacks(WHOLE.ends_on, " ") == (Need.EARLY_REASON,)
    assert lacks(WHOLE.ends_on, "物资已足够") == ()
    assert lacks(WHOLE.ends_on + dt.timedelta(days=1), "") == ()


@pytest.mark.parametrize("basis", [Basis.DIRECTED, Basis.NONE])
def test_who_asks_nobody_in_public_needs_no_filing_and_takes_nothing_online(basis: Basis) -> None:
    state = dataclasses.replace(
        WHOLE,
        basis=basis,
        texts={**WHOLE.texts, "filing_number": "", "platform_name": "", "platform_url": ""},
    )
    assert missing(state, CampaignStatus.FILED, today=TODAY) == ()
    assert missing(state, CampaignStatus.OPEN, today=TODAY) == ()
    assert not online(basis=basis)


def online(**changes: object) -> bool:
    """Whether an open campaign with everything takes gifts, with some of it changed."""
    values: dict[str, object] = {
        "status": CampaignStatus.OPEN,
        "basis": Basis.PUBLIC,
        "filed": True,
        "listed": True,
        "taken_down": False,
        "starts_on": TODAY,
        "ends_on": TODAY,
        "today": TODAY,
        **changes,
    }
    return rules.takes_online(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"filed": False},
        {"listed": False},
        {"taken_down": True},
        {"starts_on": TODAY + dt.timedelta(days=1)},
        {"ends_on": TODAY - dt.timedelta(days=1)},
        *({"status": status} for status in CampaignStatus if status is not CampaignStatus.OPEN),
    ],
)
def test_no_gift_online_without_all_of_it(changes: dict[str, object]) -> None:
    assert online()
    assert not online(**changes)


@pytest.mark.parametrize("status", [CampaignStatus.FILED, CampaignStatus.OPEN])
def test_a_change_takes_nothing_away_from_what_was_filed(status: CampaignStatus) -> None:
    assert rules.kept(WHOLE, status) == ()
    assert rules.kept(without(Need.PURPOSE), status) == (Need.PURPOSE,)
    listed = status is CampaignStatus.OPEN
    assert rules.kept(without(Need.LISTING), status) == ((Need.LISTING,) if listed else ())
    assert rules.kept(without(Need.PURPOSE), CampaignStatus.DRAFT) == ()
    assert rules.kept(without(Need.DATES), CampaignStatus.DRAFT) == (Need.DATES,)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://platform.example.org/a?b=1#c", True),
        ("http://platform.example.org/a", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://localhost", False),
        ("https://good.example@evil.example/", False),
        ("https://platform.example.org/a b", False),
        ("https://platform.example.org\\@evil.example", False),
        ("//platform.example.org", False),
        ("https://пример.example", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_a_listing_is_a_whole_address(address: str, good: bool) -> None:
    assert rules.is_web_address(address) is good


def test_a_campaign_goes_forward_only_and_by_one() -> None:
    order = list(CampaignStatus)
    for index, status in enumerate(order):
        assert NEXT[status] == frozenset(order[index + 1 : index + 2])


def test_every_need_has_a_sentence_of_its_own() -> None:
    sentences = [str(SENTENCES[need]) for need in Need]
    assert len(set(sentences)) == len(Need)
