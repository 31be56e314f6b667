"""Where the output of a module goes, through the ``forward`` methods of a model.

Each ``forward`` is traced by torch.fx by itself, its children as single calls. So one that cannot
be traced hides what it does, and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn
from torch.fx import Graph, Node

from mish.torch._convert.forwards import traced
from mish.torch._lean import keepers


@dataclass
class Fate:
    """What becomes of a value."""

    kept: list[str] = field(default_factory=list)  # by whom
    written: list[str] = field(default_factory=list)  # over by whom
    hidden: list[str] = field(default_factory=list)  # where it cannot be followed, and why


class Flow:
    """The ways of values through a model."""

    def __init__(self, root: nn.Module) -> None:
        self._root = root
        self._names: dict[nn.Module, list[str]] = {}
        for name, module in root.named_modules(remove_duplicate=False):
            self._names.setdefault(module, []).append(name)
        self._modules = dict(root.named_modules(remove_duplicate=False))

    def name(self, module: nn.Module) -> str:
        """The first name of a module."""
        return self._names[module][0]

    def calls(self, module: nn.Module) -> list[tuple[nn.Module, Node]]:
        """Each place that calls a module: the module whose forward does, and the node."""
        return [call for name in self._names[module] for call in self._calls(name)]

    def graph(self, module: nn.Module) -> Graph:
        """The graph of a module's own forward.

        Raises:
            Exception: whatever its code raises where tensors have no values.
        """
        return self._graph(module)

    def fate_of_output(self, module: nn.Module) -> Fate:
        """What becomes of what a module returns."""
        fate = Fate()
        self._follow_output(module, fate, set())
        return fate

    def fate_of(self, owner: nn.Module, node: Node) -> Fate:
        """What becomes of the value of a node in the graph of ``owner``."""
        fate = Fate()
        self._follow(owner, node, fate, set())
        return fate

    @functools.cache  # noqa: B019  (a Flow lives as long as one call of lean)
    def _graph(self, module: nn.Module) -> Graph:
        return traced(module).graph

    @functools.cache  # noqa: B019
    def _calls(self, name: str) -> list[tuple[nn.Module, Node]]:
        """The nearest module above that calls the one of this name."""
        path = name.split(".") if name else []
        for depth in range(len(path) - 1, -1, -1):
            owner = self._modules[".".join(path[:depth])]
            if type(owner).forward is nn.Module.forward:  # lists, and folders of a GraphModule
                continue
            target = ".".join(path[depth:])
            found = [
                (owner, node)
                for node in self._graph(owner).nodes
                if node.op == "call_module" and node.target == target
            ]
            if found:
                return found
        return []

    def _follow_output(self, module: nn.Module, fate: Fate, seen: set[object]) -> None:
        if module is self._root or module in seen:
            return
        seen.add(module)
        try:
            calls = self.calls(module)
        except Exception as error:  # whatever code may raise whose tensors have no values
            fate.hidden.append(_untraced(error))
            return
        if not calls:
            fate.hidden.append(f"no forward was seen to call {self.name(module)}")
        for owner, node in calls:
            self._follow(owner, node, fate, seen)

    def _follow(self, owner: nn.Module, node: Node, fate: Fate, seen: set[object]) -> None:
        if node in seen:
            return
        seen.add(node)
        for user in node.users:
            if user.op == "output":
                self._follow_output(owner, fate, seen)
            elif user.op == "call_module":
                self._enter(owner, node, user, fate, seen)
            elif keepers.writes_over(user, node):
                fate.written.append(self._place(owner, user))
            elif keepers.keeps(user, node):
                fate.kept.append(self._place(owner, user))
            elif keepers.operation(user) in keepers.PASSES:
                self._follow(owner, user, fate, seen)

    def _enter(
        self, owner: nn.Module, node: Node, user: Node, fate: Fate, seen: set[object]
    ) -> None:
        """A value is passed to a child."""
        child = owner.get_submodule(str(user.target))
        name = self.name(child)
        if getattr(child, "inplace", False):
            fate.written.append(name)
        elif keepers.module_keeps(child):
            fate.kept.append(name)
        elif keepers.module_passes(child):
            self._follow(owner, user, fate, seen)
        elif not type(child).__module__.startswith("torch.") or isinstance(child, nn.Sequential):
            try:
                graph = self._graph(child)
            except Exception as error:  # as above
                fate.hidden.append(f"{name}: {_untraced(error)}")
                return
            inputs = list(_placeholders(graph, node, user))
            if not inputs:
                fate.hidden.append(f"{name}: it was traced without this argument")
            for placeholder in inputs:
                self._follow(child, placeholder, fate, seen)

    def _place(self, owner: nn.Module, user: Node) -> str:
        name = self.name(owner)
        return f"{keepers.operation(user)} in {name}" if name else keepers.operation(user)


def _placeholders(graph: Graph, node: Node, user: Node) -> Iterator[Node]:
    """The parameters of a child's forward that a value is given for, as far as they were traced."""
    parameters = [each for each in graph.nodes if each.op == "placeholder"]
    for i, argument in enumerate(user.args):
        if argument is node and i < len(parameters):
            yield parameters[i]
    for key, argument in user.kwargs.items():
        if argument is node:
            yield from (each for each in parameters if each.target == key)


def _untraced(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"torch.fx cannot trace it: {text}"
