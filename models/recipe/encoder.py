"""The network in PyTorch, as it is trained; ``export`` writes it the way :mod:`trichluc.recognizing.tagger` runs it.

Reports are flat: syllables of many sentences in one row of vectors, ``sentence`` telling which belong together, so that
nothing is padded and no sentence sees another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trichluc.recognizing.tagger import GAPS, RULE_COLUMNS, SHAPES, TAGS, neighbours


class Encoder(nn.Module):
    """Sum of embeddings, then residual convolutions with batch normalization (folded away on export)."""

    def __init__(self, rows: int, width: int, distances: list[int], dropout: float) -> None:
        super().__init__()
        self.width, self.distances = width, distances
        self.absent, self.mask = rows, rows + 1
        self.embedding = nn.Embedding(rows + 2, width, padding_idx=self.absent)
        self.shape = nn.Embedding(len(SHAPES) * len(GAPS), width)
        nn.init.normal_(self.embedding.weight, std=0.25)
        nn.init.normal_(self.shape.weight, std=0.2)
        with torch.no_grad():
            self.embedding.weight[self.absent] = 0
        self.norm = nn.BatchNorm1d(width)
        self.layers = nn.ModuleList(nn.Linear(3 * width, width, bias=False) for _ in distances)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in distances)
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor, shapes: Tensor, sentence: Tensor, rules: Tensor | None = None) -> Tensor:
        """Vectors (syllables, width) for rows (syllables, 4), shapes and sentence numbers (syllables)."""
        x = self.embedding(rows).sum(1) + self.shape(shapes)
        if rules is not None:
            x = x + rules
        h = self.dropout(self.norm(x))
        around = {d: [torch.as_tensor(i, device=h.device) for i in neighbours(sentence.cpu().numpy(), d)]
                  for d in set(self.distances)}  # fmt: skip
        nothing = h.new_zeros(1, self.width)
        for distance, layer, norm in zip(self.distances, self.layers, self.norms, strict=True):
            padded = torch.cat([h, nothing])
            left, right = around[distance]
            h = h + self.dropout(torch.relu(norm(layer(torch.cat([padded[left], h, padded[right]], 1)))))
        return h


class Network(nn.Module):
    """The encoder with the rules' spans as input and heads for tags, campaign kinds and organization kinds."""

    def __init__(self, encoder: Encoder, campaign_kinds: int, organization_kinds: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.rules = nn.ModuleList(
            nn.Embedding(size + 1, encoder.width, padding_idx=0) for size in RULE_COLUMNS.values()
        )
        for table in self.rules:
            nn.init.normal_(table.weight, std=0.1)
            with torch.no_grad():
                table.weight[0] = 0
        self.dropout = nn.Dropout(dropout)
        self.tags = nn.Linear(encoder.width, TAGS)
        self.campaign_kind = nn.Linear(encoder.width, campaign_kinds)
        self.organization_kind = nn.Linear(encoder.width, organization_kinds)

    def forward(self, rows: Tensor, shapes: Tensor, sentence: Tensor, codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of tags, campaign kinds and organization kinds for every syllable."""
        rules = sum(table(codes[:, column]) for column, table in enumerate(self.rules))
        h = self.dropout(self.encoder(rows, shapes, sentence, rules))
        return self.tags(h), self.campaign_kind(h), self.organization_kind(h)


def export(network: Network) -> dict[str, np.ndarray[Any, Any]]:
    """The weights with batch normalization folded in, in half precision."""
    encoder = network.encoder

    def folded(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        return scale, norm.bias - norm.running_mean * scale

    with torch.no_grad():
        scale, shift = folded(encoder.norm)
        weights = {
            "embedding": encoder.embedding.weight[: encoder.absent] * scale,
            "shape": encoder.shape.weight * scale + shift,
            "heads": torch.cat([network.tags.weight, network.campaign_kind.weight, network.organization_kind.weight]).T,
            "heads_bias": torch.cat([network.tags.bias, network.campaign_kind.bias, network.organization_kind.bias]),
        }
        for column, table in enumerate(network.rules):
            weights[f"rules_{column}"] = table.weight * scale
        for number, (layer, norm) in enumerate(zip(encoder.layers, encoder.norms, strict=True)):
            scale, shift = folded(norm)
            weights[f"layer_{number}"] = (layer.weight * scale[:, None]).T
            weights[f"bias_{number}"] = shift
    return {name: weight.cpu().numpy().astype(np.float16) for name, weight in weights.items()}
