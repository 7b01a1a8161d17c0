"""States of a campaign and levels of a raising unit."""

from __future__ import annotations

from enum import StrEnum


class CampaignStatus(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"  # the plan is being written; nobody sees it
    FILED = "filed"  # the plan has its filing number
    OPEN = "open"  # takes gifts between its dates
    ENDED = "ended"  # takes no more gifts
    REPORTED = "reported"  # the closing report is public
    CLOSED = "closed"  # every book of it is closed


PUBLIC = frozenset(CampaignStatus) - {CampaignStatus.DRAFT}


class UnitLevel(StrEnum):
    """How far a raising unit reaches."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    OTHER = "other"  # a company, a school, a social organization


class Basis(StrEnum):
    """On what a campaign asks for money."""

    PUBLIC = "public"  # publicly, by a filed plan
    DIRECTED = "directed"  # sponsors, council members and members only
    NONE = "none"  # asks nobody: gifts by agreement


class FileKind(StrEnum):
    """What a file of a campaign is for."""

    PICTURE = "picture"  # may stand in the description
    DOCUMENT = "document"  # listed under the campaign's documents
    REPORT = "report"  # the closing report; without one the campaign is not reported


class FundText(StrEnum):
    """What a special fund says about itself, each in dated versions."""

    RULES = "rules"  # management rules 管理办法
    COMMITTEE = "committee"  # management committee 管理委员会
    CONTACT = "contact"


class Need(StrEnum):
    """What a campaign still lacks for its next step."""

    NAME = "name"
    PURPOSE = "purpose"
    DATES = "dates"
    AREA = "area"
    PERSON_IN_CHARGE = "person_in_charge"
    CONTACT_PHONE = "contact_phone"
    OFFICE = "contact_address"
    METHODS = "methods"
    BANK_ACCOUNT = "bank_account"
    BENEFICIARIES = "beneficiaries"
    USE_PLAN = "use_plan"
    COST_PLAN = "cost_plan"
    LEFTOVER = "leftover"
    EXPECTED = "expected"
    EXPECTED_BASIS = "expected_basis"
    FALLBACK_USE = "fallback_use"
    FILING_NUMBER = "filing_number"
    PLATFORM = "platform_name"
    LISTING = "platform_url"
    NOT_OVER = "ends_on"  # it cannot open after its last day
    NOT_TAKEN_DOWN = "taken_down"
    EARLY_REASON = "note"  # it ends before its last day only with a reason
    REPORT = "report"
    CLEARING = "clearing"
    TRANSIT = "transit"
    RESERVED = "reserved"
    PENDING_IN = "pending_in"
    SHORTFALL = "shortfall"
    ADVANCE = "advance"
    GOODS = "goods"


class UnitClosing(StrEnum):
    """Why a raising unit raises no more. Its books stay what they are."""

    MERGED = "merged"  # into another unit
    LEFT = "left"  # it does so no longer, or is gone


class AdmissionStep(StrEnum):
    """What must be there before a unit's book in a campaign is opened."""

    ASSESSMENT = "assessment"  # what was looked at, with the result that it is fit
    AGREEMENT = "agreement"  # signed, kept as a file
    NAMING = "naming"  # named in the filed plan
    FILED = "filed"  # the campaign's plan has its filing number, and it has not ended
    UNIT_OPEN = "unit_open"  # the unit has neither merged nor left
