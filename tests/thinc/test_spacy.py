"""A pipeline of spaCy whose encoder is made of Mish, with thinc's operations and with ours."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

spacy = pytest.importorskip("spacy")

from thinc.api import Config, NumpyOps, fix_random_seed  # noqa: E402

import mish.thinc  # noqa: E402

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
width = 32
attrs = ["NORM", "SUFFIX"]
rows = [200, 200]
include_static_vectors = false
[components.tagger.model.tok2vec.encode]
@architectures = "spacy.MishWindowEncoder.v2"
width = 32
window_size = 1
depth = 2
"""
WORDS = {
    "DET": ["the", "a", "this", "every"],
    "ADJ": ["small", "red", "quick", "old"],
    "NOUN": ["dog", "house", "tree", "boat"],
    "VERB": ["sees", "likes", "finds", "takes"],
}


def sentences(count):
    rng = random.Random(0)
    for _ in range(count):
        tags = ["DET", *rng.choices(["ADJ"], k=rng.randint(0, 2)), "NOUN", "VERB", "DET", "NOUN"]
        yield [rng.choice(WORDS[tag]) for tag in tags], tags


def train():
    """The losses of a training, the scores of its model for new sentences, and their tags."""
    from spacy.tokens import Doc
    from spacy.training import Example

    fix_random_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy's own, of what it uses
        nlp = spacy.util.load_model_from_config(Config().from_str(CONFIG), auto_fill=True)
    examples = [
        Example.from_dict(Doc(nlp.vocab, words=words), {"tags": tags})
        for words, tags in sentences(80)
    ]
    optimizer = nlp.initialize(lambda: examples)
    losses = []
    for _ in range(10):
        of_epoch = {}
        for start in range(0, len(examples), 16):
            nlp.update(examples[start : start + 16], sgd=optimizer, losses=of_epoch)
        losses.append(of_epoch["tagger"])
    tagger = nlp.get_pipe("tagger")
    docs = [Doc(nlp.vocab, words=words) for words, _ in sentences(200)]
    scores = np.concatenate(tagger.model.predict(docs))
    return losses, scores, [[token.tag_ for token in tagger(doc)] for doc in docs]


def test_it_trains_and_predicts_the_same():
    losses, scores, tags = train()
    calls = []
    with mish.thinc.accelerate():
        mine = NumpyOps.mish

        def counted(*arguments, **options):
            calls.append(arguments)
            return mine(*arguments, **options)

        NumpyOps.mish = counted
        try:
            our_losses, our_scores, our_tags = train()
        finally:
            NumpyOps.mish = mine
    assert len(calls) > 100
    assert losses[-1] < losses[0] / 10
    np.testing.assert_allclose(our_losses, losses, rtol=1e-2)
    np.testing.assert_allclose(our_scores, scores, atol=1e-3)
    assert our_tags == tags
    assert our_tags == [expected for _, expected in sentences(200)]
