"""The words that pages show for the lists of people."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.people.kinds import Method, Role

ROLES: Mapping[Role, LazyString] = {
    Role.FUND_MANAGER: _("专项基金管理员"),
    Role.APPROVER: _("审批人"),
    Role.CASHIER: _("出纳"),
    Role.ACCOUNTANT: _("会计"),
    Role.DISCLOSER: _("信息公开专员"),
    Role.SUPERVISOR: _("监督员"),
    Role.UNIT_CLERK: _("募集经办人"),
    Role.UNIT_LEADER: _("募集负责人"),
    Role.ORGANIZATION_MANAGER: _("社会组织管理员"),
}

METHODS: Mapping[Method, LazyString] = {
    Method.PASSWORD: _("密码"),
    Method.LINK: _("登录链接"),
    Method.DEMO: _("演示登录"),
}
