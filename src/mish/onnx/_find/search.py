"""Finds the places where a model computes Mish."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from os import PathLike

import onnx

from mish.onnx._find.finder import Finder, Verdicts
from mish.onnx._find.named import require_names, take, with_titles
from mish.onnx._find.site import Match, Site
from mish.onnx._find.trace import Reader
from mish.onnx._model.files import as_model, legible
from mish.onnx._model.infer import typed_scopes
from mish.onnx._model.scopes import Functions, Scope, called


def find(
    model: onnx.ModelProto | str | PathLike[str], *, operators: Collection[str] = ()
) -> list[Site]:
    """List the places where a model computes Mish, subgraphs and own functions included.

    Args:
        model: A model, or the path of one. Weights kept in other files are not read.
        operators: Operators of others that are Mish, as ``DOMAIN::NAME``: see
            :func:`mish.onnx.optimize`.

    Returns:
        The sites, those of the main graph first, each scope's in the order of its nodes.

    Raises:
        ValueError: If an operator is not told in that way.
        ModelError: If the path holds no readable ONNX model, if the model's types contradict
            each other, or if one of ``operators`` cannot be Mish.
    """
    require_names(operators)
    with legible():
        known = onnx.ModelProto()
        known.CopyFrom(as_model(model))
        take(known, operators)
        sites = (match.site for match in find_in(*typed_scopes(known)))
        return [replace(site, spelling=with_titles(site.spelling)) for site in sites]


def find_in(scopes: list[Scope], functions: Functions) -> list[Match]:
    """List the matches of a model. A function that nothing else calls than matches has none.

    Args:
        scopes: The model's scopes, as :func:`typed_scopes` gives them.
        functions: Its functions.
    """
    reader, verdicts = Reader(functions), Verdicts()
    keys = {id(function): key for key, function in functions.items()}
    live: set[object] = set()  # the functions that are called
    matches: list[Match] = []
    for scope in scopes:
        key = keys.get(id(scope.root.body))
        if key is not None and key not in live:
            continue
        finder = Finder(scope, reader, verdicts)
        matches += finder.matches()
        replaced = finder.replaced() if functions else set()
        live |= {
            called(node)
            for node in scope.body.node
            if called(node) in functions and not replaced.issuperset(node.output)
        }
    return matches
