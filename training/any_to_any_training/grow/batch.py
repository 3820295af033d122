"""Examples of any lengths side by side: rows are padded at their ends, which a causal decoder never notices.

Parts are those of `decoder.sequence`."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..decoder.config import MARKS, PortConfig
from ..decoder.layout import body_starts, buckets, length, modalities
from ..decoder.model import Decoder
from ..decoder.sequence import NAMES, OPEN_MARKS, Example

PAD, BEGIN, END = (MARKS.index(mark) for mark in ("<pad>", "<s>", "</s>"))


@dataclass
class Rows:
    ids: Tensor  # [B, S] global
    modality: Tensor  # [B, S]
    bucket: Tensor  # [B, S, S]
    embedded: dict[str, list[tuple[int, int, np.ndarray]]]  # modality -> row, position, what its encoder takes
    asked: dict[str, list[tuple[int, int, int]]]  # head -> (row, position, class)
    starts: list[list[int]]  # of every row's parts

    def embed(self, decoder: Decoder, encoders: nn.ModuleDict) -> Tensor:
        x = decoder.embed(self.ids)
        for name, parts in self.embedded.items():
            values = encoders[name](torch.from_numpy(np.stack([content for _, _, content in parts])))
            row, at = (torch.tensor(column) for column in zip(*((row, at) for row, at, _ in parts)))
            x[row[:, None], at[:, None] + torch.arange(values.shape[1])] = values.to(x.dtype)
        return x


def marks_of(ports: PortConfig, modality: int) -> tuple[int, int]:
    """Opening and closing mark of a mix-in index."""
    if modality in OPEN_MARKS and ports.names[modality] == NAMES[modality]:
        return OPEN_MARKS[modality]
    grown = next(grown for grown in ports.grown if grown.name == ports.names[modality])
    return ports.marks.index(grown.open), ports.marks.index(grown.close)


def rows_of(examples: list[Example], ports: PortConfig) -> Rows:
    """Of a part with a weight its ids and its closing mark are asked; after it, and after one of the grown modality, what comes next."""
    layouts = [tuple(part.segment for part in example) for example in examples]
    size = max(map(length, layouts))
    ids, modality = torch.full((len(examples), size), PAD), torch.zeros(len(examples), size, dtype=torch.long)
    bucket = torch.zeros(len(examples), size, size, dtype=torch.long)
    asked: dict[str, list] = {name: [] for name in ports.names}
    embedded, starts = {}, []
    for row, (example, layout) in enumerate(zip(examples, layouts)):
        own = length(layout)
        modality[row, :own], bucket[row, :own, :own] = modalities(layout), buckets(layout, ports)
        ids[row, 0], ids[row, own - 1] = BEGIN, END
        starts.append(body_starts(layout))
        for part, start in zip(example, starts[-1]):
            count, name = part.segment.length, ports.names[part.segment.modality]
            ids[row, start - 1], ids[row, start + count] = marks_of(ports, part.segment.modality)
            if part.segment.embedded:
                embedded.setdefault(name, []).append((row, start, part.content))
                continue
            ids[row, start : start + count] = torch.tensor(part.ids, dtype=torch.long) + ports.offsets[name]
            if part.weight:
                asked[name] += [(row, start - 1 + i, id) for i, id in enumerate((*part.ids, ports.sizes[name]))]
        for part, start in zip(example, starts[-1]):
            if part.weight or ports.names[part.segment.modality] == ports.grown[-1].name:
                close = start + part.segment.length
                asked["marks"].append((row, close, int(ids[row, close + 1])))
    return Rows(ids, modality, bucket, embedded, {name: at for name, at in asked.items() if at}, starts)


def hidden_of(decoder: Decoder, encoders: nn.ModuleDict, rows: Rows) -> Tensor:
    x = rows.embed(decoder, encoders)
    if torch.is_autocast_enabled("cpu"):
        x = x.to(torch.bfloat16)
    return decoder(x, rows.modality, torch.arange(x.shape[1]), rows.bucket)[0]


def losses(decoder: Decoder, encoders: nn.ModuleDict, rows: Rows) -> tuple[Tensor, dict[str, float]]:
    """-> the mean over all that is asked, and the mean of every head."""
    hidden = hidden_of(decoder, encoders, rows)
    total, count, means = torch.zeros(()), 0, {}
    for name, asked in rows.asked.items():
        row, position, right = torch.tensor(asked).T
        value = F.cross_entropy(decoder.ports[name].head(hidden[row, position]).float(), right, reduction="sum")
        total, count = total + value, count + len(right)
        means[name] = value.item() / len(right)
    return total / count, means
