"""Training that pairs: whatever the activation, a seed gives the same order of examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

import threadpoolctl  # type: ignore[import-untyped]
import torch
from torch import Tensor, nn

from mish.study._examples import Examples
from mish.study._seeds import torch_generator

Loss: TypeAlias = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""Of a network on inputs and targets."""


class Diverged(Exception):
    """A training whose loss is no longer a finite number."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: how often each example is seen.
        batch: examples in a step; those that fill no batch are left out of an epoch.
        optimizer: SGD has a momentum of 0.9.
        decay: of the weights, as PyTorch's optimisers have it.
        falling: whether the learning rate falls to 0 along half a cosine.
    """

    epochs: int
    batch: int
    optimizer: Literal["sgd", "adam"] = "sgd"
    decay: float = 0.0
    falling: bool = True


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """Let PyTorch and BLAS work on one thread, deterministically, with a seed's global generator.

    All is as before at the end, the state of the global generator included.
    """
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]), threadpoolctl.threadpool_limits(1, "blas"):
        torch.manual_seed(torch_generator(seed, "global").initial_seed())
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict)
            torch.set_num_threads(threads)


def fit(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    rate: float,
    recipe: Recipe,
    seed: int,
    loss: Loss | None = None,
) -> None:
    """Train a network.

    Args:
        network: its parameters change in place.
        inputs: examples along the first axis.
        targets: classes, or what else `loss` takes.
        rate: the learning rate at the start.
        recipe: how.
        seed: of the run; the order of the examples follows from it.
        loss: of the network on a batch; cross-entropy by default.

    Raises:
        Diverged: the loss of an epoch is no finite number.
    """
    loss = classification if loss is None else loss
    order = torch_generator(seed, "order")
    optimizer = _optimizer(network, rate, recipe)
    batches = len(inputs) // recipe.batch
    network.train()
    for epoch in range(recipe.epochs):
        places = torch.randperm(len(inputs), generator=order)
        total = torch.zeros(())
        for step in range(batches):
            if recipe.falling:
                done = (epoch * batches + step) / (recipe.epochs * batches)
                optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
            batch = places[step * recipe.batch : (step + 1) * recipe.batch]
            value = loss(network, inputs[batch], targets[batch])
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += value.detach()
        if not total.isfinite():
            raise Diverged
    network.eval()


def classify(
    network: nn.Module,
    examples: Examples,
    rate: float,
    recipe: Recipe,
    seed: int,
    loss: Loss | None = None,
) -> dict[str, float]:
    """Train a network to classify, as `fit` does, and judge it.

    Returns:
        ``accuracy`` and ``loss`` of the test examples, ``validation_accuracy`` of those to tune on.

    Raises:
        Diverged: training or an output is no finite number.
    """
    fit(network, *examples.train, rate, recipe, seed, loss)
    accuracy, cross_entropy = classified(network, *examples.test)
    seen, _ = classified(network, *examples.validation)
    return {"accuracy": accuracy, "loss": cross_entropy, "validation_accuracy": seen}


def classification(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy, of classes."""
    return nn.functional.cross_entropy(network(inputs), targets)


def regression(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Half the mean square error."""
    outputs: Tensor = network(inputs)
    return (outputs.squeeze(1) - targets).square().mean() / 2


@torch.no_grad()
def classified(network: nn.Module, inputs: Tensor, targets: Tensor) -> tuple[float, float]:
    """Judge a network that classifies.

    Returns:
        The accuracy in percent, and the cross-entropy.

    Raises:
        Diverged: an output is no finite number.
    """
    outputs = network(inputs)
    if not outputs.isfinite().all():
        raise Diverged
    right = (outputs.argmax(1) == targets).double().mean()
    return 100 * right.item(), nn.functional.cross_entropy(outputs.double(), targets).item()


@torch.no_grad()
def explained(network: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Give the percentage of the targets' variance that a network's outputs tell.

    Raises:
        Diverged: an output is no finite number.
    """
    outputs = network(inputs).squeeze(1).double()
    if not outputs.isfinite().all():
        raise Diverged
    wanted = targets.double()
    error: float = (outputs - wanted).square().mean().item()
    spread: float = wanted.var(correction=0).item()
    return 100 * (1 - error / spread)


def prequential(
    network: nn.Module, inputs: Tensor, targets: Tensor, rate: float, batch: int
) -> float:
    """Predict each batch of a stream, then learn from it once, by plain gradient descent.

    Returns:
        The percentage of right predictions.

    Raises:
        Diverged: an output is no finite number.
    """
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    right = 0
    for start in range(0, len(inputs), batch):
        outputs = network(inputs[start : start + batch])
        wanted = targets[start : start + batch]
        if not outputs.isfinite().all():
            raise Diverged
        right += int((outputs.argmax(1) == wanted).sum())
        optimizer.zero_grad()
        nn.functional.cross_entropy(outputs, wanted).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return 100 * right / len(inputs)


def _optimizer(network: nn.Module, rate: float, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=rate, momentum=0.9, weight_decay=recipe.decay
        )
    return torch.optim.Adam(network.parameters(), lr=rate, weight_decay=recipe.decay)
