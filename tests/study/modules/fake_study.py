"""A study of milliseconds, for tests; it does what files in the folder FAKE_STUDY tell it to."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from mish.study import Measure, Tuning, activations, register


class Fake:
    name = "fake"
    version = 1
    question = "Do the engine and the command do what they say?"
    measures = (Measure("loss", "", "lower", 0.05, "a number"),)
    baseline = "mish"

    def activations(self, scale):
        return ("mish", "relu")

    def settings(self, scale):
        return [{"noise": 0.0, "kind": "plain"}, {"noise": 0.5, "kind": "plain"}]

    def seeds(self, scale, settings):
        return range(4 if settings["noise"] else 2)

    def tuning(self, scale, settings):
        tried = {"noise": 0.0, "kind": "tuning"}
        return Tuning((0.01, 0.1), tried, (100,), "validation", "lower")

    def run(self, cell, rate, scale):
        misbehave(cell, rate)
        loss = train(cell, rate)
        return {"loss": loss, "validation": loss}


def misbehave(cell, rate) -> None:
    folder = Path(os.environ["FAKE_STUDY"])
    with (folder / "begun").open("a") as file:
        file.write(f"{os.getpid()} {cell} {rate}\n")
    if (folder / "slow").exists():
        time.sleep(0.1)
    if (folder / "hang").exists():
        time.sleep(600)
    if (folder / "raise").exists() and cell.seed == 1 and cell.activation == "relu":
        raise ArithmeticError("seed 1\nis bad")
    for name in ("die", "die-once"):
        if (folder / name).exists() and cell.seed == 3 and cell.activation == "relu":
            (folder / "die-once").unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)


def train(cell, rate) -> float:
    """Some steps of a small network, whose weights come from the state that the engine leaves."""
    import torch

    x = torch.randn(64, 8)
    y = x.sin().sum(1, keepdim=True) + cell.settings["noise"] * torch.randn(64, 1)
    activation = activations.get(cell.activation).make()
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), activation, torch.nn.Linear(16, 1))
    for _ in range(10):
        loss = torch.nn.functional.mse_loss(net(x), y)
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for weights, gradient in zip(net.parameters(), gradients, strict=True):
                weights.sub_(rate * gradient)
    return loss.item()


STUDY = Fake()
register(STUDY)
