"""Unified social credit codes 统一社会信用代码 (GB 32100-2015)."""

from __future__ import annotations

import unicodedata

from stdnum.cn import uscc


def clean(text: str) -> str | None:
    """The code in its plain form; ``None`` unless it is one, check character and all."""
    plain = unicodedata.normalize("NFKC", text) if len(text) <= 40 else ""
    return uscc.compact(plain) if uscc.is_valid(plain) else None
