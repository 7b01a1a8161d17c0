"""The description of the API, OpenAPI 3.1, made from the views themselves."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from charity import __version__
from charity.api.answers import Problem
from charity.api.described import Operation, operation_of

_REF = "#/components/schemas/{model}"
_PLACE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


def document(app: Flask) -> dict[str, Any]:
    """The whole description, for ``/openapi.json``."""
    found: dict[str, dict[str, Any]] = {}
    models: set[type[BaseModel]] = {Problem}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is None:
            continue
        models |= _models(operation)
        path = _PLACE.sub(r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            said = _said(operation, rule.endpoint, sorted(rule.arguments), f"{method} {path}")
            found.setdefault(path, {})[method.lower()] = said
    _, schemas = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=_REF,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Charity API",
            "version": __version__,
            "description": "Money is whole fen. Times are RFC 3339 UTC, dates Asia/Shanghai. "
            "Errors are RFC 9457 problem JSON and change nothing.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": app.extensions["charity.settings"].base_url}],
        "paths": found,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "staff": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made at a desk with the scopes it may use, shown once.",
                }
            },
        },
    }


def _models(operation: Operation) -> set[type[BaseModel]]:
    models: set[type[BaseModel]] = set(operation.also.values())
    for model in (operation.answer, operation.body):
        if isinstance(model, type):
            models.add(model)
    return models


def _schema(model: type[BaseModel] | str) -> dict[str, Any]:
    if isinstance(model, str):
        return {model: {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _said(operation: Operation, endpoint: str, places: list[str], name: str) -> dict[str, Any]:
    responses = {str(operation.status): _answer(operation.status, operation.answer)}
    for status, model in operation.also.items():
        responses[str(status)] = _answer(status, model)
    for status in operation.refusals:
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {
                "application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}
            },
        }
    said: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": operation.summary,
        "description": name,
        "parameters": [
            {"name": place, "in": "path", "required": True, "schema": {"type": "string"}}
            for place in places
        ]
        + [
            {
                "name": each.name,
                "in": each.where,
                "required": each.required,
                "description": each.description,
                "schema": each.schema,
            }
            for each in operation.parameters
        ],
        "responses": responses,
    }
    if operation.body is not None:
        said["requestBody"] = {"required": True, "content": _schema(operation.body)}
    if operation.scopes:
        said["security"] = [{"staff": list(operation.scopes)}]
    return said


def _answer(status: int, model: type[BaseModel] | str) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": _schema(model)}
