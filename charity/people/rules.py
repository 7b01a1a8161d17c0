"""What names, passwords, roles and tries may be; how long things last. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from charity.people.errors import (
    CashierOrAccountant,
    NameUnfit,
    PasswordCommon,
    PasswordLong,
    PasswordShort,
    ScopeUnfit,
    SupervisorDecides,
)
from charity.people.kinds import FUND_ROLES, LinkPurpose, Role, Tried

# --- how long things last --------------------------------------------------------------------
STAFF_IDLE = dt.timedelta(hours=2)
STAFF_LASTS = dt.timedelta(hours=12)
IDLE = dt.timedelta(days=14)
LASTS = dt.timedelta(days=60)
TOUCH_AFTER = dt.timedelta(minutes=2)
LINK_LASTS = {
    LinkPurpose.SIGN_IN: dt.timedelta(minutes=15),
    LinkPurpose.INVITE: dt.timedelta(days=7),
}


def alive(created_at: dt.datetime, seen_at: dt.datetime, now: dt.datetime, *, staff: bool) -> bool:
    """Whether a session still stands: used lately, and not begun too long ago."""
    idle, lasts = (STAFF_IDLE, STAFF_LASTS) if staff else (IDLE, LASTS)
    return now - seen_at < idle and now - created_at < lasts


# --- names -----------------------------------------------------------------------------------
NAME_LENGTH = 60
_MARKS_IN_A_ROW = 4


def fit_name(name: str, field: str = "name") -> str:
    """A person's name in NFC, blanks joined to one.

    Letters of every script, marks, digits, the usual points and hyphens. No control or invisible
    characters, no direction marks, at most four combining marks on one letter. Raises NameUnfit.
    """
    if len(name) > 4 * NAME_LENGTH:
        raise NameUnfit(field=field)
    marks = 0
    for char in name:
        category = unicodedata.category(char)
        if category[0] in "CS" or category in {"Zl", "Zp"}:
            raise NameUnfit(field=field)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > _MARKS_IN_A_ROW:
            raise NameUnfit(field=field)
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean or len(clean) > NAME_LENGTH or not any(char.isalpha() for char in clean):
        raise NameUnfit(field=field)
    return clean


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: blanks, middle dots, width and case aside."""

    def bare(name: str) -> str:
        folded = unicodedata.normalize("NFKC", name).casefold()
        return "".join(char for char in folded if char.isalnum())

    return bare(one) == bare(other)


# --- passwords -------------------------------------------------------------------------------
PASSWORD_SHORTEST = 10
PASSWORD_LONGEST = 200
_DIFFERENT = 5
_OWN_PART = 4


def fit_password(password: str, *about: str, common: Collection[str] = ()) -> str:
    """The password in its normal spelling when it may be used.

    At least ten characters, five of them different, not one of ``common`` (in plain spelling)
    with digits or points around it, and not made of the person's own name or addresses
    (``about``). Raises PasswordShort, PasswordLong, PasswordCommon.
    """
    clean = normal_password(password)
    if len(clean) > PASSWORD_LONGEST:
        raise PasswordLong(most=PASSWORD_LONGEST, field="password")
    if len(clean) < PASSWORD_SHORTEST:
        raise PasswordShort(least=PASSWORD_SHORTEST, field="password")
    rest = plain(clean)
    for word in sorted({plain(part) for text in about for part in (text, *text.split("@"))}):
        rest = rest.replace(word, "") if word else rest
    bare = rest.strip("0123456789!?.-_#*")
    if len(set(clean)) < _DIFFERENT or len(rest) < _OWN_PART or {rest, bare} & set(common):
        raise PasswordCommon(field="password")
    return clean


def normal_password(password: str) -> str:
    """One spelling for a password typed on different keyboards."""
    return unicodedata.normalize("NFKC", password)


def plain(text: str) -> str:
    """Lower case without blanks and with the usual disguises undone, for comparing."""
    return "".join(text.lower().split()).translate(str.maketrans("@$", "as"))


# --- roles -----------------------------------------------------------------------------------
_SCOPE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?", re.ASCII)
DECIDING = frozenset(Role) - {Role.SUPERVISOR, Role.ORGANIZATION_MANAGER}
_NEVER_BOTH = (Role.CASHIER, Role.ACCOUNTANT)


def fit_scope(role: Role, scope: str | None) -> str | None:
    """``scope`` when it is of the kind that ``role`` needs. Raises ScopeUnfit."""
    if role in FUND_ROLES:
        if scope:
            raise ScopeUnfit(field="scope")
        return None
    if not scope or _SCOPE.fullmatch(scope) is None:
        raise ScopeUnfit(field="scope")
    return scope


def fit_roles(held: Collection[Role], role: Role) -> None:
    """Whether who holds ``held`` may also hold ``role``.

    Raises CashierOrAccountant, SupervisorDecides.
    """
    both = {*held, role}
    if both.issuperset(_NEVER_BOTH):
        raise CashierOrAccountant(field="role")
    if Role.SUPERVISOR in both and both & DECIDING:
        raise SupervisorDecides(field="role")


# --- tries -----------------------------------------------------------------------------------
FORGET_AFTER = dt.timedelta(hours=24)
_FIRST_PAUSE_S = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free, and the longest pause that more of them bring, in seconds."""

    free: int
    longest_s: int


PATIENCE = {
    Tried.ACCOUNT: Patience(4, 15 * 60),
    Tried.FACTOR: Patience(4, 15 * 60),
    Tried.LINK: Patience(3, 15 * 60),
    # A whole village may stand behind one address: it is slowed down, not shut out.
    Tried.SOURCE: Patience(30, 60),
}


def pause_after(failures: int, patience: Patience) -> dt.timedelta:
    """How long the next try waits after so many failures: 2, 4, 8 … seconds, up to the longest."""
    over = failures - patience.free
    if over <= 0:
        return dt.timedelta(0)
    return dt.timedelta(seconds=min(_FIRST_PAUSE_S << min(over - 1, 20), patience.longest_s))
