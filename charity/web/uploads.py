"""Views that take files: how much they may take, and how a file is read and kept.

Rule: everywhere else a request is small (``MAX_CONTENT_LENGTH``). The larger limit is set before
anything reads the form, since the check of the form's token reads it first. Of several files all
are kept, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _
from werkzeug.datastructures import FileStorage

from charity.kernel import files, uploads
from charity.kernel.errors import RuleBroken
from charity.kernel.files import Stored
from charity.kernel.uploads import MAX_BYTES, Clean, FileMissing

View = TypeVar("View", bound=Callable[..., Any])
_FORM_BESIDE = 128 * 1024
#: Files of one form: as many photos as a phone sends in one go over a village's line.
MANY = 6
_SHOWN = 60


class TooManyFiles(RuleBroken):
    """More files in one form than are taken at once."""

    code = "too_many_files"
    message = _("一次最多上传 %(most)s 个文件，请分几次上传。")
    field = "files"


class OneFileRefused(RuleBroken):
    """One of several files will not do; it is named, and none of them is kept."""

    code = "one_file_refused"
    message = _("“%(name)s”：%(why)s")
    field = "files"


def takes_file(view: View) -> View:
    """Let this view take one file of up to ``MAX_BYTES``; stands above the guard."""
    view.takes_files = 1  # type: ignore[attr-defined] # an attribute of our own on a function
    return view


def takes_files(view: View) -> View:
    """The same for up to ``MANY`` files at once."""
    view.takes_files = MANY  # type: ignore[attr-defined] # an attribute of our own on a function
    return view


def takes_long_form(most: int) -> Callable[[View], View]:
    """Let this view's form have ``most`` bytes beside its files; stands above ``takes_file``."""

    def longer(view: View) -> View:
        view.form_beside = most  # type: ignore[attr-defined] # an attribute of our own, as above
        return view

    return longer


def init_app(app: Flask) -> None:
    """Set the limit of each request before its form is read."""
    app.url_value_preprocessor(_set_limit)


def _set_limit(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    view = current_app.view_functions.get(endpoint or "")
    number: int = getattr(view, "takes_files", 0)
    if number:
        beside: int = getattr(view, "form_beside", _FORM_BESIDE)
        request.max_content_length = number * MAX_BYTES + beside
        # The reader holds a whole chunk of a file beside what is left of the last one.
        request.max_form_memory_size = 2 * beside


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


def kept_all(*fields: str, pictures: bool = False) -> list[tuple[Clean, Stored]]:
    """Every file of these fields, all cleaned before the first is kept; empty when none was chosen.

    ``pictures``: nothing else will do. Raises ``TooManyFiles``; ``OneFileRefused`` says which one
    and why.
    """
    given = [one for field in fields for one in request.files.getlist(field) if one.filename]
    if len(given) > MANY:
        raise TooManyFiles(most=MANY)
    cleaned = [_one_of_several(each, pictures=pictures) for each in given]
    return [_stored(one) for one in cleaned]


def _one_of_several(given: FileStorage, *, pictures: bool) -> Clean:
    name = given.filename or ""
    clean = uploads.clean_picture if pictures else uploads.clean
    try:
        return clean(given.stream.read(MAX_BYTES + 1), name)
    except RuleBroken as error:
        shown = "".join(char for char in name if char.isprintable())[-_SHOWN:]
        raise OneFileRefused(name=shown, why=error.sentence()) from None


def _given(field: str) -> tuple[bytes, str]:
    given = request.files.get(field)
    if given is None or not given.filename:
        raise FileMissing
    return given.stream.read(MAX_BYTES + 1), given.filename


def _stored(cleaned: Clean) -> tuple[Clean, Stored]:
    return cleaned, files.store().put(cleaned.content, cleaned.suffix)
