"""Which modules of a model `lean` changes, into what, and why."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import Node

from mish.torch._convert.convert import become_mish, is_pytorchs, may_be_mish
from mish.torch._convert.forwards import names_of, why_left
from mish.torch._convert.look_alike import NotMish, works_in_place
from mish.torch._fused import kept_norm
from mish.torch._fused.modules import BatchNormMish, GroupNormMish
from mish.torch._kept import ways
from mish.torch._lean.flow import Fate, Flow
from mish.torch._lean.saving_forward import saving
from mish.torch._module import Mish

AUTO = "auto"
_OURS = (BatchNormMish, GroupNormMish)
_BATCH = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Place(NamedTuple):
    """A place that `lean` changed."""

    was: str  # what stood there
    save: str  # what is kept now
    why: str


class Change:
    """A module's class and attributes before and after."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._states = [_state(module)]

    def end(self) -> Change:
        """The module has become what it is to be; it goes back for now."""
        self._states.append(_state(self._module))
        self.undo()
        return self

    def do(self) -> None:
        """Make it what it is to be."""
        self._take(1)

    def undo(self) -> None:
        """Make it what it was. What was given to it since, as hooks and data, stays."""
        self._take(0)

    def _take(self, which: int) -> None:
        kind, attributes, children = self._states[which]
        vars(self._module).update(attributes)
        for name in self._states[1 - which][1].keys() - attributes.keys():
            vars(self._module).pop(name, None)
        if children != self._states[1 - which][2]:
            self._module._modules.clear()
            self._module._modules.update(children)
        self._module.__class__ = kind


_TOUCHED = ("inplace", "save", "mish_save")  # the attributes that a change may set


def _state(module: nn.Module) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    attributes = {name: vars(module)[name] for name in _TOUCHED if name in vars(module)}
    return module.__class__, attributes, dict(module._modules)


