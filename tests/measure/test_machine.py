"""What a results file says of the machine."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess

import pytest

import mish
from mish._measure import machine

EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 1
model name\t: AMD EPYC

processor\t: 1
model name\t: another
"""


@pytest.fixture
def cpuinfo(monkeypatch, tmp_path):
    def show(text):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")

    return show


def test_facts_go_into_json_and_name_no_host():
    found = machine.facts(["pytest", "no-such-package"])
    text = json.dumps(found)
    assert found["versions"]["pytest"] == pytest.__version__
    assert "no-such-package" not in found["versions"]
    assert found["isa"] == mish.show_config(as_dict=True)["isa"]
    assert found["cores"] >= 1
    assert len(platform.node()) < 4 or platform.node() not in text
    line = machine.summary(found)
    assert found["cpu"] in line
    assert found["versions"]["numpy"] in line
    assert "\n" not in line


def test_the_generation_is_added_where_the_model_is_hidden(cpuinfo):
    cpuinfo(EPYC)
    assert machine.cpu() == "AMD EPYC (Zen 3)"
    assert machine.slug().startswith("amd-epyc-zen3-")
    cpuinfo(EPYC.replace("EPYC", "EPYC 7763 64-Core Processor"))
    assert machine.cpu() == "AMD EPYC 7763 64-Core Processor"
    assert machine.slug().startswith("amd-epyc-7763-64-core-")


def test_marks_and_clock_stay_out_of_the_name(cpuinfo):
    cpuinfo("model name : Intel(R) Xeon(R) CPU @ 2.20GHz\n")
    assert machine.slug() == f"intel-xeon-{machine.facts()['isa']}"


def test_without_cpuinfo(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "missing")
    assert machine.cpu()
    assert re.fullmatch("[a-z0-9-]+", machine.slug())


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one file, from which the package seems to come."""
    package = tmp_path / "checkout" / "src" / "mish"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("a = 1\n")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", "-C", str(tmp_path / "checkout"), *words], check=True)
    monkeypatch.setattr(mish, "__file__", str(package / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "checkout"


def test_commit(checkout):
    found = machine.commit()
    assert re.fullmatch("[0-9a-f]{12}", found)
    (checkout / "results.md").write_text("not a source")
    assert machine.commit() == found
    (checkout / "src" / "mish" / "__init__.py").write_text("a = 2\n")
    assert machine.commit() == f"{found}+"


def test_commit_of_an_installed_package(checkout, tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / "mish"
    shutil.copytree(checkout / "src" / "mish", installed)
    monkeypatch.setattr(mish, "__file__", str(installed / "__init__.py"))
    assert machine.commit() is None
    monkeypatch.chdir(checkout)
    assert re.fullmatch("[0-9a-f]{12}", machine.commit())
    (installed / "__init__.py").write_text("a = 3\n")
    assert machine.commit() is None


def test_commit_without_git(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert machine.commit() is None


def test_caches_grow_with_their_level():
    sizes = list(machine.caches().values())
    assert sizes == sorted(sizes)
