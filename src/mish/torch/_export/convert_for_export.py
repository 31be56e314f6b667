"""A model whose Mish has the form that another runtime takes: `convert_for_export`."""

from __future__ import annotations

import sys
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torch.jit import ScriptModule

from mish._support.targets import Advice, require_target
from mish.torch._convert.calls import CatchingForward, before
from mish.torch._convert.changes import Change, Changes, Undoable, table
from mish.torch._convert.convert import is_pytorchs, join, may_be_mish
from mish.torch._convert.forwards import names_of, traced, why_left
from mish.torch._convert.look_alike import Likeness, NotMish, likeness
from mish.torch._export.forms import FORMS, in_form
from mish.torch._fused.modules import BatchNormMish, GroupNormMish
from mish.torch._lean.flow import Flow
from mish.torch._lean.saving_forward import SavingForward
from mish.torch._module import Mish
from mish.torch._scaled import ScaledMish

_FUSED = (BatchNormMish, GroupNormMish)


def written(form: str, input: Tensor, inplace: bool = False, scale: float = 1.0) -> Tensor:
    """Mish, or Mish of a scale, in a form; in place if so."""
    if form == "op" and scale == 1:
        return F.mish(input, inplace)
    y = in_form(form, input, scale)
    return input.copy_(y) if inplace else y


