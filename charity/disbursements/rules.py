"""What an application may be, and how many decide on it. Pure: values in, verdict or error out.

Rule: an application says what for, for how many, where, when, to whom and how it will be proved;
its budget sums to its amount; it lies within the campaign's plan, area and dates; people helped are
counted and coded, never named.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from charity.disbursements.errors import (
    AmountUnfit,
    BookHasShortfall,
    BudgetDiffers,
    BudgetUnfit,
    CodesUnfit,
    DatesUnfit,
    EvidencePlanUnfit,
    FunctionUnfit,
    MoreThanAvailable,
    OutsideArea,
    OutsideCategory,
    OutsideDates,
    OutsidePurpose,
    PayeeNeeded,
    PeopleUnfit,
    PersonNumber,
    SplitPayment,
    TextUnfit,
)
from charity.disbursements.kinds import Category, EvidenceKind, Function, Purpose
from charity.kernel.money import yuan

TITLE, REASON, EVIDENCE, LINE, MEASURE, WORDS = 120, 2000, 1000, 120, 20, 500
LINES = 50
PEOPLE = 1_000_000
CODES = 500
ATTACHMENTS = 10
_QUANTITY = 1_000_000
_FEN = 10**12
_CODE = re.compile(r"(?=[A-Za-z-]*[0-9])[A-Za-z0-9][A-Za-z0-9-]{1,19}", re.ASCII)
# An identity card or a mobile phone number, which names a person.
_PERSON = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|1[3-9][0-9]{9})(?![0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """One line of a budget: how many of what at which price, in whole fen."""

    what: str
    quantity: int
    measure: str
    price_fen: int

    @property
    def amount_fen(self) -> int:
        """What the line costs."""
        return self.quantity * self.price_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFacts:
    """An application as it is written; a draft may leave open what a submitted one must say.

    ``payee`` is a payee's public id. ``people_codes`` are codes of people helped, never names.
    """

    campaign: str
    unit: str
    title: str
    reason: str
    purpose: Purpose
    category: Category
    people_count: int
    area_code: str
    starts_on: dt.date
    ends_on: dt.date
    evidence_kinds: tuple[EvidenceKind, ...]
    evidence_plan: str
    amount_fen: int
    budget: tuple[BudgetFacts, ...]
    payee: str | None
    function: Function = Function.PROGRAMME
    people_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What a campaign lets its money be used for. Empty sets allow each; no area: anywhere."""

    purposes: Collection[Purpose]
    categories: Collection[Category]
    area_code: str
    area: str
    first: dt.date
    last: dt.date
    plan: str


def text(words: str, field: str, longest: int, *, lines: bool = False) -> str:
    """``words`` in NFC without blanks around. Raises TextUnfit for what cannot be shown."""
    clean = unicodedata.normalize("NFC", words[: 4 * longest + 1].replace("\r\n", "\n")).strip()
    allowed = {" ", "\u3000", "\n"} if lines else {" ", "\u3000"}
    bad = any(unicodedata.category(sign)[0] in "CZ" and sign not in allowed for sign in clean)
    if bad or len(clean) > longest:
        raise TextUnfit(field=field, longest=longest)
    return clean


def public_text(words: str, field: str, longest: int, *, lines: bool = False) -> str:
    """The same for what everybody will read. Raises TextUnfit, PersonNumber."""
    clean = text(words, field, longest, lines=lines)
    if _PERSON.search(unicodedata.normalize("NFKC", clean)):
        raise PersonNumber(field=field)
    return clean


def fit(facts: ApplicationFacts) -> ApplicationFacts:
    """The facts in their one spelling, fit to be kept as a draft.

    Raises TextUnfit, PersonNumber, FunctionUnfit, AmountUnfit, BudgetUnfit, PeopleUnfit,
    CodesUnfit, DatesUnfit.
    """
    if (facts.function is Function.FUNDRAISING) != (facts.purpose is Purpose.CAMPAIGN_COST):
        raise FunctionUnfit
    if not 0 <= facts.amount_fen <= _FEN:
        raise AmountUnfit
    if not 0 <= facts.people_count <= PEOPLE:
        raise PeopleUnfit(most=PEOPLE)
    if facts.ends_on < facts.starts_on:
        raise DatesUnfit
    return replace(
        facts,
        title=public_text(facts.title, "title", TITLE),
        reason=public_text(facts.reason, "reason", REASON, lines=True),
        evidence_plan=text(facts.evidence_plan, "evidence_plan", EVIDENCE, lines=True),
        evidence_kinds=tuple(sorted(set(facts.evidence_kinds))),
        budget=_budget(facts.budget),
        people_codes=_codes(facts.people_codes),
    )


