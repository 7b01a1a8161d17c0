"""The website of one charity: campaigns, raising units, gifts, and a ledger anyone can check.

Rule: importing the package costs nothing. `create_app` is fetched when first asked for, so that
the command line and the worker do not load the web.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charity.app import create_app as create_app

__version__ = "0.1.0"
__all__ = ["__version__", "create_app"]


def __getattr__(name: str) -> object:
    """Give `charity.create_app`; raises AttributeError for any other name."""
    if name == "create_app":
        from charity.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
