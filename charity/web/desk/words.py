"""The words that pages show for the lists of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from charity.funds import unit_queries as units
from charity.people.kinds import Method, Role
from charity.people.queries import Grant

ROLES: Mapping[Role, LazyString] = {
    Role.FUND_MANAGER: _l("专项基金管理员"),
    Role.APPROVER: _l("审批人"),
    Role.CASHIER: _l("出纳"),
    Role.ACCOUNTANT: _l("会计"),
    Role.DISCLOSER: _l("信息公开专员"),
    Role.SUPERVISOR: _l("监督员"),
    Role.UNIT_CLERK: _l("募集经办人"),
    Role.UNIT_LEADER: _l("募集负责人"),
    Role.ORGANIZATION_MANAGER: _l("社会组织管理员"),
}

METHODS: Mapping[Method, LazyString] = {
    Method.PASSWORD: _l("密码"),
    Method.LINK: _l("登录链接"),
    Method.DEMO: _l("演示登录"),
}

#: Names by which browsers and systems call themselves; the first that is found is theirs.
_BROWSERS = ("MicroMessenger", "Edg", "Firefox", "Chrome", "Safari", "curl")
_SHOWN = {"MicroMessenger": "WeChat", "Edg": "Edge"}
_SYSTEMS = ("HarmonyOS", "Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


@dataclass(frozen=True, slots=True)
class Held:
    """A grant in words: the role and the name of the unit, if it holds for one."""

    grant: Grant
    role: str
    scope: str


def held(grants: Iterable[Grant]) -> list[Held]:
    """Grants in words, in their order."""
    found = list(grants)
    known = units.units_by_code({one.scope for one in found if one.scope is not None})
    return [
        Held(
            one,
            str(ROLES[one.role]),
            known[one.scope].name if one.scope in known else one.scope or "",
        )
        for one in found
    ]


def browser(agent: str) -> str:
    """A browser by the name people know it by: ``Firefox, Windows``."""
    name = next((one for one in _BROWSERS if one in agent), "")
    system = next((one for one in _SYSTEMS if one in agent), "")
    words = ", ".join(filter(None, (_SHOWN.get(name, name), system)))
    return words or _("没有说明的浏览器")
