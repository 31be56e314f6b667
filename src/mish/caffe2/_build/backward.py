"""The backward pass of a list of operators, with the blobs, names and order that Caffe2 gives it.

Blobs are variables that operators overwrite, so a gradient belongs to one version of a blob: the
value it had between two writes. The forward operators are played through once to number these
versions; then their gradient operators are made in reverse. A version that several operators read
gets a gradient from each. All but the first of these are renamed (``_x_grad_autosplit_0``, ...),
and a Sum adds them up as soon as the last has been made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from mish.caffe2._contract import registry
from mish.caffe2._build.blobs import Blob, BlobReference
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._build.operator_def import CreateOperator
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2._contract.registry import Gradients
from mish.caffe2._contract.schema import describe

Targets: TypeAlias = Iterable[Blob] | Mapping[Blob, Blob | None]
"""Blobs to differentiate; where a gradient blob is given it is used, else it is filled with 1."""

_SUM_TAG = "is_auto_gen_sum_ops:1"


def gradient_for(
    op: caffe2_pb2.OperatorDef, g_output: Sequence[Blob | None], taken: Container[str] = ()
) -> Gradients:
    """Make the gradient operators of one operator.

    Args:
        op: the operator.
        g_output: for each of its outputs the blob that holds its gradient, or None.
        taken: blobs that no gradient may be written to, besides those of the operator itself.
            Caffe2 wrote to them: then a second derivative took the place of the first.

    Returns:
        The gradient operators, and for each input the blob of its gradient, or None.

    Raises:
        Caffe2Error: no gradient is registered, or it needs one of an output that is not given.
    """
    if op.type in registry.OPERATORS or op.type not in registry.GRADIENTS:
        registry.find(op).schema.verify(op)
    if op.type not in registry.GRADIENTS:
        raise Caffe2Error(f"{describe(op)} has no gradient; mish.caffe2.register_gradient adds one")
    given = [None if each is None else str(each) for each in g_output]
    ops, g_input = registry.GRADIENTS[op.type](op, given)
    if ops is None or isinstance(ops, caffe2_pb2.OperatorDef):
        ops = [] if ops is None else [ops]
    names = [None if each is None else str(each) for each in g_input]
    return _renamed(list(ops), names, taken, {*op.input, *op.output})


def _renamed(
    ops: list[caffe2_pb2.OperatorDef],
    g_input: list[str | None],
    taken: Container[str],
    own: Container[str],
) -> Gradients:
    new: dict[str, str] = {}
    for op in ops:
        for index, name in enumerate(op.input):
            op.input[index] = new.get(name, name)
        for index, name in enumerate(op.output):
            if name in taken or name in own:
                new[name] = _fresh(name, taken, own)
            op.output[index] = new.get(name, name)
    return ops, [None if name is None else new.get(name, name) for name in g_input]


def _fresh(name: str, *taken: Container[str]) -> str:
    count = 1
    while any(f"{name}_{count}" in each for each in taken):
        count += 1
    return f"{name}_{count}"


class _Step(NamedTuple):
    """A forward operator, and the versions of the blobs that it reads and writes."""

    op: caffe2_pb2.OperatorDef
    reads: dict[str, int]
    writes: dict[str, int]


class _Source(NamedTuple):
    """Where a gradient comes from: an output of an operator, or a blob that is passed on."""

    op: caffe2_pb2.OperatorDef | None
    place: int
    blob: str
    device: caffe2_pb2.DeviceOption


class BackwardPass:
    """Makes the gradient operators for a list of operators."""

    def __init__(self, operators: Iterable[caffe2_pb2.OperatorDef]) -> None:
        self._steps: list[_Step] = []
        self._version: dict[str, int] = {}  # of each blob after all steps
        self._gradient_version: dict[str, int] = {}  # the one that a blob's gradient is for
        self._readers: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._sources: dict[tuple[str, int], list[_Source]] = defaultdict(list)
        for op in operators:
            self._play(op)

    def _play(self, op: caffe2_pb2.OperatorDef) -> None:
        reads = {}
        for blob in op.input:
            reads[blob] = self._version.setdefault(blob, 0)
            self._readers[blob, reads[blob]].append(len(self._steps))
        writes = {}
        for blob in op.output:
            self._version[blob] = self._version.get(blob, -1) + 1
            writes[blob] = self._version[blob]
        self._steps.append(_Step(op, reads, writes))

    def make(
        self, ys: Targets
    ) -> tuple[list[caffe2_pb2.OperatorDef], dict[BlobReference, BlobReference]]:
        """Make the gradient operators.

        Args:
            ys: the blobs whose derivatives are wanted. A mapping gives each the blob that holds
                its gradient, or None; where there is none, it is filled with 1.

        Returns:
            The gradient operators in their order, and the gradient blob of each blob.

        Raises:
            Caffe2Error: an operator has no gradient, or its gradient needs a value that has been
                overwritten.
            TypeError: ``ys`` is a single blob, not a list or mapping of them.
        """
        if isinstance(ys, str | bytes | BlobReference) or not isinstance(ys, Iterable):
            raise TypeError(f"ys must be a list of blobs or a dict, not {ys!r}")
        targets = dict(ys) if isinstance(ys, Mapping) else dict.fromkeys(ys)
        made: list[caffe2_pb2.OperatorDef] = []
        gradients: dict[str, str | None] = {}
        for y, given in targets.items():
            blob = str(y)
            if blob not in self._version:
                raise Caffe2Error(f"the blob '{blob}' is in no operator that could be derived")
            self._gradient_version[blob] = self._version[blob]
            self._readers[blob, self._version[blob]].append(len(self._steps))
            gradient = None if given is None else str(given)
            if gradient is None:
                fill = CreateOperator("ConstantFill", [y], [f"{blob}_autogen_grad"], value=1.0)
                made.append(fill)
                gradient = str(fill.output[0])
                self._sources[blob, self._version[blob]].append(
                    _Source(fill, 0, gradient, fill.device_option)
                )
            gradients[blob] = gradient
        for index in reversed(range(len(self._steps))):
            made += self._derive(index, gradients)
            made += self._accumulate(index, gradients)
        return made, {
            BlobReference(blob): BlobReference(gradient)
            for blob, gradient in gradients.items()
            if gradient is not None
        }

    def _derive(self, index: int, gradients: dict[str, str | None]) -> list[caffe2_pb2.OperatorDef]:
        """Make the gradient operators of one step, and note the gradients that they make."""
        step = self._steps[index]
        g_output = [gradients.get(blob) for blob in step.op.output]
        if all(gradient is None for gradient in g_output):
            return []
        ops, g_input = gradient_for(step.op, g_output, self._version)
        local: set[str] = set()
        for op in ops:
            for blob in op.input:
                if blob not in local:
                    self._require_current(step, blob, g_output)
            local.update(op.output)
            for place, blob in enumerate(op.output):
                if blob in g_input:
                    self._note(
                        step, g_input.index(blob), _Source(op, place, blob, op.device_option)
                    )
        new: dict[str, str | None] = {}
        for place, (blob, gradient) in enumerate(zip(step.op.input, g_input, strict=True)):
            if gradient is not None:
                if gradient not in local:
                    self._note(step, place, _Source(None, 0, gradient, step.op.device_option))
                self._gradient_version[blob] = step.reads[blob]
            # What is known stays, unless the step has overwritten the blob that it is for.
            if gradient is not None or blob not in gradients or blob in step.writes:
                new[blob] = gradient
        gradients.update(new)
        return ops

    def _note(self, step: _Step, place: int, source: _Source) -> None:
        blob = step.op.input[place]
        self._sources[blob, step.reads[blob]].append(source)

    def _require_current(self, step: _Step, blob: str, g_output: list[str | None]) -> None:
        """See that what a gradient operator reads still has the value it had in the step."""
        if blob in g_output:
            subject = step.op.output[g_output.index(blob)]
            then, now = step.writes[subject], self._gradient_version[subject]
        elif blob in step.writes or blob in step.reads:
            subject = blob
            then, now = step.writes.get(blob, step.reads.get(blob, 0)), self._version[blob]
        else:
            raise Caffe2Error(
                f"{describe(step.op)}: its gradient reads the blob '{blob}', which is none of its "
                "inputs or outputs and is not made by its gradient"
            )
        if then != now:
            raise Caffe2Error(
                f"{describe(step.op)}: its gradient needs the blob '{subject}' as it was then "
                f"(version {then}), but it has been overwritten since (version {now}); write to "
                "another blob there"
            )

    def _accumulate(
        self, index: int, gradients: dict[str, str | None]
    ) -> list[caffe2_pb2.OperatorDef]:
        """Add up the gradients of what this step is the first to read."""
        step = self._steps[index]
        sums = []
        for blob in dict.fromkeys(step.op.input):
            key = blob, step.reads[blob]
            sources = self._sources[key]
            if self._readers[key][0] == index and len(self._readers[key]) > 1 < len(sources):
                sums.append(self._sum(blob, sources))
                gradients[blob] = sums[-1].output[0]
        return sums

    def _sum(self, blob: str, sources: list[_Source]) -> caffe2_pb2.OperatorDef:
        _require_same_device(blob, sources)
        made = [source for source in sources if source.op is not None]
        total = made[0].op.output[made[0].place] if made and made[0].op else f"{blob}_grad"
        if not made and total in self._version:
            total = _fresh(total, self._version)
        inputs: list[str] = []
        splits = 0
        for source in sources:
            if source.op is None:
                if source.blob == total:
                    raise Caffe2Error(
                        f"the gradient of the blob '{blob}' would be summed into '{total}', which "
                        "is the gradient of another blob; give that one another name"
                    )
                inputs.append(source.blob)
            elif source is made[0]:
                inputs.append(total)
            else:
                split = f"_{source.op.output[source.place]}_autosplit_{splits}"
                splits += 1
                source.op.output[source.place] = split
                inputs.append(split)
        if total in inputs:  # Sum works in place on its first input alone
            place = inputs.index(total)
            inputs[0], inputs[place] = inputs[place], inputs[0]
        sum_op = CreateOperator("Sum", list(map(BlobReference, inputs)), BlobReference(total))
        sum_op.device_option.CopyFrom(sources[0].device)
        sum_op.device_option.extra_info.append(_SUM_TAG)
        return sum_op


def _require_same_device(blob: str, sources: list[_Source]) -> None:
    kinds = {
        (device.device_type, device.device_id if device.device_type else 0)
        for device in (source.device for source in sources)
    }
    if len(kinds) > 1:
        raise Caffe2Error(
            f"the gradients of the blob '{blob}' are made on different devices; expected one"
        )