@dataclass
class Plan:
    """What is to be done to a model, which stays as it is for now."""

    model: nn.Module
    save: str
    otherwise: str
    places: dict[str, Place] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.save != AUTO:
            ways.require_save(self.save)
        ways.require_save(self.otherwise)
        self._flow = Flow(self.model)
        self._done: set[nn.Module] = set()
        for module, inplace in list(self._mish_sites()):
            if not self._pairs(module):
                self._alone(module, inplace)
        for module in self.model.modules():
            if module not in self._done and not is_pytorchs(module):
                self._forward(module)

    def _mish_sites(self) -> Iterator[tuple[nn.Module, bool]]:
        """Modules that are Mish, and whether they work in place; norms with one inside are done."""
        inside: set[nn.Module] = set()
        for module in self.model.modules():
            if module in inside:
                continue
            if type(module) in _OURS:
                self._keep_by_norm(module, type(module))
            elif self._norm_with_mish(module):
                inside.update(module.modules())
            elif type(module) is Mish:
                yield module, module.inplace
            elif may_be_mish(module):
                try:
                    yield module, works_in_place(module)
                except NotMish:
                    continue
                else:
                    inside.update(module.modules())

    def _norm_with_mish(self, module: nn.Module) -> bool:
        """A class of another package that normalises and applies its child, which is Mish."""
        into = _fused_class(module)
        if into is None or is_pytorchs(module):
            return False
        if not any(_is_mish(child) for child in module.children()):
            return False
        if not _agrees(module, into):
            self.left[self._flow.name(module)] = "it is not its normalisation, then Mish"
            return False
        self._keep_by_norm(module, into)
        return True

    def _keep_by_norm(self, module: nn.Module, into: type[nn.Module]) -> None:
        save, why = self._choose(self._flow.fate_of_output(module), kept_norm.SAVES)
        self._become(module, into, save, why)

    def _pairs(self, module: nn.Module) -> bool:
        """A Mish whose every call follows a normalisation that feeds nothing else."""
        try:
            calls = self._flow.calls(module)
            norms = [self._norm_before(owner, node) for owner, node in calls]
        except Exception:  # whatever code may raise whose tensors have no values
            return False
        if not calls or module._forward_pre_hooks or None in norms:
            return False
        for (owner, node), norm in zip(calls, norms, strict=True):
            assert norm is not None
            into = _fused_class(norm)
            assert into is not None
            save, why = self._choose(self._flow.fate_of(owner, node), kept_norm.SAVES)
            self._become(norm, into, save, f"{why}; with {self._flow.name(module)}")
        change = Change(module)
        self._done.add(module)
        module._modules.clear()
        module.__class__ = nn.Identity
        self.changes.append(change.end())
        return True

    def _norm_before(self, owner: nn.Module, node: Node) -> nn.Module | None:
        """The normalisation of PyTorch whose output a call of Mish has, and nobody else."""
        module: nn.Module = nn.Identity()
        while type(module) is nn.Identity:
            before = node.args[0] if node.args else None
            if not isinstance(before, Node) or before.op != "call_module":
                return None
            module, node = owner.get_submodule(str(before.target)), before
            if len(node.users) > 1 or module._forward_hooks or module._forward_pre_hooks:
                return None
        plain = type(module) in (*_BATCH, nn.GroupNorm)
        return module if plain and len(self._flow.calls(module)) == 1 else None

    def _alone(self, module: nn.Module, inplace: bool) -> None:
        save, why = self._choose(self._flow.fate_of_output(module), ways.SAVES)
        change = Change(module)
        was = _name(module)
        become_mish(module, inplace)
        vars(module)["save"] = save
        self._record(module, change, was, save, why)

    def _become(self, module: nn.Module, into: type[nn.Module], save: str, why: str) -> None:
        change = Change(module)
        was = _name(module)
        module.__class__ = into
        vars(module)["save"] = save
        self._record(module, change, was, save, why)

    def _forward(self, module: nn.Module) -> None:
        """A module whose forward calls `torch.nn.functional.mish`, or spells Mish out."""
        name = self._flow.name(module)
        spelled = why_left(module)
        if spelled is not None:
            self.left[name] = spelled
        if "mish" not in names_of(type(module)) and not isinstance(module, torch.fx.GraphModule):
            return
        try:
            nodes = [node for node in self._flow.graph(module).nodes if node.target is F.mish]
        except Exception as error:  # as above
            text = str(error).partition("\n")[0]
            self.left[name] = f"its forward may call mish, but torch.fx cannot trace it: {text}"
            return
        if not nodes:
            return
        choices = [self._choose(self._flow.fate_of(module, node), ways.SAVES) for node in nodes]
        # What is kept of one call is kept of all in this forward.
        save, why = next((each for each in choices if each[0] == "input"), choices[0])
        change = Change(module)
        was = f"torch.nn.functional.mish in {_name(module)}"
        vars(module)["mish_save"] = save
        kind: Any = type(module)
        module.__class__ = saving(kind)
        self._record(module, change, was, save, why)

    def _record(self, module: nn.Module, change: Change, was: str, save: str, why: str) -> None:
        self._done.add(module)
        self.changes.append(change.end())
        self.places[self._flow.name(module)] = Place(was, save, why)

    def _choose(self, fate: Fate, possible: tuple[str, ...]) -> tuple[str, str]:
        """What to keep, and why."""
        if fate.written:
            return "input", f"{fate.written[0]} writes over the output"
        if self.save != AUTO:
            if self.save in possible:
                return self.save, "as asked for"
            return "input", f"a normalisation cannot keep {self.save}"
        if fate.hidden:
            return "input", f"the output cannot be followed: {fate.hidden[0]}"
        if fate.kept:
            return "output", f"{fate.kept[0]} keeps the output anyway"
        otherwise = self.otherwise if self.otherwise in possible else "input"
        return otherwise, "nobody else keeps the output"


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _is_mish(module: nn.Module) -> bool:
    if type(module) is Mish:
        return True
    try:
        return may_be_mish(module) and works_in_place(module) in (True, False)
    except NotMish:
        return False


def _fused_class(module: nn.Module) -> type[nn.Module] | None:
    if isinstance(module, _BATCH):
        return BatchNormMish
    return GroupNormMish if isinstance(module, nn.GroupNorm) else None


def _agrees(module: nn.Module, into: type[nn.Module]) -> bool:
    """Whether a module does what it would as the class ``into``, in training and evaluation."""
    channels = module.weight.shape[0] if isinstance(module.weight, torch.Tensor) else 0
    if not channels:
        return False
    x = torch.linspace(-3, 3, 2 * channels * 9, dtype=torch.float64).reshape(2, channels, 3, 3)
    for mode in (True, False):
        outcomes = []
        for kind in (type(module), into):
            twin = copy.deepcopy(module).to(device="cpu", dtype=torch.float64).train(mode)
            twin.__class__ = kind
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                try:
                    y = twin(x.clone())
                except Exception:  # whatever a module of another package may raise
                    return False
            outcomes.append([y, *twin.buffers()])
        if not all(torch.allclose(a, b, 1e-9) for a, b in zip(*outcomes, strict=True)):
            return False
    return True