class FormMish(nn.Mish):
    """Mish in the form that its attribute ``mish_form`` names, of the scale ``mish_scale``."""

    mish_form: str
    mish_scale: float

    def extra_repr(self) -> str:
        """The form, and whether it works in place."""
        return f"form={self.mish_form!r}{', inplace=True' if self.inplace else ''}"

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the input."""
        return written(self.mish_form, input, self.inplace, self.mish_scale)


class FormForward(CatchingForward):
    """Calls of `torch.nn.functional.mish` in the form that the attribute ``mish_form`` names."""

    mish_form: str

    def instead(self, input: Tensor, inplace: bool = False) -> Tensor:
        """Mish in the form."""
        return written(self.mish_form, input, inplace)


class _GraphChange(Undoable):
    """Calls of Mish in a graph before and after: exporters read it, and call no forward."""

    def __init__(self, module: GraphModule, form: str) -> None:
        self._module = module
        self._calls = [(node, node.target, node.args) for node in _calls(module)]
        self._form = form

    def do(self) -> None:
        """Let them call the form."""
        for node, target, args in self._calls:
            rest = args[1:] if target is written else args
            node.target, node.args = written, (self._form, *rest)
        self._module.recompile()

    def undo(self) -> None:
        """Let them call what they did."""
        for node, target, args in self._calls:
            node.target, node.args = target, args
        self._module.recompile()


def _calls(module: GraphModule) -> list[Node]:
    return [node for node in module.graph.nodes if node.target in (F.mish, written)]


class Export(Changes[str]):
    """What `convert_for_export` did: the name of each place, and what stood there.

    It is a context manager too, which undoes everything at the end. ``str`` makes a table of it.

    Attributes:
        left: the name of each place that was looked at and left, and why.
        form: the form that Mish has now.
        why: what is known of the runtime.
        precision: in which precision that was found, and what others cost.
    """

    def __init__(self, plan: _Plan, advice: Advice) -> None:
        super().__init__(plan.places, plan.left, plan.changes)
        self.form = plan.form
        self.why = advice.why
        self.precision = advice.precision

    def __str__(self) -> str:
        """A line for each place."""
        return table([(name, self.form, f"was {was}") for name, was in self.items()], self.left)


def convert_for_export(model: nn.Module, target: str, form: str | None = None) -> Export:
    """Give every Mish of a model the form that a runtime takes, right and fast.

    Runtimes differ in which operators they have, how fast and how right. What is known of each is
    the same as `mish optimize --for` has; see docs/deploy.md. ::

        with mish.torch.convert_for_export(model, "executorch"):
            program = torch.export.export(model, inputs)

    Converted are Mish modules, with a scale or without, as `mish.torch.convert` finds them, ours,
    normalisations with Mish inside, and calls of `torch.nn.functional.mish` in ``forward`` methods.
    The objects stay the same and change their class, until the block ends or ``undo`` is called;
    state dicts are unchanged. What is exported meanwhile holds PyTorch's own operators alone: by
    `torch.export.export`, `torch.jit.trace` and `torch.onnx.export`.

    Args:
        model: changed in place; in evaluation mode, for the forms are not made to be
            differentiated, and their gradients overflow.
        target: the runtime: ``"executorch"``, ``"coreml"``, ``"openvino"`` and more, which the
            message for an unknown name lists.
        form: a form in the place of the one that is known to be best there, as ``"float16"`` for a
            program that computes in float16 throughout.

    Returns:
        A dict of what was converted: the name of each module and the class that it had, with the
        method ``undo``, and the attributes ``form``, ``why``, ``precision`` and ``left``, a dict
        of what was looked at and left, and why.

    Raises:
        TypeError: if ``model`` is no `torch.nn.Module`, or one that `torch.compile` or TorchScript
            made.
        ValueError: if ``target`` or ``form`` is not known, or the model is in training mode or
            lean.
    """
    advice = require_target(target).from_torch
    if form is not None and form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    _require_plain(model)
    return Export(_Plan(model, form or advice.form), advice)


def _require_plain(model: object) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model must be a torch.nn.Module, not {type(model).__name__}; convert the module "
            "before it is exported"
        )
    dynamo = sys.modules.get("torch._dynamo")  # slow to load, and there once anything is compiled
    if dynamo is not None and isinstance(model, dynamo.OptimizedModule):
        raise TypeError("model is what torch.compile made; give the module that it was made of")
    if isinstance(model, ScriptModule):
        raise TypeError(
            "model is TorchScript, which cannot be changed; give the module that it was made of"
        )
    if model.training:
        raise ValueError("model is in training mode; call model.eval() first")
    if any(isinstance(module, SavingForward) for module in model.modules()):
        raise ValueError(
            "model is lean; call the method undo of what mish.torch.lean returned first"
        )


class _Plan:
    """What is to be done to a model, which stays as it is for now."""

    def __init__(self, model: nn.Module, form: str) -> None:
        self.places: dict[str, str] = {}
        self.left: dict[str, str] = {}
        self.changes: list[Undoable] = []
        self.form = form
        self._flow = Flow(model)
        self._was: dict[nn.Module, str] = {}  # modules that are changed, and their classes
        self._mish: set[nn.Module] = set()  # those of them that are Mish themselves
        self._visit(model, "")

    def _visit(self, module: nn.Module, name: str) -> None:
        if module not in self._was:
            self._try(module, name)
        if module in self._was:
            self.places[name] = self._was[module]
        elif isinstance(module, ScriptModule):
            self.left[name] = "it is TorchScript, which cannot be changed"
            return
        if module not in self._mish:
            for key, child in module._modules.items():
                if child is not None:
                    self._visit(child, join(name, key))

    def _try(self, module: nn.Module, name: str) -> None:
        """Change a module that is Mish or calls it itself."""
        kind: Any = type(module)
        if kind in (Mish, ScaledMish) or may_be_mish(module):
            try:
                like = _ours(module) if kind in (Mish, ScaledMish) else likeness(module)
            except NotMish as error:
                self.left[name] = str(error)
            else:
                self._mish.add(module)
                like = like._replace(inplace=like.inplace and self._is_seen(module))
                self._become(module, FormMish, like)
                return
        if isinstance(module, GraphModule):
            if _calls(module):
                self._change(module, _GraphChange(module, self.form))
        elif isinstance(module, FormForward):
            self._become(module, kind)
        elif kind in _FUSED or (not is_pytorchs(module) and self._calls_mish(module, name)):
            self._become(module, before(FormForward, kind))

    def _is_seen(self, module: nn.Module) -> bool:
        """Whether anybody may see that a module writes over its input.

        Nobody does where that is what a layer with weights returns, and nothing else reads it.
        Converters take a Mish that is not in place more often than one that is.
        """
        try:
            calls = self._flow.calls(module)
        except Exception:  # whatever code may raise whose tensors have no values
            return True
        return not calls or any(not _is_fresh(owner, node) for owner, node in calls)

    def _calls_mish(self, module: nn.Module, name: str) -> bool:
        spelled = why_left(module)
        if spelled is not None:
            self.left[name] = spelled
        if "mish" not in names_of(type(module)):
            return False
        try:
            return bool(_calls(traced(module)))
        except Exception:  # as above; its calls are caught all the same, if there are any
            return True

    def _become(self, module: nn.Module, into: Any, like: Likeness | None = None) -> None:
        change = Change(module)
        kind = type(module)
        if like is not None:
            module._modules.clear()
            vars(module).update(inplace=like.inplace, mish_scale=like.scale)
        vars(module)["mish_form"] = self.form
        module.__class__ = into
        self._change(module, change.end(), kind)

    def _change(self, module: nn.Module, change: Undoable, kind: Any = None) -> None:
        kind = kind or type(module)
        self._was[module] = f"{kind.__module__}.{kind.__qualname__}"
        self.changes.append(change)


def _ours(module: Any) -> Likeness:
    return Likeness(bool(module.inplace), getattr(module, "scale", 1.0))


def _is_fresh(owner: nn.Module, node: Node) -> bool:
    """Whether a call of Mish is given what a layer with weights returns, and alone reads it."""
    given = node.args[0] if node.args else None
    if not isinstance(given, Node) or given.op != "call_module" or len(given.users) > 1:
        return False
    layer = owner.get_submodule(str(given.target))
    return is_pytorchs(layer) and next(layer.parameters(recurse=False), None) is not None
