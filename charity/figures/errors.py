"""What figures refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import RuleBroken


class LimitUnfit(RuleBroken):
    """A page has 1 to 200 rows."""

    code = "bad_limit"
    message = _("每页条数须在 1 到 200 之间。")
    field = "limit"
