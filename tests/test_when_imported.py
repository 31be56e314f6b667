"""Acting on a package when somebody imports it: once, whoever looks for it, on whatever thread."""

from __future__ import annotations

import importlib.util
import sys
import threading
from importlib import import_module

import pytest

from mish._support.when_imported import when_imported

TIMEOUT = 30


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package that nobody has imported and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    name = "waited_for"
    (tmp_path / f"{name}.py").write_text(
        "import builtins\nmeet = getattr(builtins, 'meet', None)\nif meet: meet()\nvalue = 1\n"
    )
    yield name
    sys.modules.pop(name, None)


def test_acts_after_the_import_and_once(package):
    seen = []
    when_imported(package, lambda module: seen.append(module.value))
    assert not seen
    module = import_module(package)
    assert seen == [1]
    importlib.reload(module)
    assert seen == [1]
    assert module.__spec__.loader is module.__loader__
    assert type(module.__loader__).__name__ == "SourceFileLoader"


def test_acts_now_where_it_is_loaded(package):
    import_module(package)
    seen = []
    when_imported(package, lambda module: seen.append(module.value))
    assert seen == [1]


def test_a_look_for_the_package_is_no_import(package):
    seen = []
    when_imported(package, lambda module: seen.append(module.value))
    spec = importlib.util.find_spec(package)
    assert spec is not None and "value = 1" in spec.loader.get_source(package)
    assert not seen
    import_module(package)
    assert seen == [1]


def test_several_may_wait_for_one(package):
    seen = []
    for number in range(3):
        when_imported(package, lambda module, number=number: seen.append((number, module.value)))
    import_module(package)
    assert sorted(seen) == [(0, 1), (1, 1), (2, 1)]


def test_the_next_attempt_counts_where_an_import_failed(package, monkeypatch):
    seen = []
    when_imported(package, lambda module: seen.append(module.value))
    with monkeypatch.context() as failing:
        failing.setattr("builtins.meet", lambda: 1 / 0, raising=False)
        with pytest.raises(ZeroDivisionError):
            import_module(package)
    assert not seen
    import_module(package)
    assert seen == [1]


def test_other_finders_keep_their_places(package):
    """An import walks through the list, and would miss the finder that takes a place."""
    before = sys.meta_path.copy()
    when_imported(package, lambda module: None)
    import_module(package)
    assert sys.meta_path[1:] == before


def test_waits_while_another_thread_imports(package, monkeypatch):
    half_way, go_on, seen = threading.Event(), threading.Event(), []

    def meet():
        half_way.set()
        assert go_on.wait(TIMEOUT)

    monkeypatch.setattr("builtins.meet", meet, raising=False)
    importing = threading.Thread(target=import_module, args=[package])
    importing.start()
    assert half_way.wait(TIMEOUT)
    asking = threading.Thread(
        target=when_imported, args=[package, lambda module: seen.append(module.value)]
    )
    asking.start()
    asking.join(0.05)
    assert asking.is_alive() and not seen  # the module has no value yet
    go_on.set()
    for each in (importing, asking):
        each.join(TIMEOUT)
    assert seen == [1]
