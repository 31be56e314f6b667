"""The NumPy face: the native module, and what belongs to arrays and threads."""

import sys

if sys.platform == "win32":
    # A module of Windows finds the library by its name once it is loaded; elsewhere by its path.
    import ctypes

    from mish._numpy.config import get_library

    ctypes.CDLL(get_library())
