"""Examples of one layout -> a training batch: input ids, and for every head where it is asked and what is right.

An example is a list of parts, one per segment of the layout."""
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .config import MARK_CAPACITY, MARKS, PortConfig
from .layout import Layout, Segment, block_order, body_starts, image_embeddings, image_ids, length, text

ORDER = np.array([row * 8 + column for row, column in block_order(8, 8, 2)])  # sequence order of an 8x8 grid
OPEN_MARKS = {1: (MARKS.index("<txt>"), MARKS.index("</txt>")), 2: (MARKS.index("<img>"), MARKS.index("</img>"))}


@dataclass(frozen=True)
class Part:
    """One segment of one example; `weight` is what its tokens count in the loss."""

    segment: Segment
    weight: float
    ids: tuple[int, ...] = ()
    pixels: np.ndarray | None = field(default=None, compare=False)  # uint8 [64, 64, 3] when embedded


def text_part(ids: list[int], weight: float) -> Part:
    return Part(text(len(ids)), weight, tuple(ids))


def image_part(grid: np.ndarray, weight: float) -> Part:
    return Part(image_ids(*grid.shape), weight, tuple(grid.reshape(-1)[ORDER].tolist()))


def picture_part(pixels: np.ndarray) -> Part:
    return Part(image_embeddings(), 0.0, (), pixels)


Example = tuple[Part, ...]


def key(example: Example) -> tuple:
    """Examples with equal keys can share a batch."""
    return tuple((part.segment, part.weight) for part in example)


@dataclass
class Batch:
    layout: Layout
    ids: Tensor  # [B, S] global input ids; embedded places hold <pad>
    pixels: dict[int, np.ndarray]  # segment index -> uint8 [B, 64, 64, 3]
    asked: dict[str, tuple[Tensor, Tensor, Tensor]]  # head -> positions [N], targets [B, N], weights [N]


def collate(examples: list[Example], ports: PortConfig, noise: float, blank: float, random: np.random.Generator) -> Batch:
    """Of the image ids that go in (never of the targets) a share `noise` is replaced by random ids and a share
    `blank` by <pad>: with few neighbours to look at, the model has to take the picture from the prompt."""
    layout = tuple(part.segment for part in examples[0])
    size = len(examples)
    ids = np.zeros((size, length(layout)), np.int64)
    ids[:, 0], ids[:, -1] = MARKS.index("<s>"), MARKS.index("</s>")
    asked: dict[str, list] = {"marks": [(0, None, 1.0)], "text": [], "image": []}
    pixels = {}
    for index, (segment, start) in enumerate(zip(layout, body_starts(layout))):
        ids[:, start - 1], ids[:, start + segment.length] = OPEN_MARKS[segment.modality]
        asked["marks"].append((start + segment.length, None, 1.0))
        if segment.embedded:
            pixels[index] = np.stack([example[index].pixels for example in examples])
            continue
        local = np.array([example[index].ids for example in examples], np.int64).reshape(size, segment.length)
        name, offset, count = ("text", MARK_CAPACITY, ports.text) if segment.modality == 1 else ("image", MARK_CAPACITY + ports.text, ports.image)
        weight = examples[0][index].weight
        for i in range(segment.length):
            asked[name].append((start - 1 + i, local[:, i], weight))
        if segment.modality == 1:  # the closing mark is a choice in text; an image always has its full grid
            asked[name].append((start - 1 + segment.length, np.full(size, count), weight))
        else:
            local = np.where(random.random(local.shape) < noise, random.integers(count, size=local.shape), local)
        hidden = segment.modality == 2 and weight == 1 and random.random(local.shape) < blank
        ids[:, start : start + segment.length] = np.where(hidden, MARKS.index("<pad>"), offset + local)
    asked["marks"] = [(at, ids[:, at + 1], weight) for at, _, weight in asked["marks"]]
    return Batch(layout, torch.from_numpy(ids), pixels, {name: columns(rows) for name, rows in asked.items() if rows})


def columns(rows: list[tuple[int, np.ndarray, float]]) -> tuple[Tensor, Tensor, Tensor]:
    positions, targets, weights = zip(*rows)
    return torch.tensor(positions), torch.from_numpy(np.stack(targets, 1)), torch.tensor(weights)
