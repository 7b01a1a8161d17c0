"""What donors who left an address are told when their money was used: where that can be read.

One message for each donor and period, however many gifts and uses. No name and no amount stand in
it; the pages it leads to are public and show no donor.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from charity.donations.public_queries import Reachable
from charity.kernel.outbox import Message

LINKS = 5


def used(one: Reachable, gifts: Sequence[str], first: tuple[int, int], months: int) -> Message:
    """The message to this donor about these gifts; ``first`` is year and month of the period."""
    base = current_app.extensions["charity.settings"].base_url
    language = "en" if one.language == "en" else "zh"
    links = "\n".join(f"{base}/trace/{gift}?lang={language}" for gift in gifts[:LINKS])
    year, month = first
    with force_locale("en" if language == "en" else "zh_Hans_CN"):
        when = _("%(year)s年%(month)s月", year=year, month=month)
        if months > 1:
            when = _("%(when)s起的%(months)s个月里", when=when, months=months)
        subject = _("您捐赠的款项有了使用情况")
        text = _(
            "您好：\n\n%(when)s，您捐赠的款项有一部分已经使用。打开下面的网址，可以看到用在了哪里、"
            "帮助了多少人、还有多少等待使用：\n\n%(links)s\n\n",
            when=when,
            links=links,
        )
        if len(gifts) > LINKS:
            text += _(
                "您还有 %(count)s 笔捐赠也有了使用情况，凭感谢信里的网址可以逐笔查看。\n\n",
                count=len(gifts) - LINKS,
            )
        text += _("这些网页是公开的，不显示捐赠人。\n这封邮件由系统发出，请不要直接回复。")
    period = f"{year:04d}-{month:02d}"
    return Message(to=one.email, subject=subject, text=text, key=f"used:{one.donor_id}:{period}")
