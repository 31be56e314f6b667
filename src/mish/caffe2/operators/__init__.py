"""The operators: one module for each family, each with its kernels, contracts and gradients."""

from __future__ import annotations

from mish.caffe2.operators import (  # noqa: F401 - importing registers
    activations,
    arithmetic,
    conv,
    dense,
    fill,
    losses,
    mish,
    normalization,
    pieces,
    softmax,
)
