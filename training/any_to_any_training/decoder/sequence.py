"""Examples of one layout -> a training batch: input ids, and for every head where it is asked and what is right.

An example is a list of parts, one per segment of the layout. The last segment may differ in length: it is padded to
the longest, which a causal decoder never notices."""
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .config import MARKS, PortConfig
from .layout import Layout, Segment, block_order, body_starts, image_ids, length, picture_embeddings, sound_embeddings, sound_ids, text

NAMES = {1: "text", 2: "image", 3: "audio"}
OPEN_MARKS = {1: (MARKS.index("<txt>"), MARKS.index("</txt>")), 2: (MARKS.index("<img>"), MARKS.index("</img>")),
              3: (MARKS.index("<aud>"), MARKS.index("</aud>"))}
IGNORED = -100  # a target that counts nothing
LENGTH_CLASS = 24  # frames: spoken endings of a batch differ by less


@lru_cache
def order(rows: int, columns: int) -> np.ndarray:
    """Where every id of the sequence stands in a plain raster of the grid."""
    return np.array([row * columns + column for row, column in block_order(rows, columns, 2)])


@dataclass(frozen=True)
class Part:
    """One segment of one example; `weight` is what its tokens count in the loss."""

    segment: Segment
    weight: float
    ids: tuple[int, ...] = ()
    content: np.ndarray | None = field(default=None, compare=False)  # when embedded: uint8 [side, side, 3] or float32 samples
    phones: tuple[int, ...] = ()  # of speech: one an id, 0 where it is not known
    closed: bool = True  # whether the segment's end is asked; False where only its beginning is known


def text_part(ids: list[int], weight: float, closed: bool = True) -> Part:
    return Part(text(len(ids)), weight, tuple(ids), closed=closed)


def image_part(grid: np.ndarray, weight: float) -> Part:
    return Part(image_ids(*grid.shape), weight, tuple(grid.reshape(-1)[order(*grid.shape)].tolist()))


def picture_part(pixels: np.ndarray) -> Part:
    return Part(picture_embeddings(pixels.shape[-2]), 0.0, (), pixels)


def sound_part(ids: np.ndarray, weight: float, phones: np.ndarray | None = None) -> Part:
    return Part(sound_ids(len(ids)), weight, tuple(ids.tolist()), phones=() if phones is None else tuple(phones.tolist()))


def heard_part(samples: np.ndarray, stride: int) -> Part:
    """`samples` of whole embeddings, `stride` samples each."""
    return Part(sound_embeddings(len(samples) // stride), 0.0, (), samples)


Example = tuple[Part, ...]


def key(example: Example) -> tuple:
    """Examples with equal keys can share a batch."""
    *before, last = example
    segment = last.segment
    if segment.grid is None and not segment.embedded:
        segment = replace(segment, length=0 if segment.modality == 1 else -(-segment.length // LENGTH_CLASS))
    return (*((part.segment, part.weight) for part in before), (segment, last.weight))


Asked = tuple[Tensor, Tensor, Tensor]  # positions [N], targets [B, N] or IGNORED, weights [N]


@dataclass
class Batch:
    layout: Layout
    ids: Tensor  # [B, S] global input ids; embedded places hold <pad>
    contents: dict[int, np.ndarray]  # segment index -> [B, ...] of what an encoder embeds
    asked: dict[str, Asked]  # by head
    phones: tuple[Tensor, Tensor] | None = None  # positions [N]; [B, N, 2]: the phone of the id asked there, and the one after it

    def to(self, device: torch.device | str) -> "Batch":
        """Where the decoder is; `contents` follow when they are embedded."""
        move = lambda parts: tuple(part.to(device) for part in parts)  # noqa: E731
        asked = {name: move(parts) for name, parts in self.asked.items()}
        return replace(self, ids=self.ids.to(device), asked=asked, phones=self.phones and move(self.phones))


def collate(examples: list[Example], ports: PortConfig, noise: float, blank: float, random: np.random.Generator) -> Batch:
    """Of the image and audio ids that go in (never of the targets) a share `noise` is replaced by random ids and a
    share `blank` by <pad>: with few neighbours to look at, the model has to take the content from the prompt."""
    longest = max((example[-1] for example in examples), key=lambda part: part.segment.length).segment
    layout = (*(part.segment for part in examples[0][:-1]), longest)
    size = len(examples)
    ids = np.zeros((size, length(layout)), np.int64)
    ids[:, 0], ids[:, -1] = MARKS.index("<s>"), MARKS.index("</s>")
    asked: dict[str, list] = {"marks": [(0, None, 1.0)], "text": [], "image": [], "audio": []}
    contents, phones = {}, None
    for index, (segment, start) in enumerate(zip(layout, body_starts(layout))):
        opening, closing = OPEN_MARKS[segment.modality]
        ids[:, start - 1], ids[:, start + segment.length] = opening, closing
        asked["marks"].append((start + segment.length, None, 1.0))
        if segment.embedded:
            contents[index] = np.stack([example[index].content for example in examples])
            continue
        name = NAMES[segment.modality]
        count, weight = getattr(ports, name), examples[0][index].weight
        local = np.full((size, segment.length + 1), IGNORED, np.int64)
        for row, example in zip(local, examples):
            own = example[index].ids
            row[: len(own)] = own
            if segment.grid is None and example[index].closed:  # the closing mark is a choice; an image always has its full grid
                row[len(own)] = count
        if any(example[index].phones for example in examples):
            known = np.stack([phone_targets(example[index].phones, segment.length) for example in examples])
            phones = (torch.arange(start - 1, start - 1 + segment.length), torch.from_numpy(known))
        last = segment.length + (segment.grid is None)
        asked[name] += [(start - 1 + i, local[:, i], weight) for i in range(last)]
        entering = local[:, : segment.length]
        known = (entering >= 0) & (entering < count)
        if segment.modality != 1:
            entering = np.where(known & (random.random(entering.shape) < noise), random.integers(count, size=entering.shape), entering)
            known &= ~((weight == 1) & (random.random(entering.shape) < blank))
        ids[:, start : start + segment.length] = np.where(known, ports.offsets[name] + entering, MARKS.index("<pad>"))
    full = np.array([example[-1].segment.length == longest.length for example in examples])
    ended = np.where(full, ids[:, -1], IGNORED)  # a padded row ends earlier than where </s> stands
    asked["marks"] = [(at, ended if at + 1 == ids.shape[1] - 1 else ids[:, at + 1], weight) for at, _, weight in asked["marks"]]
    return Batch(layout, torch.from_numpy(ids), contents, {name: columns(rows) for name, rows in asked.items() if rows}, phones)


def phone_targets(phones: tuple[int, ...], length: int) -> np.ndarray:
    """[length, 2]: (3, 3, 5, 0) -> (3, 5) (3, 5) (5, IGNORED) (IGNORED, IGNORED); the second is the next other phone."""
    out = np.full((length, 2), IGNORED, np.int64)
    following = IGNORED
    for at in range(len(phones) - 1, -1, -1):
        if phones[at] == 0:
            following = IGNORED
            continue
        if at + 1 < len(phones) and phones[at + 1] != phones[at]:
            following = phones[at + 1] or IGNORED
        out[at] = phones[at], following
    return out


def columns(rows: list[tuple[int, np.ndarray, float]]) -> tuple[Tensor, Tensor, Tensor]:
    positions, targets, weights = zip(*rows)
    return torch.tensor(positions), torch.from_numpy(np.stack(targets, 1)), torch.tensor(weights)
