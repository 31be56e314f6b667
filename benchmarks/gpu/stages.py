"""What is done on a device, in which order, and how long each may take."""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """A module of this folder with a function ``run(context)``, in a process of its own."""

    name: str
    seconds: float
    title: str


# What needs little and tells most comes first; the tests have all the time that is left.
STAGES = (
    Stage("smoke", 30, "Does it run"),
    Stage("accuracy", 75, "Errors over all inputs"),
    Stage("speed", 90, "Times"),
    Stage("launch", 20, "What a call costs"),
    Stage("fused", 110, "Layers fused with Mish"),
    Stage("graphs", 20, "CUDA graphs and streams"),
    Stage("training", 30, "Training with autocast"),
    Stage("memory", 15, "Memory of a training step"),
    Stage("compiled", 60, "torch.compile"),
    Stage("kernel_tests", 200, "The kernels' tests"),
)
SECONDS = 520.0  # in all
