"""Makes threadpoolctl's limits hold for mish, when that package is there."""

from __future__ import annotations

from types import ModuleType

from mish._support.when_imported import when_imported


def register_when_available() -> None:
    """Register now, or as soon as threadpoolctl has been imported."""
    when_imported("threadpoolctl", _register)


def _register(package: ModuleType) -> None:
    if not hasattr(package, "register"):  # older than 3.2
        return

    base = package.LibController

    class MishController(base):  # type: ignore[misc, valid-type]  # it has no types
        user_api = "mish"
        internal_api = "mish"
        filename_prefixes = ("libmish",)
        check_symbols = ("mish_get_num_threads", "mish_set_num_threads")

        def get_num_threads(self) -> int:
            number: int = self.dynlib.mish_get_num_threads()
            return number

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.mish_set_num_threads(num_threads)

        def get_version(self) -> str:
            from importlib.metadata import version  # a tenth of the time that `import mish` takes

            return version("mish")

    package.register(MishController)
