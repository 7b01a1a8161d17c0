"""The way to each desk: one line for each page that stands in the navigation.

Rule: a line shows to whoever holds one of its roles, wherever that role holds; the page's own guard
decides. A page of one unit stands once for each unit one works for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.people.kinds import Role
from charity.people.queries import Signed


@dataclass(frozen=True, slots=True)
class Item:
    """One page of the navigation. No roles: everyone signed in."""

    endpoint: str
    label: LazyString
    roles: Collection[Role] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One line as it is drawn; ``here`` when it leads to the page being read."""

    url: str
    label: str
    here: bool


#: In the order in which they are drawn. Each part adds its own line.
ITEMS: list[Item] = [
    Item("desk.waiting", _("待我处理")),
    Item("funddesk.people", _("人员与职务"), (Role.FUND_MANAGER,)),
    Item("account.home", _("我的账号")),
]


def shown(who: Signed, items: Iterable[Item] | None = None) -> list[Shown]:
    """The lines for ``who``, in order."""
    held = {grant.role for grant in who.grants}
    return [
        Shown(url_for(item.endpoint), str(item.label), item.endpoint == request.endpoint)
        for item in (ITEMS if items is None else items)
        if not item.roles or held.intersection(item.roles)
    ]
