"""Modules whose ``forward`` spells Mish out: told of, not changed.

To change one, it would have to become a graph, and a graph keeps one way through the code: that of
the mode, the flags and the shapes at hand. So that is for the caller to decide.
"""

from __future__ import annotations

import copy
import functools
import inspect
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch.fx import GraphModule, Tracer

from mish.torch import _graph_sites

_DEEPEST = 3  # functions that call functions


def why_left(module: nn.Module) -> str | None:
    """What to do about a ``forward`` that computes Mish itself; None if it does not."""
    kind: Any = type(module)
    if not _suspicious(names_of(kind)):
        return None
    try:
        sites = _graph_sites.find(traced(module))
    except Exception as error:  # whatever code may raise whose tensors have no values
        text = str(error).partition("\n")[0]
        return f"its forward may spell Mish out, but torch.fx cannot trace it: {text}"
    if not sites:
        return None
    return (
        f"its forward spells Mish out ({'; '.join(site.spelling for site in sites)}), which "
        "convert replaces in a graph: convert(torch.fx.symbolic_trace(model))"
    )


def names_of(kind: Any) -> set[str]:
    """The names in the forward of a class of modules, and in the functions that it calls."""
    return _names_in(kind.forward, kind, _DEEPEST)


def _suspicious(names: set[str]) -> bool:
    return "tanh" in names and bool(names & {"softplus", "log", "log1p", "logaddexp"})


@functools.lru_cache
def _names_in(function: Any, owner: type, depth: int) -> set[str]:
    """The names in a function, and in the functions and methods beside it that it names."""
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        return set()
    found = set(function.__code__.co_names)
    if depth and not str(function.__module__).startswith("torch."):
        for name in function.__code__.co_names:
            for called in (function.__globals__.get(name), getattr(owner, name, None)):
                if isinstance(called, FunctionType):
                    found |= _names_in(called, owner, depth - 1)
    return found


class _OneForward(Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def traced(module: nn.Module) -> GraphModule:
    """The graph of a module's own forward, each child a single call.

    Raises:
        Exception: whatever its code raises where tensors have no values.
    """
    # A forward may keep things; its children are not called.
    own = copy.deepcopy(module, {id(child): child for child in module.children()})
    with torch.random.fork_rng(devices=[]):
        return GraphModule(own, _OneForward().trace(own))
