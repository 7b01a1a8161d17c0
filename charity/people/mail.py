"""What people are told about their accounts. One function for each message; inside ``atomic()``."""

from __future__ import annotations

from flask_babel import gettext as _

from charity.kernel import outbox
from charity.kernel.ids import new_id


def sign_in_link(to: str, link: str, *, minutes: int) -> None:
    """A link asked for on the sign-in page."""
    text = _(
        "您好：\n\n请在 %(minutes)s 分钟内打开下面的链接登录，链接只能使用一次：\n\n%(link)s\n\n"
        "如果不是您本人在登录，请不要打开它，也不要转发给任何人。",
        minutes=minutes,
        link=link,
    )
    _put("sign-in-link", to, _("登录链接"), text)


def invitation(to: str, name: str, link: str, *, days: int) -> None:
    """A link to someone who was given a role."""
    text = _(
        "%(name)s，您好：\n\n您已获邀使用本慈善组织的工作台。请在 %(days)s 天内打开下面的链接登录，"
        "链接只能使用一次：\n\n%(link)s\n\n登录后请设置密码和两步验证。请不要把链接转发给任何人。",
        name=name,
        days=days,
        link=link,
    )
    _put("invitation", to, _("工作台邀请"), text)


def account_joined(to: str, name: str) -> None:
    """Another account was joined to this person."""
    text = _(
        "%(name)s，您好：\n\n您的名下增加了一个登录账号。如果您不知道这件事，请立即联系专项基金办公室。",
        name=name,
    )
    _put("account-joined", to, _("您的名下增加了登录账号"), text)


def password_changed(to: str, name: str) -> None:
    """The password was changed, so other sessions ended."""
    text = _(
        "%(name)s，您好：\n\n您的登录密码刚刚修改，其他设备上的登录已全部退出。"
        "如果不是您本人操作，请立即联系专项基金办公室。",
        name=name,
    )
    _put("password-changed", to, _("登录密码已修改"), text)


def factor_reset(to: str, name: str) -> None:
    """The second factor was taken away by two people."""
    text = _(
        "%(name)s，您好：\n\n经两人批准，您的两步验证已重置，请登录后重新设置。"
        "如果您没有申请过，请立即联系专项基金办公室。",
        name=name,
    )
    _put("factor-reset", to, _("两步验证已重置"), text)


def _put(kind: str, to: str, subject: str, text: str) -> None:
    # Each of these is sent once for each time it happens, so each has a key of its own.
    outbox.put(to=to, subject=subject, text=text, key=f"people.{kind}.{new_id()}")
