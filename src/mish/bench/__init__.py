"""Times of Mish: ours and every peer that is installed, measured in turn.

``timing`` and ``machine`` are all that a script of its own needs:

>>> import numpy as np, mish
>>> from mish.bench import machine, timing
>>> y = np.ones(1 << 12, np.float32)
>>> found = timing.measure({"copy": lambda: y.copy(), "mish": lambda: mish.mish(y)})
>>> median, spread = found["mish"].median, found["mish"].spread
>>> ratio = found["mish"].ratio_to(found["copy"])
"""

from __future__ import annotations

from mish._measure import machine, timing

__all__ = ["machine", "timing"]
