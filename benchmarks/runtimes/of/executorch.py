"""ExecuTorch with XNNPACK, from PyTorch: one Mish, written in its operators as in the ONNX form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("executorch", "torch")
TAKES = "PyTorch"
MODES = {"xnnpack": "delegated to XNNPACK where it can", "portable": "its portable kernels"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower
    from executorch.runtime import Runtime
    from torch.nn.functional import mish, softplus

    torch.set_num_threads(1)

    def sigmoid(x: torch.Tensor) -> torch.Tensor:
        e = torch.exp(x)
        return x / (1 - -2 / (e - -2) / e)

    def one_sigmoid(x: torch.Tensor) -> torch.Tensor:
        s = torch.sigmoid(x)
        t = s * (2 - s)
        return x * (t / (2 - t))

    forms = {
        "op": mish,
        "softplus": lambda x: x * torch.tanh(softplus(x)),
        "sigmoid": sigmoid,
        "one Sigmoid": one_sigmoid,
        "log": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
    }
    if model.stem not in forms:
        raise NotImplementedError(f"ValueError: no {model.stem} in PyTorch's operators")

    class Network(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return forms[model.stem](x)

    (array,) = inputs.values()
    given = torch.from_numpy(array)
    program = torch.export.export(Network().eval(), (given,))
    partitioner = [XnnpackPartitioner()] if mode == "xnnpack" else None
    lowered = to_edge_transform_and_lower(program, partitioner=partitioner).to_executorch()
    path = folder / "model.pte"
    path.write_bytes(lowered.buffer)
    method = Runtime.get().load_program(path).load_method("forward")
    return lambda: [each.numpy() for each in method.execute([given])]
