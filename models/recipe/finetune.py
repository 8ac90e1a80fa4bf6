"""Pre-trained encoder + tagged reports → the network that ships."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from encoder import Encoder, Network
from gold import CAMPAIGN_KINDS, ORGANIZATION_KINDS, UNKNOWN, Sentence, holds_something
from torch import Tensor, nn


def batch_of(sentences: Sequence[Sentence], device: torch.device) -> list[Tensor]:
    """Rows, shapes, codes, tags, campaign kinds, organization kinds, sentence numbers, all flat."""
    columns = [
        torch.as_tensor(np.concatenate(column), dtype=torch.long, device=device)
        for column in zip(*sentences, strict=True)
    ]
    lengths = torch.tensor([len(sentence[1]) for sentence in sentences])
    return [*columns, torch.repeat_interleave(torch.arange(len(sentences)), lengths).to(device)]


def weaken(batch: list[Tensor], config: dict[str, Any], absent: int) -> None:
    """Hide some words, and from some sentences all the rules said: the network shall not lean on either alone."""
    rows, codes, sentence = batch[0], batch[2], batch[-1]
    hidden = torch.rand(len(rows), device=rows.device)
    rows[hidden < config["word_dropout"], 0] = absent
    rows[hidden < config["word_dropout"] / 2, 1] = absent
    silent = torch.rand(int(sentence[-1]) + 1, device=rows.device) < config["rule_dropout"]
    codes[silent[sentence]] = 0


def finetune(
    encoder: Encoder, clean: list[Sentence], damaged: list[Sentence], config: dict[str, Any], seed: int
) -> Network:
    """Train on all sentences that hold a fact or a rule's span, on a third of the others, and on a share of damaged
    ones, drawn anew for each epoch.
    """
    torch.manual_seed(seed)
    chance = random.Random(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Network(encoder, len(CAMPAIGN_KINDS), len(ORGANIZATION_KINDS), config["dropout"]).to(device)
    own = list(network.encoder.parameters())
    rest = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    rate = config["rate"]
    optimizer = torch.optim.AdamW([{"params": own}, {"params": rest}], weight_decay=config["weight_decay"])
    busy = [s for s in clean if holds_something(s)]
    quiet = [s for s in clean if not holds_something(s)]
    size = config["batch"]
    drawn = len(busy) + len(quiet) // 3 + int(len(busy) * config["damaged"])
    total = config["epochs"] * (drawn // size)
    step, started = 0, time.perf_counter()
    loss_of = nn.CrossEntropyLoss(label_smoothing=config["smoothing"])
    kind_loss = nn.CrossEntropyLoss(ignore_index=UNKNOWN)
    network.train()
    for epoch in range(config["epochs"]):
        extra = chance.sample(damaged, min(len(damaged), int(len(busy) * config["damaged"])))
        drawing = busy + chance.sample(quiet, len(quiet) // 3) + extra
        chance.shuffle(drawing)
        losses = 0.0
        for first in range(0, len(drawing) - size + 1, size):
            now = max(0.02, 1 - step / total) * min(1.0, (step + 1) / 100)
            optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate * now, 2 * rate * now
            batch = batch_of(drawing[first : first + size], device)
            weaken(batch, config, encoder.absent)
            rows, shapes, codes, tags, campaign_kinds, organization_kinds, sentence = batch
            scores, of_campaigns, of_organizations = network(rows, shapes, sentence, codes)
            loss = loss_of(scores, tags)
            for said, truth in ((of_campaigns, campaign_kinds), (of_organizations, organization_kinds)):
                if (truth != UNKNOWN).any():
                    loss = loss + 0.1 * kind_loss(said, truth)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            step += 1
            losses += loss.item()
        print(f"epoch {epoch + 1}: loss {losses / max(1, len(drawing) // size):.4f}, "
              f"{time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip
    return network.eval()
