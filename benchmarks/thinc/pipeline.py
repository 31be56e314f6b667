"""thinc's Mish beside ours: the operation, and its share in the training of a spaCy pipeline.

    python benchmarks/thinc/pipeline.py > benchmarks/results/thinc.md

One thread. The pipeline is a tagger with spaCy's MishWindowEncoder on made-up sentences. Its time
in Mish is that of `NumpyOps.mish` and `backprop_mish`, added up over whole epochs; the first epoch,
which fills caches, is left out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config, NumpyOps, fix_random_seed

import mish
import mish.thinc
from mish._measure import machine, timing

ROWS, WIDTH = 2**10, 2**10
ROUNDS = 9
WIDTHS = (96, 256)
EPOCHS = 4
CONFIG = """
[nlp]
lang = "en"
pipeline = ["tagger"]

[components]
[components.tagger]
factory = "tagger"
[components.tagger.model]
@architectures = "spacy.Tagger.v2"
[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2Vec.v2"
[components.tagger.model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = {width}
attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
rows = [5000, 1000, 2500, 2500]
include_static_vectors = false
[components.tagger.model.tok2vec.encode]
@architectures = "spacy.MishWindowEncoder.v2"
width = {width}
window_size = 1
depth = 4
"""
WAYS = {"thinc": nullcontext, "mish.thinc": mish.thinc.accelerate}


def operations() -> None:
    print("| operation | dtype | thinc | mish.thinc | ratio |\n|---|---|--:|--:|--:|")
    ops = NumpyOps()
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(0)
        x, dy = (rng.standard_normal((ROWS, WIDTH)).astype(dtype) for _ in range(2))
        changed = x.copy()
        calls: dict[str, Callable[[], object]] = {
            "mish": lambda x=x: ops.mish(x),
            "mish, in place": lambda y=changed: ops.mish(y, inplace=True),
            "backprop_mish": lambda x=x, dy=dy: ops.backprop_mish(dy, x),
        }
        for name, call in calls.items():
            times = []
            for way in WAYS.values():
                with way():
                    laps = timing.measure({name: call}, ROUNDS)[name].laps
                times.append(min(laps) / x.size * 1e9)
            ratio = times[0] / times[1]
            print(f"| {name} | {dtype} | {times[0]:.1f} | {times[1]:.2f} | {ratio:.0f} |")


def epochs(width: int) -> tuple[float, float, list[list[str]]]:
    """Seconds an epoch, of which in Mish; and the tags that the trained pipeline gives."""
    spent = 0.0
    held = NumpyOps.mish, NumpyOps.backprop_mish

    def watched(operation: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal spent
            start = time.perf_counter()
            found = operation(*arguments, **options)
            spent += time.perf_counter() - start
            return found

        return call

    fix_random_seed(0)
    nlp = spacy.util.load_model_from_config(
        Config().from_str(CONFIG.format(width=width)), auto_fill=True
    )
    rng = random.Random(0)
    vocabulary = [f"word{i}" for i in range(500)]
    made = [rng.choices(vocabulary, k=rng.randint(10, 30)) for _ in range(300)]
    examples = [
        Example.from_dict(
            Doc(nlp.vocab, words=words), {"tags": [f"T{int(word[4:]) % 17}" for word in words]}
        )
        for words in made
    ]
    optimizer = nlp.initialize(lambda: examples)
    NumpyOps.mish, NumpyOps.backprop_mish = map(watched, held)
    try:
        for epoch in range(EPOCHS + 1):
            if epoch == 1:
                start, spent = time.perf_counter(), 0.0
            for first in range(0, len(examples), 50):
                nlp.update(examples[first : first + 50], sgd=optimizer)
        took = time.perf_counter() - start
    finally:
        NumpyOps.mish, NumpyOps.backprop_mish = held
    docs = [nlp(Doc(nlp.vocab, words=words)) for words in made[:100]]
    return took / EPOCHS, spent / EPOCHS, [[token.tag_ for token in doc] for doc in docs]


def pipelines() -> None:
    print("| width | operations | an epoch, s | of it in Mish, s | share | the same tags |")
    print("|--:|---|--:|--:|--:|---|")
    for width in WIDTHS:
        tags = {}
        for name, way in WAYS.items():
            with way():
                took, in_mish, tags[name] = epochs(width)
            same = "yes" if tags[name] == tags["thinc"] else "no"
            share = in_mish / took
            print(f"| {width} | {name} | {took:.2f} | {in_mish:.3f} | {share:.1%} | {same} |")


def main() -> None:
    mish.set_num_threads(1)
    facts = machine.facts(("mish", "numpy", "spacy", "thinc"))
    print("# thinc and spaCy\n\nMade by `python benchmarks/thinc/pipeline.py`.\n")
    print(f"{machine.summary(facts)}\n")
    print(
        f"## The operation\n\nNanoseconds an element, {ROWS} × {WIDTH} standard normal numbers, one"
    )
    print("thread, the fastest of many laps.\n")
    operations()
    print("\n## A pipeline in training\n\nA tagger with `spacy.MishWindowEncoder.v2`, depth 4.\n")
    pipelines()


if __name__ == "__main__":
    main()
