"""Addresses of our own. The Host header is never believed: they come from the settings."""

from __future__ import annotations

from flask import current_app

_MACHINE_PATHS = ("/api/", "/webhooks/", "/livez", "/readyz")


def for_machines(path: str) -> bool:
    """Whether what stands at ``path`` is for programs: no pages, no session."""
    return path.startswith(_MACHINE_PATHS)


def absolute(path: str) -> str:
    """The whole address of a path on this site."""
    return f"{current_app.extensions['charity.settings'].base_url}{path}"


def own_path(address: str | None) -> str | None:
    """``address`` if it leads to a page of this site, else None: no redirect leads elsewhere."""
    if not address:
        return None
    address = address.removeprefix(current_app.extensions["charity.settings"].base_url)
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else None
