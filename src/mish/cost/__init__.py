"""What Mish costs: instructions, memory traffic, time, and communication.

Instructions are read from the machine code of the extension module that is loaded, by following
each kernel's fast path; times, bandwidth and peak are measured here. Those of the kernels for GPUs
are read from what Triton compiles, anywhere. ``mish cost`` prints it all.
Needs the ``cost`` extra (capstone and pyelftools, threadpoolctl).
"""

from __future__ import annotations

from mish._support.extras import needs

with needs("cost", "mish.cost"):
    import capstone  # type: ignore[import-untyped]  # noqa: F401
    import elftools  # noqa: F401

from mish.cost._binary import Unreadable
from mish.cost._classes import CLASSES
from mish.cost._communication import Traffic, Training, all_gather, all_reduce, step
from mish.cost._count import FORMATS, OPERATIONS, Count, count, isas
from mish.cost._fused import FUSED, Layer, count_fused, layers_for
from mish.cost._gpu import DEVICES, Device, GpuCount, count_gpu, predict_gpu
from mish.cost._measure import Machine, Time, measure_kernels, measure_machine
from mish.cost._memory import ELEMENTS, Kept, account, numbers
from mish.cost._model import CORES, Core, core_for, predict, simulate
from mish.cost._patterns import Curve, measure_patterns
from mish.cost._peers import Peer, measure_peers
from mish.cost._pictures import draw_patterns, draw_roofline
from mish.cost._sass import CLASSES as SASS_CLASSES

__all__ = [
    "CLASSES",
    "CORES",
    "DEVICES",
    "ELEMENTS",
    "FORMATS",
    "FUSED",
    "OPERATIONS",
    "SASS_CLASSES",
    "Core",
    "Count",
    "Curve",
    "Device",
    "GpuCount",
    "Kept",
    "Layer",
    "Machine",
    "Peer",
    "Time",
    "Traffic",
    "Training",
    "Unreadable",
    "account",
    "all_gather",
    "all_reduce",
    "core_for",
    "count",
    "count_fused",
    "count_gpu",
    "draw_patterns",
    "draw_roofline",
    "isas",
    "layers_for",
    "measure_kernels",
    "measure_machine",
    "measure_patterns",
    "measure_peers",
    "numbers",
    "predict",
    "predict_gpu",
    "simulate",
    "step",
]
