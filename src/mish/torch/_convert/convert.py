"""Mish modules of other packages replaced by ours, and Mish in graphs: `convert`."""

from __future__ import annotations

from torch import nn
from torch.export import ExportedProgram
from torch.fx import GraphModule
from torch.jit import ScriptModule

from mish.torch._convert import forwards, graph_sites
from mish.torch._convert.look_alike import Likeness, NotMish, likeness
from mish.torch._module import Mish
from mish.torch._scaled import ScaledMish


class Conversion(dict[str, str]):
    """What `convert` did: the name of each place that it changed, and what stood there.

    Attributes:
        left: the name of each place that was looked at and left, and why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, str] = {}


def convert(module: nn.Module | ExportedProgram) -> Conversion:
    """Make every Mish module in ``module``, itself included, a `mish.torch.Mish`.

    What counts as one: `torch.nn.Mish`; and modules of any class outside of PyTorch that have no
    parameters and no buffers and turn out to be Mish when they are evaluated, values and gradients,
    in both training and evaluation mode. Those of timm, MONAI and transformers and hand-written
    x·tanh(softplus(x)) do. They are evaluated as copies, and the random state is kept.

    The objects stay the same and change their class, so hooks, shared modules and references to
    them hold. State dicts are unchanged. A module that works in place, as seen when it is
    evaluated, goes on to do so. Calls of `torch.nn.functional.mish` are no modules; see
    `accelerate`.

    Mish of a scale k, x·tanh(softplus(kx)) = mish(kx)/k, is recognised too, as a module and in a
    graph, whatever k is from 1/1024 to 1024; modules become a `torch.nn.Module` with the attribute
    ``scale`` that computes it by our Mish.

    In a graph, which is a `torch.fx.GraphModule` or an exported program, Mish that is written out
    is found by its values, and `torch.nn.functional.mish` or aten's mish is put in its place. So
    ``convert(torch.fx.symbolic_trace(model))`` replaces what ``forward`` methods spell out, and
    ``convert(torch.export.export(model, inputs))`` does so in a program.

    Args:
        module: the model, changed in place.

    Returns:
        A dict of what was changed: the name of each module, as `torch.nn.Module.named_modules`
        gives it, and the class that it had; in graphs the name of each node, after that of its
        module, and the operations that it came from. Its attribute ``left`` is a dict of what was
        looked at and left, and why: modules that differ from Mish, and modules whose ``forward``
        spells Mish out.

    Raises:
        TypeError: if ``module`` is neither a `torch.nn.Module` nor a
            `torch.export.ExportedProgram`.
    """
    found = Conversion()
    if isinstance(module, ExportedProgram):
        for name, part in module.graph_module.named_modules():
            if isinstance(part, GraphModule):
                _convert_graph(part, name, found)
    elif isinstance(module, nn.Module):
        _visit(module, "", found, {})
    else:
        raise TypeError(
            "module must be a torch.nn.Module or a torch.export.ExportedProgram, "
            f"not {type(module).__name__}"
        )
    return found


def _visit(module: nn.Module, name: str, found: Conversion, changed: dict[int, str]) -> None:
    """Change ``module`` or what lies in it; ``changed`` knows shared modules by their identity."""
    if id(module) not in changed and may_be_mish(module):
        was = f"{type(module).__module__}.{type(module).__qualname__}"
        try:
            _become(module, likeness(module))
            changed[id(module)] = was
        except NotMish as error:
            found.left[name] = str(error)
    if id(module) in changed:
        found[name] = changed[id(module)]
        return
    if isinstance(module, GraphModule):
        _convert_graph(module, name, found)
    elif not is_pytorchs(module):
        reason = forwards.why_left(module)
        if reason is not None:
            found.left[name] = reason
    elif isinstance(module, ScriptModule):
        found.left[name] = "it is TorchScript, which cannot be changed"
        return
    for key, child in list(module._modules.items()):
        if child is not None:
            _visit(child, join(name, key), found, changed)


def join(name: str, key: str) -> str:
    """The name of a child."""
    return f"{name}.{key}" if name else key


def _convert_graph(module: GraphModule, name: str, found: Conversion) -> None:
    for site in graph_sites.replace(module):
        found[join(name, site.last.name)] = site.spelling


def is_pytorchs(module: nn.Module) -> bool:
    """Compiled and scripted modules are among them."""
    return type(module).__module__.startswith("torch.")


def may_be_mish(module: nn.Module) -> bool:
    """Whether a module that is not ours is worth evaluating."""
    if type(module) in (nn.Mish, Mish, ScaledMish):
        return type(module) is nn.Mish
    if is_pytorchs(module):
        return False
    if any(isinstance(each, nn.Mish) for each in module.modules()):
        return isinstance(module, nn.Mish)  # a container: what it holds is changed
    return next(module.parameters(), None) is None and next(module.buffers(), None) is None


def _become(module: nn.Module, found: Likeness) -> None:
    if found.scale == 1:
        become_mish(module, found.inplace)
        return
    module._modules.clear()
    module.__class__ = ScaledMish
    vars(module).update(scale=found.scale, inplace=found.inplace)


def become_mish(module: nn.Module, inplace: bool) -> None:
    """Make a module that is Mish one of ours."""
    module._modules.clear()
    module.__class__ = Mish
    vars(module)["inplace"] = inplace
