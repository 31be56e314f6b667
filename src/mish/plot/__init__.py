"""Pictures of Mish, its derivatives and other activations.

``draw``, ``draw_errors`` and ``draw_complex`` draw with Matplotlib (the ``plot`` extra),
``draw_text`` and ``draw_errors_text`` for a terminal (the ``cli`` extra); ``interactive_page``
makes a page for a browser (the ``symbolic`` extra). Zeros, extrema and inflections lie where
``mish.facts`` proves them to be.
"""

from __future__ import annotations

from mish.plot._complex import draw_complex
from mish.plot._curves import MARKS
from mish.plot._draw import THEMES, draw
from mish.plot._draw_errors import draw_errors
from mish.plot._interactive import interactive_page
from mish.plot._terminal import draw_text
from mish.plot._terminal_errors import draw_errors_text

__all__ = ["MARKS", "THEMES", "draw", "draw_complex", "draw_errors", "draw_errors_text"]
__all__ += ["draw_text", "interactive_page"]
