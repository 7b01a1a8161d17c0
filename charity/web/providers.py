"""Payment providers as pages offer and name them."""

from __future__ import annotations

from collections.abc import Collection

from flask import current_app
from flask_babel import gettext as _

from charity.config import Settings
from charity.funds import provider_queries as switched


def installed() -> tuple[str, ...]:
    """The providers of this installation, the first one first."""
    settings: Settings = current_app.extensions["charity.settings"]
    return settings.payment_providers


def offered(campaigns: Collection[str]) -> tuple[str, ...]:
    """Those through which all of these campaigns take gifts; of none at all, every one."""
    by_all = switched.taken_by_all(campaigns)
    return tuple(name for name in installed() if by_all is None or name in by_all)


def provider_name(name: str) -> str:
    """A provider as donors know it."""
    if name == "stripe":
        return str(_("银行卡、微信支付或支付宝（境外渠道 Stripe）"))
    return str(_("测试支付")) if name == "sandbox" else name
