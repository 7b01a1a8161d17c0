"""The way to each desk: one line for each page that stands in the navigation.

Rule: a line shows to whoever holds one of its roles, wherever that role holds; the page's own guard
decides. A page of one unit is reached from the page over all of one's units.
"""

from __future__ import annotations

from collections.abc import Collection
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


#: In the order in which they are drawn, after what waits and before one's own account. Each part
#: adds its own line.
ITEMS: list[Item] = []
_FIRST = Item("desk.waiting", _("待我处理"))
_LAST = Item("account.home", _("我的账号"))


def shown(who: Signed) -> list[Shown]:
    """The lines for ``who``, in order."""
    roles = {grant.role for grant in who.grants}
    return [
        Shown(url_for(item.endpoint), str(item.label), item.endpoint == request.endpoint)
        for item in (_FIRST, *ITEMS, _LAST)
        if not item.roles or roles.intersection(item.roles)
    ]
