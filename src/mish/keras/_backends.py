"""Which Mish serves the back end that Keras runs on; no other framework is imported."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


@functools.cache
def mish_of(backend: str) -> Callable[[Any], Any]:
    """The Mish for tensors of a back end.

    Raises:
        NotImplementedError: if there is none.
    """
    if backend == "torch":
        import mish.torch

        return mish.torch.mish
    if backend == "jax":
        import mish.jax

        function: Callable[[Any], Any] = mish.jax.mish
        return function
    if backend == "tensorflow":
        import mish.tensorflow

        function = mish.tensorflow.mish
        return function
    if backend == "numpy":
        import mish

        return mish.mish
    raise NotImplementedError(
        f"mish.keras has no Mish for the back end {backend!r}: set KERAS_BACKEND to 'jax', "
        "'numpy', 'tensorflow' or 'torch' before Keras is imported"
    )
