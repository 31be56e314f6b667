"""Rewrites the Mish of a model to another form."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import onnx
from onnx import helper

from mish.onnx._find.named import require_names, take, untaken, with_titles
from mish.onnx._find.quantized import can_be_quantized, quantized_inside
from mish.onnx._find.search import find_in
from mish.onnx._find.site import Match, Site
from mish.onnx._model.checking import check
from mish.onnx._model.files import ModelError, legible, read
from mish.onnx._model.infer import typed_scopes, used_functions
from mish.onnx._model.lowering import lower_opset
from mish.onnx._model.opset import NEWEST, OpsetError, opset_of, raise_opset
from mish.onnx._model.saving import write
from mish.onnx._model.scopes import FunctionKey, Functions, Scope, key_of
from mish.onnx._prove.operators import HALVES
from mish.onnx._write.forms import FORMS, Form, inner_kind
from mish.onnx._write.kernel import add_fallback, drop_domain, refuse_namesake
from mish.onnx._write.lookup import LOOKUPS, Lookup, Table, as_table, readers_of
from mish.onnx._write.nodes import NodeWriter
from mish.onnx._write.rewrite import rewrite

CHOICES = (*FORMS, *LOOKUPS)
"""What can be written: a form, or a table in a quantised model."""

_ALREADY = "it has this form already"
_DOUBLE_SOFTPLUS = 18  # the opset at which ONNX Runtime on CPU runs Softplus of float64


@dataclass(frozen=True)
class Report:
    """What :func:`optimize` did.

    Attributes:
        model: The new model. External data stays where it was.
        form: The form that Mish has now.
        rewritten: The sites that were rewritten.
        skipped: The sites that were left as they are, each with the reason.
        folder: What the locations of the model's external data are relative to, if known.
        opset: The version of the standard operators before and after.
        changed: Whether there is something to write: Mish was rewritten, or it has the form all
            over already and the version is another.
        quantized: The places left that would be Mish without the quantisation between their parts.
        named: The operators that were taken for Mish by their name, as ``DOMAIN::NAME``; ONNX's
            own, in a version that does not know it yet, is ``Mish``.
        untaken: The operators of others that are called Mish but were not taken for it.
        reference: What to compare the new model with if a runtime does not know ``named``: the
            old model in which those are functions, of Softplus, Tanh and Mul. None if there are
            none.
        warnings: Where the new model will not run.
    """

    model: onnx.ModelProto
    form: str
    rewritten: tuple[Site, ...]
    skipped: tuple[tuple[Site, str], ...]
    folder: Path | None
    opset: tuple[int, int]
    changed: bool
    quantized: tuple[Site, ...] = ()
    named: tuple[str, ...] = ()
    untaken: tuple[str, ...] = ()
    reference: onnx.ModelProto | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    _source: Path | None = field(default=None, repr=False)

    @property
    def advice(self) -> str | None:
        """What to know before the new model is quantised; None if it cannot be or is already."""
        if not self.rewritten or not can_be_quantized(self.model):
            return None
        return FORMS[self.form].advice if self.form in FORMS else None

    def save(self, path: str | PathLike[str]) -> None:
        """Write the new model whole or not at all, replacing an existing file.

        External data is shared if it lies in the folder of ``path``, and else copied to one
        file next to it, named like the model with ``.data`` added, or ``.1.data`` and so on if
        that name is taken. The copy that an older model at ``path`` had is removed, unless
        another model in the folder names it. At any moment the file at ``path`` is the whole old
        model or the whole new one, with its weights. A model file in which nothing changed
        comes out byte-identical, unless its external data has to move.

        A link is followed. A new file gets the permissions of the model that was read, less the
        umask; one that is replaced hands on its own, and its owner where possible. What is no
        regular file, such as a pipe, gets the model's bytes.

        Raises:
            ModelError: If the file cannot be written, or if its external data would have to be
                copied next to a pipe, a device, or a link to another folder.
        """
        same = not self.changed and self.opset[0] == self.opset[1]
        write(self.model, Path(path), self.folder, self._source, unchanged=same)


def optimize(
    model: onnx.ModelProto | str | PathLike[str],
    form: str = "sigmoid",
    *,
    opset: int | None = None,
    newest: int | None = None,
    operators: Collection[str] = (),
) -> Report:
    """Rewrite every Mish of a model, in its subgraphs and functions too.

    That includes Mish of a scale k, x tanh(softplus(k x)) = mish(k x) / k, for k from 1/1024 to
    1024; results are right where k x overflows too.

    Nothing else changes: other nodes, weights, names, types, documentation and metadata are
    kept. What a rewritten Mish no longer needs is removed, unless something else reads it.

    The forms are

    - ``sigmoid``: standard operators from opset 7 on, with one Exp; the fastest of those in ONNX
      Runtime on CPU. float32 within 5 ulp right of -87. At -inf it gives NaN, not -0, as the old
      one does in ONNX Runtime, and in float32 -0 left of -88.72, where Mish is at most 2.7e-37 in
      size.
    - ``op``: the operator Mish. It needs opset 18, to which the model is raised if that changes
      no other node's meaning.
    - ``softplus``: Softplus, Tanh, Mul, from opset 7 on.
    - ``native``: the operator Mish of the domain ``mish.onnx``, which a session runs by this
      package's own kernel after :func:`mish.onnx.register`, and elsewhere by a function in the
      model.

    And in a quantised model

    - ``lookup``: a table of the 256 results in the place of DequantizeLinear, Mish,
      QuantizeLinear, where those are of 8 bits with one scale and one zero point. Each result is
      the exact one, rounded once. ``lookup-gather`` reads it in the way that OpenVINO runs fast.

    Args:
        model: A model, which is left as it is, or the path of one. Weights kept in other files
            are not read.
        form: The form to write, a key of ``FORMS``, ``lookup`` or ``lookup-gather``.
        opset: The version of the standard operators that the model is to have: it is raised or
            lowered, also where all its Mish has the form already. If not given, it is raised as
            far as the form needs.
        newest: The newest version that is of use, if ``opset`` is not given: a newer model is
            lowered, or else a warning tells what is in the way.
        operators: Operators of others that are Mish, as ``DOMAIN::NAME``, each with one input,
            one output and no attributes. What they compute is not in the model; it is taken on
            trust. One named Log1p is taken for the logarithm of 1 + x.

    Returns:
        The new model and what was done.

    Raises:
        ValueError: If there is no such form or opset, or an operator is not told in that way.
        ModelError: If the path holds no readable ONNX model, if it breaks ONNX's rules, if it
            has Mish and its opset is older than 7, if it cannot be brought to ``opset``, if one of
            ``operators`` has another number of inputs or outputs, or attributes, or if the form is
            ``native`` and the model has a function of the operator's name that is not Mish.
    """
    require_form(form, opset)
    require_names(operators)
    source = None
    if isinstance(model, onnx.ModelProto):
        new = onnx.ModelProto()
        new.CopyFrom(model)
    else:
        source = Path(model)
        new = read(source)
    with legible():
        before, versions = opset_of(new), _versions(new)
        named = take(new, operators)
        if form in LOOKUPS:
            rewritten, skipped = _look_up(new, LOOKUPS[form], opset)
        else:
            rewritten, skipped = _optimize(new, FORMS[form], opset)
        done = bool(skipped) and all(reason == _ALREADY for _, reason in skipped)
        kept_newer = _lower(new, opset, newest) if rewritten or done else ()
        inside = quantized_inside(new, [*(match.site for match in rewritten), *dict(skipped)])
        if named is not None:
            named.restore(new)
        others = untaken(new)
    return Report(
        new,
        form,
        tuple(_titled(match.site) for match in rewritten),
        tuple((_titled(site), reason) for site, reason in skipped),
        folder=None if source is None else source.parent,
        opset=(before, opset_of(new)),
        changed=bool(rewritten) or (done and versions != _versions(new)),
        quantized=tuple(inside),
        named=() if named is None else named.operators,
        untaken=others,
        reference=None if named is None else named.model,
        warnings=(*_warnings(rewritten, form, opset_of(new)), *kept_newer),
        _source=source,
    )


def _lower(model: onnx.ModelProto, opset: int | None, newest: int | None) -> tuple[str, ...]:
    """Lower a model whose Mish has its form; why it was not, if it only should have been.

    Mish comes first, since the operator Mish is itself what older versions lack.
    """
    target = newest if opset is None else opset
    if target is None or all(opset_of(body) <= target for body in (model, *model.functions)):
        return ()
    try:
        lower_opset(model, typed_scopes(model)[0], target)
        check(model, weights=False)
    except OpsetError as error:
        if opset is not None:
            raise
        return (f"opset {target} is the newest that is known to do, but {error}",)
    return ()


def _titled(site: Site) -> Site:
    return replace(site, spelling=with_titles(site.spelling))


def _warnings(rewritten: list[Match], form: str, opset: int) -> tuple[str, ...]:
    """What to know before the new model meets ONNX Runtime.

    That has no Softplus of float64 and takes it, and with it Mish, for what the operator's
    definition says; in 1.32.0 it does so at opset 18 alone.
    """
    double = any(match.output.kind == onnx.TensorProto.DOUBLE for match in rewritten)
    if double and form in ("op", "softplus") and opset != _DOUBLE_SOFTPLUS:
        return (
            f"ONNX Runtime on CPU loads no float64 Mish of the form {form} at opset {opset}; "
            "that of the form sigmoid it does",
        )
    return ()


def require_form(form: str, opset: int | None) -> None:
    """See that there is such a form and that it can have the opset.

    Raises:
        ValueError: If not.
    """
    if form not in CHOICES:
        raise ValueError(f"form must be one of {', '.join(CHOICES)}, not {form!r}")
    oldest = LOOKUPS[form].opset if form in LOOKUPS else FORMS[form].opset
    if opset is not None and not oldest <= opset <= NEWEST:
        raise ValueError(
            f"opset must be from {oldest} to {NEWEST} for the form {form}, not {opset}"
        )


class _Found(NamedTuple):
    """The scopes of a model of the wanted opset, its functions, and its matches."""

    scopes: list[Scope]
    functions: Functions
    matches: list[Match]


def _found(
    model: onnx.ModelProto, opset: int | None, oldest: Callable[[Match], int]
) -> _Found | list[tuple[Site, str]]:
    """Find Mish, and raise the model as far as writing it takes; or why that cannot be."""
    scopes, functions = typed_scopes(model, check(model))
    matches = find_in(scopes, functions)
    version = opset_of(model)
    if matches and version < FORMS["sigmoid"].opset:
        raise ModelError(
            f"the model's opset is {version}, the oldest that can be rewritten is "
            f"{FORMS['sigmoid'].opset}; raise it with onnx.version_converter.convert_version"
        )
    target = max(opset or 0, *map(oldest, matches)) if matches else 0
    if any(opset_of(body) < target for body in (model, *model.functions)):
        try:
            raise_opset(model, scopes, target)
        except OpsetError as error:
            if opset is not None:
                raise
            return [(match.site, str(error)) for match in matches]
        scopes, functions = typed_scopes(model)
        matches = find_in(scopes, functions)
    return _Found(scopes, functions, matches)


def _optimize(
    model: onnx.ModelProto, form: Form, opset: int | None
) -> tuple[list[Match], list[tuple[Site, str]]]:
    found = _found(model, opset, lambda match: form.opset_of(match.site.scale))
    if isinstance(found, list):
        return [], found
    scopes, functions, matches = found
    left = {id(match): match.doubt or _already(match, form) for match in matches}
    sound = [match for match in matches if left[id(match)] is None]
    if not sound:
        return [], _reasons(matches, left)
    if form is FORMS["native"]:
        refuse_namesake(model)
    used = used_functions(model, functions)
    rewrite(scopes, sound, form.stand_in, [_version(model, scope) for scope in scopes])
    _tidy(model, scopes, sound, used)
    if form is FORMS["native"]:
        native = sound + [match for match in matches if _already(match, form)]
        kinds = {inner_kind(match.output.kind, match.site.scale) for match in native}
        add_fallback(model, kinds)
    check(model, weights=False)
    return sound, _reasons(matches, left)


def _look_up(
    model: onnx.ModelProto, way: Lookup, opset: int | None
) -> tuple[list[Match], list[tuple[Site, str]]]:
    """Write a table for each Mish between a DequantizeLinear and a QuantizeLinear."""
    found = _found(model, opset, lambda match: way.opset)
    if isinstance(found, list):
        return [], found
    tables: dict[int, Table] = {}
    sound: list[Match] = []
    skipped: list[tuple[Site, str]] = []
    readers = {id(match.scope): readers_of(match.scope) for match in found.matches}
    for match in found.matches:
        made = match.doubt or as_table(match, readers[id(match.scope)])
        if isinstance(made, str):
            skipped.append((match.site, made))
        else:
            sound.append(made[0])
            tables[id(made[0])] = made[1]

    def write(writer: NodeWriter, match: Match, opset: int) -> None:
        way.write(writer, match.site.input, match.site.output, tables[id(match)])

    if sound:
        used = used_functions(model, found.functions)
        versions = [_version(model, scope) for scope in found.scopes]
        rewrite(found.scopes, sound, write, versions)
        _tidy(model, found.scopes, sound, used)
        check(model, weights=False)
    return sound, skipped


def _reasons(matches: list[Match], left: dict[int, str | None]) -> list[tuple[Site, str]]:
    reasons = ((match.site, left[id(match)]) for match in matches)
    return [(site, reason) for site, reason in reasons if reason is not None]


def _already(match: Match, form: Form) -> str | None:
    """Why a match needs no rewriting, if it has the form already."""
    kind, scale = match.input.kind, match.site.scale
    widened = kind in HALVES and (form.widens or inner_kind(kind, scale) != kind)
    exact = not widened or match.nodes[0].op_type == "Cast"
    written = match.site.spelling == form.spelling_of(scale)
    return _ALREADY if written and exact else None


def _versions(model: onnx.ModelProto) -> list[int]:
    return [opset_of(body) for body in (model, *model.functions)]


def _version(model: onnx.ModelProto, scope: Scope) -> int:
    body = scope.root.body
    if isinstance(body, onnx.FunctionProto):
        return opset_of(body) or opset_of(model)
    return opset_of(model)


def _tidy(
    model: onnx.ModelProto, scopes: list[Scope], matches: list[Match], used: set[FunctionKey]
) -> None:
    """Remove functions that lost their last call, and import what the new nodes need."""
    functions: Functions = {key_of(each): each for each in model.functions}
    unused = used - used_functions(model, functions)
    for index in reversed(range(len(model.functions))):
        if key_of(model.functions[index]) in unused:
            del model.functions[index]
    drop_domain(model)
    for match in matches:
        body = match.scope.root.body
        if isinstance(body, onnx.FunctionProto) and not opset_of(body):
            body.opset_import.append(helper.make_opsetid("", opset_of(model)))
