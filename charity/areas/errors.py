"""What areas refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import RuleBroken


class UnknownArea(RuleBroken):
    """There is no such area on that day."""

    code = "unknown_area"
    message = _("没有这个行政区划代码，请从列表中选择。")
    field = "area_code"
