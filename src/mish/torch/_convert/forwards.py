"""Modules whose ``forward`` spells Mish out: told of, not changed.

To change one, it would have to become a graph, and a graph keeps one way through the code: that of
the mode, the flags and the shapes at hand. So that is for the caller to decide.
"""

from __future__ import annotations

import copy
import functools
import inspect
import operator
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch.fx import GraphModule, Node, Proxy, Tracer

from mish.torch._convert import graph_sites

_DEEPEST = 3  # functions that call functions


def why_left(module: nn.Module) -> str | None:
    """What to do about a ``forward`` that computes Mish itself; None if it does not."""
    kind: Any = type(module)
    if not _suspicious(names_of(kind)):
        return None
    try:
        sites = graph_sites.find(traced(module))
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


class _Proxy(Proxy):
    """Tells x += y from x = x + y, which torch.fx takes for the same."""


def _augmented(function: Any) -> Any:
    def method(self: _Proxy, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", function, (self, other), {})

    return method


for _name in ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul"):
    setattr(_Proxy, f"__{_name}__", _augmented(getattr(operator, _name)))


class _OneForward(Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True

    def proxy(self, node: Node) -> Proxy:
        return _Proxy(node, self)


def traced(module: nn.Module) -> GraphModule:
    """The graph of a module's own forward, each child a single call.

    Nothing is given for ``*args`` and ``**kwargs``. Where the code asks for the values of its other
    arguments, those that have defaults have these.

    Raises:
        Exception: whatever its code raises where tensors have no values.
    """
    parameters = inspect.signature(type(module).forward).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    needed = [p for p in named if p.default is p.empty]
    try:
        return _traced(module, named if len(named) < len(parameters) else None)
    except Exception:  # whatever code may raise whose tensors have no values
        if len(needed) == len(named):
            raise
    return _traced(module, needed)


def _traced(module: nn.Module, given: list[inspect.Parameter] | None) -> GraphModule:
    # A forward may keep things; its children are not called.
    own = copy.deepcopy(module, {id(child): child for child in module.children()})
    if given is not None:
        forward = _with_parameters(type(module).forward, given)
        own.__class__ = type(type(module).__name__, (type(module),), {"forward": forward})
    with torch.random.fork_rng(devices=[]):
        return GraphModule(own, _OneForward().trace(own))


def _with_parameters(function: Any, given: list[inspect.Parameter]) -> Any:
    """The function with these parameters alone: torch.fx reads them from the code."""
    names = [p.name for p in given]  # the first is self
    passed = [p.name if p.kind < p.KEYWORD_ONLY else f"{p.name}={p.name}" for p in given]
    space: dict[str, Any] = {"function": function}
    exec(f"def forward({', '.join(names)}): return function({', '.join(passed)})", space)
    return space["forward"]
