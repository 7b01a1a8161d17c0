"""How templates write money and dates. Money comes in whole fen, moments are aware."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from flask import Flask

from charity.kernel import clock, money
from charity.web.locale import language


def init_app(app: Flask) -> None:
    """Give the filters to every template."""
    app.add_template_filter(money.yuan, "yuan")
    app.add_template_filter(money.plain, "yuan_plain")
    app.add_template_filter(cn_date)
    app.add_template_filter(cn_datetime)
    app.add_template_filter(dt.date.fromisoformat, "iso_date")
    app.add_template_filter(megabytes)


def cn_date(day: dt.date) -> str:
    """``2026年11月21日``, or ``21 November 2026``; a moment by its Asia/Shanghai date."""
    if isinstance(day, dt.datetime):
        day = clock.local_date(day)
    if language() == "en":
        return format_date(day, "d MMMM y", locale="en")
    return f"{day.year}年{day.month}月{day.day}日"


def cn_datetime(moment: dt.datetime) -> str:
    """The date with hours and minutes in Asia/Shanghai."""
    return f"{cn_date(moment)} {moment.astimezone(clock.ZONE):%H:%M}"


def megabytes(size: int) -> str:
    """Bytes as ``0.3 MB``, rounded up, so that nothing is said to be nothing."""
    tenths = -(-size * 10 // (1024 * 1024))
    return f"{tenths // 10}.{tenths % 10} MB"
