"""What a results file says of the machine."""

from __future__ import annotations

import json
import platform
import re

import pytest

import mish
from mish.bench import machine

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


def test_commit_is_one_or_none():
    found = machine.commit()
    assert found is None or re.fullmatch(r"[0-9a-f]{12}\+?", found)


def test_caches_grow_with_their_level():
    sizes = list(machine.caches().values())
    assert sizes == sorted(sizes)
