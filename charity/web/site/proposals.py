"""What to do instead when a gift is too small for its provider: in one press, without a script.

Rule: nothing is chosen for the donor. Each proposal is a button of the same form, says what it
costs, and what it costs is what the ledger gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from charity.donations.services import provider_least
from charity.kernel.money import yuan
from charity.web.providers import provider_name

DAYS = (30, 365)
_DAYS, _VIA = "days-", "via-"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A button: what it sends as ``action``, and what it says."""

    action: str
    label: str


def proposals(fen: int, provider: str, providers: Sequence[str], *, basket: bool) -> list[Proposal]:
    """Other ways to give ``fen``: with other gifts, days in advance, by another provider."""
    least = provider_least(provider)
    found = []
    if basket:
        found.append(Proposal("basket", _("放入爱心篮，和给其他单位的捐赠一起支付")))
        found += [
            Proposal(
                f"{_DAYS}{days}",
                _("每天 %(each)s，一次捐 %(days)s 天，共 %(sum)s", each=yuan(fen), days=days,
                  sum=yuan(fen * days)),
            )
            for days in DAYS
            if fen * days >= least
        ]  # fmt: skip
    found += [
        Proposal(f"{_VIA}{name}", _("改用%(name)s支付", name=provider_name(name)))
        for name in providers
        if name != provider and provider_least(name) <= fen
    ]
    return found


def days_of(action: str) -> int:
    """How many days at once the pressed button gives; 1 for every other."""
    text = action.removeprefix(_DAYS)
    return int(text) if text in {str(days) for days in DAYS} else 1


def provider_of(action: str) -> str | None:
    """The provider the pressed button chose."""
    return action.removeprefix(_VIA) if action.startswith(_VIA) else None
