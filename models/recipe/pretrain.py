"""The encoder learns Vietnamese from unlabelled articles by guessing hidden syllables (a masked language model).

Source: Devlin et al. 2019 for the task; words are guessed from the sum of what stands around them, the vector of the
word being the output weights too (Press & Wolf 2017).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from encoder import Encoder
from gold import Reader
from torch import nn

from trichluc.preparing import prepare
from trichluc.recognizing.tagger import Vocabulary, shape_codes, without_diacritics, word_form


@dataclass
class Plain:
    """Unlabelled text as numbers: the form and shape of every syllable, and where sentences begin and end."""

    forms: list[str]
    form: npt.NDArray[np.int32]
    shape: npt.NDArray[np.int8]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


def read_plain(texts: Iterable[str], shortest: int, longest: int) -> Plain:
    """Sentences of ``shortest`` to ``longest`` syllables are used."""
    reader = Reader()
    number: dict[str, int] = {}
    form: list[npt.NDArray[np.int32]] = []
    shape: list[npt.NDArray[np.int8]] = []
    ranges: list[tuple[int, int]] = []
    offset = 0
    for count, text in enumerate(texts):
        if count % 2000 == 0:
            reader = Reader(reader.knowledge)  # spaCy's string store grows with every new word
        analysis = prepare(reader.tokenize(text))
        s = analysis.syllables
        form.append(np.array([number.setdefault(word_form(key), len(number)) for key in s.key], np.int32))
        shape.append(shape_codes(s))
        ranges += [(offset + a, offset + b) for a, b in analysis.sentences if shortest <= b - a <= longest]
        offset += len(s)
    first, last = np.array(ranges).T
    return Plain(list(number), np.concatenate(form), np.concatenate(shape), first, last)


def build_vocabulary(plain: Plain, config: dict[str, Any]) -> Vocabulary:
    """The most frequent words and the most frequent ones without diacritics."""
    words = Counter(dict(zip(plain.forms, np.bincount(plain.form).tolist(), strict=True)))
    bare: Counter[str] = Counter()
    for word, count in words.items():
        bare[without_diacritics(word)] += count

    def frequent(counts: Counter[str], most: int) -> list[str]:
        ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))
        return [word for word, count in ordered[:most] if count >= config["min_count"]]

    return Vocabulary(frequent(words, config["words"]), frequent(bare, config["bare"]))


def pretrain(plain: Plain, vocabulary: Vocabulary, encoder: Encoder, config: dict[str, Any], seed: int) -> None:
    """Train the encoder in place."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder.to(device)
    targets = min(config["targets"], len(vocabulary.words))
    guess = nn.Linear(encoder.width, encoder.width).to(device)
    nn.init.normal_(guess.weight, std=0.2 / encoder.width**0.5)
    bias = nn.Parameter(torch.zeros(targets, device=device))
    parameters = [*encoder.parameters(), *guess.parameters(), bias]
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.01, betas=(0.9, 0.98))
    rows_of = torch.tensor([vocabulary.rows(form) for form in plain.forms])
    size, steps = config["batch"], config["steps"]
    order = chance.permutation(len(plain.first))
    losses, started = 0.0, time.perf_counter()
    encoder.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = config["rate"] * min(1.0, (step + 1) / 200) * max(0.005, 1 - step / steps)
        drawn = order[np.arange(step * size, (step + 1) * size) % len(order)]
        at = np.concatenate([np.arange(plain.first[i], plain.last[i]) for i in drawn])
        sentence = torch.from_numpy(np.repeat(np.arange(size), plain.last[drawn] - plain.first[drawn])).to(device)
        rows = rows_of[torch.from_numpy(plain.form[at]).long()].to(device)
        shapes = torch.from_numpy(plain.shape[at]).long().to(device)
        truth = rows[:, 0].clone()
        asked = (torch.rand(len(at), device=device) < config["mask"]) & (truth < targets)
        hidden = asked & (torch.rand(len(at), device=device) < 0.9)
        rows[hidden] = encoder.absent
        rows[hidden, 0] = encoder.mask
        vectors = guess(encoder(rows, shapes, sentence)[asked])
        loss = nn.functional.cross_entropy(vectors @ encoder.embedding.weight[:targets].T + bias, truth[asked])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses += loss.item()
        if step % 200 == 199:
            print(
                f"step {step + 1}/{steps}: loss {losses / 200:.3f}, {time.perf_counter() - started:.0f} s", flush=True
            )
            losses = 0.0
    encoder.cpu()
