"""States and choices of applications, payees, payments, evidence and holds."""

from __future__ import annotations

from enum import StrEnum


class ApplicationStatus(StrEnum):
    """Where an application is. Money is promised in APPROVED, gone in PAID and PROVED."""

    DRAFT = "draft"  # being written; nobody was asked
    WAITING = "waiting"  # submitted: decisions are outstanding
    RETURNED = "returned"  # sent back with questions
    REFUSED = "refused"  # refused with a reason
    APPROVED = "approved"  # reserved, not paid
    PAID = "paid"  # the bank line came; evidence is due
    PROVED = "proved"  # evidence accepted: closed
    WITHDRAWN = "withdrawn"  # by the unit, before approval
    LAPSED = "lapsed"  # the approval was taken back or ran out: the money is free again


#: In these the unit may still write.
OPEN_TO_CHANGE = frozenset(
    {ApplicationStatus.DRAFT, ApplicationStatus.WAITING, ApplicationStatus.RETURNED}
)
#: In these the money is asked for, promised or gone: they count against split payments.
LIVE = frozenset(
    {
        ApplicationStatus.WAITING,
        ApplicationStatus.APPROVED,
        ApplicationStatus.PAID,
        ApplicationStatus.PROVED,
    }
)
#: In these the money was used: these are shown in public.
USED = frozenset({ApplicationStatus.PAID, ApplicationStatus.PROVED})


class Function(StrEnum):
    """What the money is for, as the accounts tell it apart."""

    PROGRAMME = "programme"  # 业务活动: help for people
    FUNDRAISING = "fundraising"  # 筹资费用: the cost of asking for gifts, paid to a supplier


class Purpose(StrEnum):
    """The field of help."""

    LIVING = "living"  # daily life and hardship
    MEDICAL = "medical"
    EDUCATION = "education"
    CARE = "care"  # visits, company, care at home
    DISABILITY = "disability"  # aids and barrier-free homes
    ELDERLY = "elderly"
    WOMEN_CHILDREN = "women_children"
    HOUSING = "housing"
    EMERGENCY = "emergency"
    COMMUNITY = "community"  # things of a village or a neighbourhood for all
    CAMPAIGN_COST = "campaign_cost"  # with function FUNDRAISING only


class Category(StrEnum):
    """Who is helped; the words of the glossary, others beside them."""

    ORPHAN = "orphan"  # 孤儿
    UNRAISED_CHILD = "unraised_child"  # 事实无人抚养儿童
    DISABLED = "disabled"  # 困难重度残疾人
    DESTITUTE = "destitute"  # 特困家庭
    ELDERLY = "elderly"
    WOMEN = "women"
    CHILDREN = "children"
    VILLAGERS = "villagers"  # all of a place
    OTHER = "other"


class PayeeKind(StrEnum):
    """Whom an account belongs to."""

    PERSON = "person"
    ORGANIZATION = "organization"


class PaymentKind(StrEnum):
    """A movement on the bank account."""

    PAY = "pay"  # to the payee
    BANK_RETURN = "bank_return"  # the payee's bank sent it back
    MONEY_BACK = "money_back"  # what was not needed was handed back


class EvidenceKind(StrEnum):
    """What proves a use."""

    SLIP = "slip"  # the bank's slip
    INVOICE = "invoice"
    PHOTO = "photo"
    LIST = "list"  # who received what, by codes
    OTHER = "other"


class EvidenceStatus(StrEnum):
    """Where a piece of evidence is."""

    GIVEN = "given"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class HoldReason(StrEnum):
    """Why an application may not be paid now."""

    QUESTION = "question"  # something must be cleared up first
    CONCERN = "concern"  # the public reported something
    PAYEE = "payee"  # the payee is in doubt
    PAIRING = "pairing"  # the pairing it belongs to is stopped
    DISCLOSURE = "disclosure"  # a legal duty of the campaign is overdue
    AUDIT = "audit"  # the supervisor or an authority looks into it


class Step(StrEnum):
    """What happened to an application, one row each."""

    CREATED = "created"
    CHANGED = "changed"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    REFUSED = "refused"
    ASK_EXPIRED = "ask_expired"  # nobody decided in time
    APPROVED = "approved"
    TAKEN = "taken"  # a refund took the promised money: back to the approver
    VOIDED = "voided"
    EXPIRED = "expired"  # approved and not paid in time
    HELD = "held"
    RELEASED = "released"
    PAID = "paid"
    BANK_RETURNED = "bank_returned"
    MONEY_BACK = "money_back"
    ASKED_AGAIN = "asked_again"  # the evidence did not do
    PROVED = "proved"
