"""Builds the module of this folder: ``python setup.py build_ext --inplace``."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

import mish

library = Path(mish.get_library())
setup(
    name="layers",
    ext_modules=cythonize(
        Extension(
            "layers",
            ["layers.pyx"],
            include_dirs=[mish.get_include()],
            library_dirs=[str(library.parent)],
            runtime_library_dirs=[str(library.parent)],
            libraries=["mish"],
        )
    ),
)
