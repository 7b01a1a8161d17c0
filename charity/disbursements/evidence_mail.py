"""What people of a unit are told of evidence: asked again, and overdue. Inside ``atomic()``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from flask_babel import force_locale
from flask_babel import gettext as _

from charity.kernel import outbox


def asked_again(
    to: Sequence[str], person: str, *, number: str, reason: str, due: dt.date, word: int
) -> None:
    """Once for each word and person: what was given will not do, and why."""
    # Whoever judged may read English; the people of units are written to in Chinese.
    with force_locale("zh_Hans_CN"):
        text = _(
            "您好：\n\n用款申请 %(number)s 的使用凭据需要补充：\n\n%(reason)s\n\n"
            "请在 %(due)s 前登录工作台补交。逾期未交，本单位新的用款申请须等到补齐以后才能提交。\n"
            "这封邮件由系统发出，请不要直接回复。",
            number=number,
            reason=reason,
            due=due.isoformat(),
        )
        subject = _("用款申请 %(number)s 的使用凭据需要补充", number=number)
    _put(to, subject, text, f"evidence.again.{word}.{person}")


def overdue(
    to: Sequence[str], person: str, *, number: str, title: str, due: dt.date, period: int
) -> bool:
    """Once for each application, due day, period and person; whether it was new."""
    text = _(
        "您好：\n\n用款申请 %(number)s（%(title)s）已经拨付，"
        "使用凭据应在 %(due)s 前交齐，现已逾期。\n\n"
        "请尽快登录工作台补交。补齐以前，本单位不能提交新的用款申请。\n"
        "这封邮件由系统发出，请不要直接回复。",
        number=number,
        title=title,
        due=due.isoformat(),
    )
    subject = _("用款申请 %(number)s 的使用凭据已逾期", number=number)
    key = f"evidence.overdue.{number}.{due.isoformat()}.{period}.{person}"
    return _put(to, subject, text, key)


def _put(to: Sequence[str], subject: str, text: str, key: str) -> bool:
    told = [outbox.put(to=one, subject=subject, text=text, key=key) for one in to]
    return any(told)
