"""Times of Mish: ours and every peer that is installed, measured in turn.

``timing`` and ``machine`` are all that a script of its own needs:

>>> from mish.bench import machine, timing
>>> found = timing.measure({"copy": lambda: y.copy(), "mish": lambda: mish.mish(y)})
>>> found["mish"].median, found["mish"].spread, found["mish"].ratio_to(found["copy"])
"""
