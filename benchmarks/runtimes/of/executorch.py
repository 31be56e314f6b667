"""ExecuTorch with XNNPACK, from programs of PyTorch; one thread."""

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
    from executorch.runtime import Runtime

    torch.set_num_threads(1)
    path = folder / "model.pte"
    if not path.exists():
        _convert(model, mode, path)
    method = Runtime.get().load_program(path).load_method("forward")
    given = [torch.from_numpy(each) for each in inputs.values()]
    return lambda: [each.numpy() for each in method.execute(given)]


def _convert(model: Path, mode: str, path: Path) -> None:
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    partitioner = [XnnpackPartitioner()] if mode == "xnnpack" else None
    lowered = to_edge_transform_and_lower(torch.export.load(model), partitioner=partitioner)
    path.write_bytes(lowered.to_executorch().buffer)
