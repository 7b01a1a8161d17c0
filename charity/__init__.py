"""The website of one charity: campaigns, raising units, gifts, and a ledger anyone can check.

Rule: importing the package costs nothing. `create_app` is fetched by name when first asked for, so
the command line and the worker do not load the web, and no module depends on `charity.app` merely
by importing from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    create_app: Callable[..., Flask]

__version__ = "0.1.0"
__all__ = ["__version__", "create_app"]


def __getattr__(name: str) -> object:
    """Give `charity.create_app`; raises AttributeError for any other name."""
    if name == "create_app":
        return import_module("charity.app").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
