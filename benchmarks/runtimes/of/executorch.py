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
    from torch_forms import Network

    torch.set_num_threads(1)
    (array,) = inputs.values()
    given = torch.from_numpy(array)
    program = torch.export.export(Network(model.stem), (given,))
    partitioner = [XnnpackPartitioner()] if mode == "xnnpack" else None
    lowered = to_edge_transform_and_lower(program, partitioner=partitioner).to_executorch()
    path = folder / "model.pte"
    path.write_bytes(lowered.buffer)
    method = Runtime.get().load_program(path).load_method("forward")
    return lambda: [each.numpy() for each in method.execute([given])]
