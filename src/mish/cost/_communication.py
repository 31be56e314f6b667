"""What an elementwise operator costs between devices.

y = f(x), element by element, needs no other element: however x is cut over devices, each applies
f to its own part, and y is cut the same way. No byte is sent, forward or backward. Bytes are sent
only where x is not there to begin with:

- x is a sum of partial sums, one on each of p devices (the output of a matrix product that is cut
  along its inner dimension). f is not linear, f(a + b) ≠ f(a) + f(b), so the sum comes first: a
  ring's all-reduce sends 2(p − 1)/p·B bytes from each device, a reduce-scatter (p − 1)/p·B and
  leaves y cut.
- the next operator needs all of y on each device: an all-gather, (p − 1)/p·B bytes.

Here B is the size of the whole tensor. Neither is the activation's doing: the identity in its
place would cost the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """A training step of a transformer's feed-forward blocks over many devices."""

    data: int = 25
    tensor: int = 8
    pipeline: int = 5
    layers: int = 80
    width: int = 8192
    inner: int = 28672  # of a feed-forward block; the activation is applied here
    tokens: int = 8192  # that a data-parallel replica handles in one step
    element: int = 2  # bytes; bfloat16

    @property
    def devices(self) -> int:
        """All of them."""
        return self.data * self.tensor * self.pipeline

    @property
    def parameters(self) -> int:
        """Weights of the feed-forward blocks."""
        return 2 * self.layers * self.width * self.inner


@dataclass(frozen=True)
class Traffic:
    """Bytes that each device sends in one step."""

    cause: str
    formula: str
    bytes: float


def all_reduce(size: float, devices: int) -> float:
    """Give the bytes that each of a ring's devices sends to add up tensors of a size."""
    return 2 * (devices - 1) / devices * size


def all_gather(size: float, devices: int) -> float:
    """Give the bytes that each of a ring's devices sends until all have the whole tensor."""
    return (devices - 1) / devices * size


def step(given: Training) -> list[Traffic]:
    """List what the devices of one training step send, the activation's part first.

    The inner tensor of a feed-forward block is cut over the tensor-parallel devices (the first
    matrix by columns, the second by rows), so the activation finds its part in place.
    """
    inner = given.tokens * given.inner * given.element
    outer = given.tokens * given.width * given.element
    stages = given.layers / given.pipeline  # layers a device holds
    gradients = given.parameters * given.element / (given.tensor * given.pipeline)
    return [
        Traffic("activation, cut like its input", "0", 0.0),
        Traffic(
            "activation, if its output had to be whole on each device",
            "layers/stage · 2 · (t − 1)/t · tokens · inner · bytes",
            stages * 2 * all_gather(inner, given.tensor),
        ),
        Traffic(
            "tensor parallel: sums of the second product, and of gradients",
            "layers/stage · 2 · 2(t − 1)/t · tokens · width · bytes",
            stages * 2 * all_reduce(outer, given.tensor),
        ),
        Traffic(
            "pipeline parallel: a stage's output, and its gradient back",
            "2 · tokens · width · bytes / t",
            2 * outer / given.tensor,
        ),
        Traffic(
            "data parallel: gradients of the weights",
            "2(d − 1)/d · weights/(t · p) · bytes",
            all_reduce(gradients, given.data),
        ),
    ]
