"""Mish for Keras, on each of its back ends by the Mish that is made for it.

After this, until the process ends, Keras' own Mish is ours::

    mish.keras.accelerate()  # activation="mish" is ours from here on

Needs the extra ``keras``, and that of the back end: ``torch``, ``jax`` or ``tensorflow``.
"""

from __future__ import annotations

from mish._support.extras import needs
from mish._support.versions import require

with needs("keras", "mish.keras"):
    import keras

require("mish.keras", "keras", keras.__version__, "3.5")

from mish.keras._accelerate import accelerate  # noqa: E402
from mish.keras._functions import mish  # noqa: E402
from mish.keras._layer import Mish  # noqa: E402

__all__ = ["Mish", "accelerate", "mish"]