def _budget(lines: Sequence[BudgetFacts]) -> tuple[BudgetFacts, ...]:
    if len(lines) > LINES:
        raise BudgetUnfit(most=LINES)
    fitted = []
    for line in lines:
        what = public_text(line.what, "budget", LINE)
        measure = public_text(line.measure, "budget", MEASURE)
        fits = 1 <= line.quantity <= _QUANTITY and 1 <= line.price_fen <= _FEN
        if not what or not fits or line.amount_fen > _FEN:
            raise BudgetUnfit(most=LINES)
        fitted.append(replace(line, what=what, measure=measure))
    return tuple(fitted)


def _codes(codes: Sequence[str]) -> tuple[str, ...]:
    clean = tuple(dict.fromkeys(code.strip().upper() for code in codes if code.strip()))
    if len(clean) > CODES or any(
        _CODE.fullmatch(code) is None or _PERSON.fullmatch(code) for code in clean
    ):
        raise CodesUnfit
    return clean


def complete(facts: ApplicationFacts) -> None:
    """Refuse to submit what leaves something open.

    Raises TextUnfit, AmountUnfit, BudgetUnfit, BudgetDiffers, PeopleUnfit, CodesUnfit,
    EvidencePlanUnfit, PayeeNeeded.
    """
    for field, words, longest in (
        ("title", facts.title, TITLE),
        ("reason", facts.reason, REASON),
        ("evidence_plan", facts.evidence_plan, EVIDENCE),
    ):
        if not words:
            raise TextUnfit(field=field, longest=longest)
    if facts.amount_fen < 1:
        raise AmountUnfit
    if not facts.budget:
        raise BudgetUnfit(most=LINES)
    lines = sum(line.amount_fen for line in facts.budget)
    if lines != facts.amount_fen:
        raise BudgetDiffers(
            lines=yuan(lines),
            amount=yuan(facts.amount_fen),
            difference=yuan(abs(lines - facts.amount_fen)),
        )
    if (facts.people_count > 0) != (facts.function is Function.PROGRAMME):
        raise PeopleUnfit(most=PEOPLE)
    if len(facts.people_codes) > facts.people_count:
        raise CodesUnfit
    if not facts.evidence_kinds:
        raise EvidencePlanUnfit
    if not facts.payee:
        raise PayeeNeeded


def within(facts: ApplicationFacts, frame: Frame) -> None:
    """Refuse a use outside of the campaign's plan, area or dates.

    Raises OutsidePurpose, OutsideCategory, OutsideArea, OutsideDates. A cost of fundraising has no
    people, and so no category to be asked about.
    """
    if frame.purposes and facts.purpose not in frame.purposes:
        raise OutsidePurpose(plan=frame.plan)
    helps = facts.function is Function.PROGRAMME
    if helps and frame.categories and facts.category not in frame.categories:
        raise OutsideCategory(plan=frame.plan)
    if not facts.area_code.startswith(stem(frame.area_code)):
        raise OutsideArea(area=frame.area)
    if facts.starts_on < frame.first or facts.ends_on > frame.last:
        raise OutsideDates(first=frame.first.isoformat(), last=frame.last.isoformat())


def stem(area: str) -> str:
    """The digits that all codes within an area begin with: 620500 is 6205, 620000 is 62."""
    return area.removesuffix("00").removesuffix("00") if len(area) == 6 else area


def covered(amount_fen: int, *, available_fen: int, shortfall_fen: int) -> None:
    """The book can promise this. Raises BookHasShortfall, MoreThanAvailable."""
    if shortfall_fen > 0:
        raise BookHasShortfall(shortfall=yuan(shortfall_fen))
    if amount_fen > available_fen:
        raise MoreThanAvailable(
            asked=yuan(amount_fen),
            available=yuan(available_fen),
            missing=yuan(amount_fen - available_fen),
        )


@dataclass(frozen=True, slots=True)
class Levels:
    """From which amounts on, in fen, one more person decides."""

    two_fen: int
    three_fen: int

    def passed(self, fen: int) -> int:
        """How many of the levels an amount reaches."""
        return (fen >= self.two_fen) + (fen >= self.three_fen)


def deciders(amount_fen: int, levels: Levels) -> int:
    """How many persons besides the requester must agree: two, and one more at each level."""
    return 2 + levels.passed(amount_fen)


def not_split(
    amount_fen: int, others: Sequence[tuple[str, int]], levels: Levels, *, days: int
) -> None:
    """Refuse an application that reaches a level only together with ``others`` to its payee.

    ``others`` are (number, fen) of the last ``days`` days. One that reached the level by itself
    was decided by as many, and hides nothing. Raises SplitPayment.
    """
    small = [(number, fen) for number, fen in others if fen < levels.two_fen]
    large = [(number, fen) for number, fen in others if fen < levels.three_fen]
    for level, fellows in ((levels.two_fen, small), (levels.three_fen, large)):
        total = amount_fen + sum(fen for _, fen in fellows)
        if fellows and amount_fen < level <= total:
            numbers = "、".join(number for number, _ in fellows[:5])
            raise SplitPayment(days=days, numbers=numbers, sum=yuan(total), level=yuan(level))
