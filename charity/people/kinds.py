"""Roles, where each of them holds, and the other short lists of people."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; a grant joins it to the fund, a unit or an organization."""

    FUND_MANAGER = "fund_manager"  # 专项基金管理员: runs the fund, gives and takes roles
    APPROVER = "approver"  # 审批人: the second person of a decision
    CASHIER = "cashier"  # 出纳: bank lines and payouts
    ACCOUNTANT = "accountant"  # 会计: the books; never the cashier
    DISCLOSER = "discloser"  # 信息公开专员: publishes
    SUPERVISOR = "supervisor"  # 监督员: sees everything, changes nothing
    UNIT_CLERK = "unit_clerk"  # 募集经办人: enters gifts of a unit and its sub-units
    UNIT_LEADER = "unit_leader"  # 募集负责人: answers for a unit and its sub-units
    ORGANIZATION_MANAGER = "organization_manager"  # of a social organization


FUND_ROLES = frozenset(
    {
        Role.FUND_MANAGER,
        Role.APPROVER,
        Role.CASHIER,
        Role.ACCOUNTANT,
        Role.DISCLOSER,
        Role.SUPERVISOR,
    }
)
"""Held for the whole fund; every other role has a unit's or organization's code as its scope."""

UNIT_ROLES = frozenset({Role.UNIT_CLERK, Role.UNIT_LEADER})
"""Held for one raising unit with its sub-units."""


class Channel(StrEnum):
    """How a message reaches a person, and so what an account can be found by."""

    MAIL = "mail"
    PHONE = "phone"


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SIGN_IN = "sign_in"  # asked for on the sign-in page
    INVITE = "invite"  # sent to someone who was given a role


class Method(StrEnum):
    """How a session began."""

    PASSWORD = "password"  # noqa: S105 - a name, not a password
    LINK = "link"
    DEMO = "demo"  # one button per role; test databases only


class Tried(StrEnum):
    """What tries are counted for."""

    ACCOUNT = "account"  # passwords for one address typed, whether there is an account or not
    FACTOR = "factor"  # codes for one person
    LINK = "link"  # one-time links asked for one address typed
    SOURCE = "source"  # anything from one network address


class Ended(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    BY_OWNER = "by_owner"  # ended from the list of one's sessions
    REVOKED = "revoked"  # a role was taken away
    PASSWORD = "password"  # noqa: S105 - the password was changed
    FACTOR = "factor"  # the second factor was reset
    LEFT = "left"  # the person handed over and left


LINK_PATH = "/login/link/"
"""Where a one-time link leads; the token follows. Opening it changes nothing, sending it does."""

SECOND_FACTOR_LASTS = dt.timedelta(hours=4)
"""How long a second factor is fresh enough for approving, paying, publishing, revealing."""


class Scope(StrEnum):
    """What a bearer token may be used for; reading only."""

    WAITING = "waiting:read"  # requests that wait for the token's maker
    BANK = "bank:read"  # bank lines and what became of them
