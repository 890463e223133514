"""Strict shapes of the requests and answers of an AWS service, from botocore's own model of it."""

from __future__ import annotations

from cdk_penstock.local.service.shapes.json_document import json_document
from cdk_penstock.local.service.shapes.service_shapes import ServiceShapes
from cdk_penstock.local.service.shapes.shape import UnexpectedAnswerError

__all__ = ("ServiceShapes", "UnexpectedAnswerError", "json_document")
