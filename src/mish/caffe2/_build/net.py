"""Nets under construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from mish.caffe2._contract import registry
from mish.caffe2._contract.arguments import MakeArgument
from mish.caffe2._build.backward import BackwardPass, Targets
from mish.caffe2._build.blobs import (
    Blob,
    BlobReference,
    Blobs,
    ScopedBlobReference,
    ScopedName,
    references,
)
from mish.caffe2._build.operator_def import CreateOperator
from mish.caffe2.proto import caffe2_pb2

# Those of Caffe2's Net that are not here and could be taken for operators.
_METHODS_OF_CAFFE2 = frozenset(
    {
        *("AddScopedExternalOutputs", "AppendOutputRecordField", "ClonePartial"),
        *("DeduplicateGradientSlices", "DumpNet", "GetNameScope", "PopulateProtoWithFileName"),
        *("Python", "RunAllOnIDEEP", "RunAllOnMKL", "TryGetBlobRef", "UsedBlobNames", "UsesBlob"),
    }
)


class Net:
    """A list of operators, built one by one: ``net.Mish(x, "y")`` adds the operator Mish.

    Args:
        name_or_proto: the net's name, or a NetDef to start from. If the name is taken by another
            net of this process, a number is added to it.
        inplace: whether to build on the given NetDef itself rather than on a copy.
    """

    _names_used: ClassVar[set[str]] = set()

    def __init__(self, name_or_proto: str | caffe2_pb2.NetDef, inplace: bool = False) -> None:
        self._registered: set[str] = set()
        if isinstance(name_or_proto, caffe2_pb2.NetDef):
            self._net = name_or_proto
            if not inplace:
                self._net = caffe2_pb2.NetDef()
                self._net.CopyFrom(name_or_proto)
            name = name_or_proto.name
        else:
            self._net = caffe2_pb2.NetDef()
            name = name_or_proto
        unique, count = name, 1
        while unique in Net._names_used:
            unique, count = f"{name}_{count}", count + 1
        Net._names_used.add(unique)
        self._net.name = unique

    def Name(self) -> str:
        """The name of the net."""
        return self._net.name

    def __str__(self) -> str:
        return self.Name()

    def Proto(self) -> caffe2_pb2.NetDef:
        """The message itself; a change to it changes the net."""
        return self._net

    def __getattr__(self, op_type: str) -> Callable[..., Any]:
        if op_type.startswith("_"):
            raise AttributeError(f"a Net has no attribute {op_type}")
        if op_type in _METHODS_OF_CAFFE2 or op_type[0].islower():
            raise AttributeError(
                f"a Net has no method {op_type} in mish.caffe2; docs/caffe2.md lists what is there"
            )
        if op_type not in registry.OPERATORS:
            raise AttributeError(
                f"there is no operator {op_type}{registry.did_you_mean(op_type)}; "
                "mish.caffe2.register_operator adds one"
            )

        def add(inputs: Blobs, outputs: Blobs | int | None = None, **options: Any) -> Any:
            return self._add(op_type, inputs, outputs, **options)

        return add

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *registry.OPERATORS})

    def _add(
        self, op_type: str, inputs: Blobs, outputs: Blobs | int | None, **options: Any
    ) -> BlobReference | tuple[BlobReference, ...] | None:
        """Add an operator. Inputs that nothing makes become external inputs."""
        read = references(inputs)
        for blob in read:
            if not self.BlobIsDefined(blob):
                self.AddExternalInput(blob)
        if outputs is None:
            outputs = self.NextName(op_type)
        elif isinstance(outputs, int):
            outputs = [self.NextName(op_type, index) for index in range(outputs)]
        op = CreateOperator(op_type, read, references(outputs, self), **options)
        self._net.op.append(op)
        written = tuple(BlobReference(blob, self) for blob in op.output)
        return written[0] if len(written) == 1 else written or None

    def AddGradientOperators(
        self, ys: Targets, skip: int = 0
    ) -> dict[BlobReference, BlobReference]:
        """Add the operators that compute the derivatives of some blobs.

        Args:
            ys: the blobs, in a list or as the keys of a mapping, whose values name the blobs that
                hold their gradients. Where none is named, a float32 one filled with 1 is made.
            skip: how many operators to leave out at the start of the net.

        Returns:
            The gradient blob of each blob that has one.

        Raises:
            Caffe2Error: an operator has no gradient, or its gradient needs a value that has been
                overwritten. Nothing is added then.
        """
        operators, gradients = BackwardPass(self._net.op[skip:]).make(ys)
        self._net.op.extend(operators)
        return gradients

    def BlobIsDefined(self, blob: Blob) -> bool:
        """Whether an operator makes the blob, or it is an external input."""
        name = str(blob)
        return name in self._net.external_input or any(name in op.output for op in self._net.op)

    def GetBlobRef(self, blob_name: Blob) -> BlobReference:
        """A reference to a blob that the net makes or takes.

        Raises:
            KeyError: there is no such blob.
        """
        if not self.BlobIsDefined(blob_name):
            raise KeyError(f"the net {self} has no blob {blob_name!s}")
        return BlobReference(blob_name, self)

    def NextName(self, prefix: str | None = None, output_id: int | None = None) -> str:
        """A new name for a blob: the net's name, a slash, the prefix, and a number if needed."""
        ending = "" if output_id is None else f":{output_id}"
        if prefix is None:
            stem, count = f"{self.Name()}_blob_", 0
            while self.BlobIsDefined(f"{stem}{count}") or f"{stem}{count}" in self._registered:
                count += 1
            self._registered.add(f"{stem}{count}")
            return f"{stem}{count}"
        stem = f"{self.Name()}/{prefix}"
        name, count = f"{stem}{ending}", 2
        while self.BlobIsDefined(ScopedName(name)):
            name, count = f"{stem}_{count}{ending}", count + 1
        return name

    def NextBlob(self, prefix: str = "unnamed") -> BlobReference:
        """A new blob: the prefix itself, or with ``_auto_`` and a number."""
        name, count = str(prefix), 0
        while name in self._registered or self.BlobIsDefined(name):
            name, count = f"{prefix}_auto_{count}", count + 1
        self._registered.add(name)
        return BlobReference(name)

    def NextScopedBlob(self, prefix: str = "unnamed") -> BlobReference:
        """As NextBlob, within the current name scope."""
        return self.NextBlob(ScopedName(prefix))

    def AddExternalInput(self, *inputs: Blob) -> Any:
        """Say that blobs come from outside; returns references to them, one or a list.

        Raises:
            AssertionError: there is an external input of that name already, or no blob is given,
                as in Caffe2.
        """
        names = [str(blob) for blob in inputs]
        if not names:
            raise AssertionError("AddExternalInput takes at least one blob")
        for index, name in enumerate(names):
            if name in self._net.external_input or name in names[:index]:
                raise AssertionError(f"the net {self} has an external input {name} already")
        self._net.external_input.extend(names)
        found = [BlobReference(name) for name in names]
        return found[0] if len(found) == 1 else found

    AddExternalInputs = AddExternalInput

    def AddScopedExternalInputs(self, *inputs: str) -> list[BlobReference]:
        """As AddExternalInput, within the current name scope; always returns a list."""
        found = self.AddExternalInput(*map(ScopedBlobReference, inputs))
        return found if isinstance(found, list) else [found]

    def AddExternalOutput(self, *outputs: Blob) -> None:
        """Say that blobs are what the net is run for.

        Raises:
            AssertionError: nothing in the net makes one of them, as in Caffe2.
        """
        for blob in outputs:
            if not self.BlobIsDefined(blob):
                raise AssertionError(f"the net {self} does not make {blob!s}")
        self._net.external_output.extend(map(str, outputs))

    AddExternalOutputs = AddExternalOutput

    @property
    def external_inputs(self) -> list[BlobReference]:
        """The blobs that come from outside."""
        return [BlobReference(name) for name in self._net.external_input]

    @property
    def external_outputs(self) -> list[BlobReference]:
        """The blobs that the net is run for."""
        return [BlobReference(name) for name in self._net.external_output]

    def AddArgument(self, arg_name: str, arg_value: object) -> None:
        """Add an argument to the net itself."""
        self._net.arg.append(MakeArgument(arg_name, arg_value))

    def AppendNet(self, net: Net, device_option: caffe2_pb2.DeviceOption | None = None) -> Net:
        """Add all operators of another net, with another device option if one is given."""
        mine, other = self._net, net.Proto()
        made = {blob for op in mine.op for blob in op.output}
        mine.external_input.extend(
            blob for blob in other.external_input if blob not in {*mine.external_input, *made}
        )
        mine.external_output.extend(
            blob for blob in other.external_output if blob not in mine.external_output
        )
        for op in list(other.op):
            added = mine.op.add()
            added.CopyFrom(op)
            if device_option is not None:
                added.device_option.CopyFrom(device_option)
        return self

    def Clone(
        self,
        name: str,
        blob_remap: Mapping[str, str] | None = None,
        op_id_mask: Sequence[int] | None = None,
    ) -> Net:
        """A copy of the net.

        Args:
            name: its name.
            blob_remap: new names for some blobs.
            op_id_mask: the places of the operators to copy; all unless given.
        """
        proto = caffe2_pb2.NetDef()
        proto.CopyFrom(self._net)
        proto.name = name
        if op_id_mask is not None:
            del proto.op[:]
            proto.op.extend(self._net.op[index] for index in op_id_mask)
        new = {str(old): str(to) for old, to in (blob_remap or {}).items()}
        lists = [proto.external_input, proto.external_output]
        for op in proto.op:
            lists += [op.input, op.output]
        for blobs in lists:
            blobs[:] = [new.get(blob, blob) for blob in blobs]
        return Net(proto)

    def RunAllOnGPU(self, gpu_id: int = 0, use_cudnn: bool = False) -> None:
        """Ask for a GPU in the net's device option. Such a net cannot run here."""
        self._net.device_option.CopyFrom(
            caffe2_pb2.DeviceOption(device_type=caffe2_pb2.PROTO_CUDA, device_id=gpu_id)
        )
        if use_cudnn:
            for op in self._net.op:
                op.engine = "CUDNN"
