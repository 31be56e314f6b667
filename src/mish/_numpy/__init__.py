"""The NumPy face: the native module, and what belongs to arrays and threads."""

import sys

if sys.platform == "win32":
    # A module of Windows finds the library by its name once it is loaded; elsewhere by its path.
    import os

    from mish._numpy.config import get_library

    with os.add_dll_directory(os.path.dirname(get_library())):
        from mish._numpy import native  # noqa: F401
