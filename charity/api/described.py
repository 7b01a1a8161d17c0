"""What each address of the API takes and answers, said beside its view and read by OpenAPI.

``@describe`` changes nothing about a view. Its summary is the first line of the view's docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from flask import Response
from pydantic import BaseModel

from charity.api.answers import Answer

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the query or a header; ``schema`` is JSON Schema."""

    name: str
    description: str
    where: Literal["query", "header"] = "query"
    required: bool = False
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    summary: str
    answer: type[Answer] | str  # a class, or the media type of what is no JSON
    status: int
    body: type[BaseModel] | None
    parameters: tuple[Parameter, ...]
    refusals: tuple[int, ...]
    also: dict[int, type[Answer]]
    scopes: tuple[str, ...]


def describe(
    answer: type[Answer] | str,
    *,
    status: int = 200,
    body: type[BaseModel] | None = None,
    parameters: tuple[Parameter, ...] = (),
    refusals: tuple[int, ...] = (),
    also: dict[int, type[Answer]] | None = None,
    scopes: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Say what a view answers, takes, and refuses with."""

    def note(view: View) -> View:
        assert view.__doc__
        view.operation = Operation(  # type: ignore[attr-defined] # an attribute of our own
            view.__doc__.strip().splitlines()[0],
            answer, status, body, parameters, refusals, also or {}, scopes,
        )  # fmt: skip
        return view

    return note


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """What ``@describe`` said of a view."""
    return getattr(view, "operation", None)


def said(answer: Answer, status: int = 200, *, sparse: bool = False) -> Response:
    """``answer`` as JSON; ``sparse`` leaves out what is not known."""
    text = answer.model_dump_json(exclude_none=sparse)
    return Response(text, status, mimetype="application/json")
