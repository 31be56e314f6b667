"""The layer Mish."""

from __future__ import annotations

from typing import Any

import keras

from mish.keras._functions import mish


@keras.saving.register_keras_serializable(package="mish")
class Mish(keras.layers.Layer):  # type: ignore[misc]
    """`mish.keras.mish` as a layer; it has no weights and lets masks through.

    A model with it is saved and exported as any other, and it computes in the dtype of its policy.
    It loads where `mish.keras` has been imported.

    Args:
        **kwargs: those of `keras.layers.Layer`: ``name``, ``dtype``.

    Shape:
        Input of any shape; output of the same shape.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Mish of the inputs."""
        return mish(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape
