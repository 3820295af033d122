"""The shape of a sequence: which position belongs to which segment, and the relative-position buckets.

    <s>  <txt> 5 ids </txt>  <img> 8x8 ids </img>  </s>
A layout knows nothing of ids; `sequence` fills it. All sequences of a training batch share one layout."""
import math
from dataclasses import dataclass
from functools import lru_cache

import torch

from .config import PortConfig


@dataclass(frozen=True)
class Segment:
    modality: int  # 1 text, 2 image, 3 audio, then what was grown
    length: int
    grid: tuple[int, int] | None = None  # rows, columns of an image
    block: int = 1  # ids of an image run over block x block squares
    embedded: bool = False  # encoder output instead of ids


def text(length: int) -> Segment:
    return Segment(1, length)


def image_ids(rows: int, columns: int, block: int = 2) -> Segment:
    return Segment(2, rows * columns, (rows, columns), block)


def image_embeddings(rows: int = 4, columns: int = 4) -> Segment:
    return Segment(2, rows * columns, (rows, columns), 1, embedded=True)


def picture_embeddings(side: int) -> Segment:
    """Of a square picture, one embedding for 16 x 16 px."""
    return image_embeddings(side // 16, side // 16)


def sound_ids(length: int) -> Segment:
    return Segment(3, length)


def sound_embeddings(length: int) -> Segment:
    return Segment(3, length, embedded=True)


Layout = tuple[Segment, ...]


def length(layout: Layout) -> int:
    return 2 + sum(segment.length + 2 for segment in layout)


def body_starts(layout: Layout) -> list[int]:
    """Index of the first position inside each segment."""
    starts, at = [], 1
    for segment in layout:
        starts.append(at + 1)
        at += segment.length + 2
    return starts


def block_order(rows: int, columns: int, block: int) -> list[tuple[int, int]]:
    """(row, column) of every id in sequence order.  block_order(2, 4, 2)[:5] = (0,0) (0,1) (1,0) (1,1) (0,2)"""
    return [
        (top + row, left + column)
        for top in range(0, rows, block)
        for left in range(0, columns, block)
        for row in range(block)
        for column in range(block)
    ]


def line_bucket(distance: int, buckets: int, furthest: int) -> int:
    """T5, causal: exact below half the buckets, then logarithmic.  line_bucket(16, 32, 128) = 16"""
    exact = buckets // 2
    if distance < exact:
        return distance
    return min(buckets - 1, exact + math.floor(math.log(distance / exact) / math.log(furthest / exact) * (buckets - exact)))


@lru_cache(maxsize=4096)
def modalities(layout: Layout) -> torch.Tensor:
    """[S] mix-in index of every position; marks are 0."""
    out = torch.zeros(length(layout), dtype=torch.long)
    for segment, start in zip(layout, body_starts(layout)):
        out[start : start + segment.length] = segment.modality
    return out


@lru_cache(maxsize=4096)
def buckets(layout: Layout, ports: PortConfig) -> torch.Tensor:
    """[S, S] bucket of (query, key): 0 across segments and with marks, then those of text, image, audio and what was grown."""
    out = torch.zeros(length(layout), length(layout), dtype=torch.long)
    for segment, start in zip(layout, body_starts(layout)):
        inside = slice(start, start + segment.length)
        if segment.modality != 2:
            first, count, furthest = ports.lines[ports.names[segment.modality]]
            table = torch.tensor([first + line_bucket(d, count, furthest) for d in range(segment.length)], dtype=torch.long)
            index = torch.arange(segment.length)
            out[inside, inside] = table[(index[:, None] - index[None, :]).clamp(min=0)] if segment.length else 0
        else:
            cells = torch.tensor(block_order(*segment.grid, segment.block))
            clip = ports.image_clip
            delta = (cells[:, None] - cells[None, :]).clamp(-clip, clip) + clip
            out[inside, inside] = 1 + ports.text_buckets + delta[..., 0] * (2 * clip + 1) + delta[..., 1]
    return out
