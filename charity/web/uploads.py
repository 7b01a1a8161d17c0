"""Views that take files: how much they may take, and how a file is read and kept.

Rule: everywhere else a request is small (``MAX_CONTENT_LENGTH``). The larger limit is set before
anything reads the form, since the check of the form's token reads it first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from charity.kernel import files, uploads
from charity.kernel.files import Stored
from charity.kernel.uploads import MAX_BYTES, Clean, FileMissing

View = TypeVar("View", bound=Callable[..., Any])
_FORM_BESIDE = 128 * 1024


def takes_file(view: View) -> View:
    """Let this view take one file of up to ``MAX_BYTES``; stands above the guard."""
    view.takes_file = True  # type: ignore[attr-defined] # an attribute of our own on a function
    return view


def init_app(app: Flask) -> None:
    """Set the limit of each request before its form is read."""
    app.url_value_preprocessor(_set_limit)


def _set_limit(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    view = current_app.view_functions.get(endpoint or "")
    if getattr(view, "takes_file", False):
        request.max_content_length = MAX_BYTES + _FORM_BESIDE
        # The reader holds a whole chunk of a file beside what is left of the last one.
        request.max_form_memory_size = 2 * _FORM_BESIDE


def kept(field: str = "file") -> tuple[Clean, Stored]:
    """The file of this request, cleaned and in the store. Raises what ``uploads.clean`` raises.

    Call it before ``atomic``: drawing a picture anew takes its time.
    """
    content, name = _given(field)
    return _stored(uploads.clean(content, name))


def kept_picture(field: str = "file") -> tuple[Clean, Stored]:
    """The same where only a picture will do; raises ``PictureOnly`` as well."""
    content, name = _given(field)
    return _stored(uploads.clean_picture(content, name))


def _given(field: str) -> tuple[bytes, str]:
    given = request.files.get(field)
    if given is None or not given.filename:
        raise FileMissing
    return given.stream.read(MAX_BYTES + 1), given.filename


def _stored(cleaned: Clean) -> tuple[Clean, Stored]:
    return cleaned, files.store().put(cleaned.content, cleaned.suffix)
