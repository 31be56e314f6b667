"""Pictures of Mish, its derivatives and other activations.

``draw`` draws on Matplotlib axes (the ``plot`` extra), ``draw_text`` for a terminal (the ``cli``
extra). Zeros, extrema and inflections lie where ``mish.facts`` proves them to be.
"""

from __future__ import annotations

from mish.plot._curves import MARKS
from mish.plot._draw import THEMES, draw
from mish.plot._terminal import draw_text

__all__ = ["MARKS", "THEMES", "draw", "draw_text"]
