"""Keras' own mish made fast and right: `accelerate`."""

from __future__ import annotations

from typing import Any

from keras.src.activations.activations import Mish as _Operation

from mish._support.acceleration import Acceleration, Switch
from mish.keras._functions import mish

# All ways to Keras' Mish lead here: `keras.activations.mish`, whoever imported it from where, and
# the name "mish" in layers, old ones too, and in saved models.
_theirs: Any = _Operation.__dict__["static_call"]


def accelerate() -> Acceleration:
    """Put `mish` in the place of `keras.activations.mish`, by whichever name it is reached.

    From here on, in the whole process, ``activation="mish"``, in models already made or loaded from
    files too, and `keras.activations.mish` are ours. Models are saved as they would be without it.

    It may be called again, from any thread, to no further effect::

        mish.keras.accelerate()  # until the process ends

        with mish.keras.accelerate():  # in the whole process, until the block ends
            model.fit(x, y)

        acceleration = mish.keras.accelerate()
        acceleration.undo()

    What a back end has compiled before keeps the code that it has, and so does what is compiled
    meanwhile after the end: call `compile` on the model again.

    Returns:
        A context manager; its method ``undo`` undoes the call.
    """
    return _switch.hold()


def _turn(on: bool) -> None:
    _Operation.static_call = staticmethod(mish) if on else _theirs


_switch = Switch(_turn)
