"""Finds the places where a model computes Mish."""

from __future__ import annotations

from os import PathLike

import onnx

from mish.onnx.files import as_model, legible
from mish.onnx.finder import Finder
from mish.onnx.infer import typed_scopes
from mish.onnx.scopes import FunctionKey, Functions, Scope, called, key_of
from mish.onnx.site import Match, Site


def find(model: onnx.ModelProto | str | PathLike[str]) -> list[Site]:
    """List the places where a model computes Mish, subgraphs and own functions included.

    Args:
        model: A model, or the path of one. Weights kept in other files are not read.

    Returns:
        The sites, those of the main graph first, each scope's in the order of its nodes.

    Raises:
        ModelError: If the path holds no readable ONNX model, or the model's types contradict
            each other.
    """
    with legible():
        return [match.site for match in find_in(*typed_scopes(as_model(model)))]


def find_in(scopes: list[Scope], functions: Functions) -> list[Match]:
    """List the matches of a model. A function that none but matches call has none of its own.

    Args:
        scopes: The model's scopes, as :func:`typed_scopes` gives them.
        functions: Its functions.
    """
    matches: list[Match] = []
    ends: set[tuple[int, str]] = set()
    for scope in scopes:
        if isinstance(scope.body, onnx.FunctionProto) and not _still_called(
            key_of(scope.body), scopes, ends
        ):
            continue
        finder = Finder(scope, functions)
        matches += finder.matches()
        ends |= {(id(scope), match.site.output) for match in matches if match.scope is scope}
    return matches


def _still_called(function: FunctionKey, scopes: list[Scope], ends: set[tuple[int, str]]) -> bool:
    """Whether some node calls a function and is not itself Mish."""
    return any(
        (id(scope), name) not in ends
        for scope in scopes
        for node in scope.body.node
        if called(node) == function
        for name in node.output
    )
