"""Sampling with a key/value cache: prompts -> image ids (guided), pictures, ids or sound -> text or sound.

Prompts of one call share a length, so the whole batch shares one layout."""
from dataclasses import dataclass

import torch
from torch import Tensor

from .config import MARK_CAPACITY, MARKS
from .layout import Layout, Segment, buckets, image_ids, modalities, text
from .model import Cache, Decoder
from .sequence import OPEN_MARKS, order


@dataclass(frozen=True)
class Choice:
    """How a token is drawn; temperature 0 takes the likeliest."""

    temperature: float = 0.9
    top_k: int = 100
    guidance: float = 3.0
    distilled: bool = False  # by the guide of the image port, in one row


class Stream:
    """One batch of sequences of a known layout, fed position by position."""

    def __init__(self, decoder: Decoder, layout: Layout):
        self.decoder = decoder
        self.modality = modalities(layout)
        self.bucket = buckets(layout, decoder.port_config)
        self.at = 0
        self.cache: Cache | None = None

    def feed(self, x: Tensor) -> Tensor:
        """Embeddings [B, n, width] of the next n positions -> hidden state of the last, [B, width]."""
        end = self.at + x.shape[1]
        hidden, self.cache = self.decoder(
            x, self.modality[self.at : end], torch.arange(self.at, end), self.bucket[self.at : end, :end], self.cache)
        self.at = end
        return hidden[:, -1]


def draw_token(logits: Tensor, choice: Choice, generator: torch.Generator) -> Tensor:
    if choice.temperature == 0:
        return logits.argmax(-1)
    values, indices = (logits / choice.temperature).topk(min(choice.top_k, logits.shape[-1]), dim=-1)
    picked = torch.multinomial(values.softmax(-1), 1, generator=generator)
    return indices.gather(1, picked).squeeze(1)


@torch.no_grad()
def draw_images(decoder: Decoder, prefix: list[Tensor], layouts: list[Layout], choice: Choice, generator: torch.Generator) -> Tensor:
    """prefix[0] and layouts[0] carry the prompt, prefix[1] and layouts[1] (if given) the empty one for two rows; each
    prefix is [B, n, width] up to and with <img>, each layout ends in the picture. -> ids [B, rows, columns]"""
    vector = decoder.ports["image"].guide(torch.full((len(prefix[0]),), choice.guidance))[:, None] if choice.distilled else 0.0
    prefix = [torch.cat((x[:, :-1], x[:, -1:] + vector), dim=1) for x in prefix]
    streams = [Stream(decoder, layout) for layout in layouts]
    size = decoder.port_config.image
    offset = MARK_CAPACITY + decoder.port_config.text
    hidden = [stream.feed(x) for stream, x in zip(streams, prefix)]
    head, drawn = decoder.ports["image"].head, []
    rows, columns = layouts[0][-1].grid
    for step in range(rows * columns):
        logits = [head(h)[:, :size].float() for h in hidden]
        guided = logits[0] if len(logits) == 1 else logits[1] + choice.guidance * (logits[0] - logits[1])
        drawn.append(draw_token(guided, choice, generator))
        if step < rows * columns - 1:
            x = decoder.embed((offset + drawn[-1])[:, None]) + vector
            hidden = [stream.feed(x) for stream in streams]
    grid = torch.empty(len(drawn[0]), rows * columns, dtype=torch.long)
    grid[:, torch.from_numpy(order(rows, columns))] = torch.stack(drawn, 1)
    return grid.view(-1, rows, columns)


def text_to_images(decoder: Decoder, prompts: list[list[int]], choice: Choice, generator: torch.Generator, size: tuple[int, int] = (8, 8)) -> Tensor:
    """Prompts as local text ids, all of one length; `size`: rows and columns of ids."""
    def start(rows: list[list[int]]) -> tuple[Tensor, Layout]:
        begin, end = OPEN_MARKS[1]
        ids = [[MARKS.index("<s>"), begin, *(MARK_CAPACITY + i for i in row), end, OPEN_MARKS[2][0]] for row in rows]
        return decoder.embed(torch.tensor(ids)), (text(len(rows[0])), image_ids(*size))

    pairs = [start(prompts)] + ([start([[]] * len(prompts))] if choice.guidance != 1 and not choice.distilled else [])
    return draw_images(decoder, [x for x, _ in pairs], [layout for _, layout in pairs], choice, generator)


GREEDY = Choice(temperature=0, guidance=1)


@torch.no_grad()
def line(decoder: Decoder, prefix: Tensor, before: Layout, modality: int, limit: int, choice: Choice, generator: torch.Generator | None = None) -> list[list[int]]:
    """Ids of a text, a sound or another line after `prefix` [B, n, width], which ends with its opening mark; `before` is
    the layout without it. A row ends with its closing mark, at the latest after `limit` ids. No guidance."""
    stream = Stream(decoder, (*before, Segment(modality, limit)))
    name, rows = decoder.port_config.names[modality], []
    size, offset = decoder.port_config.sizes[name], decoder.port_config.offsets[name]
    hidden = stream.feed(prefix)
    for _ in range(limit):
        rows.append(draw_token(decoder.ports[name].head(hidden).float(), choice, generator))
        if bool((torch.stack(rows) == size).any(0).all()):
            break
        hidden = stream.feed(decoder.embed((offset + rows[-1].clamp(max=size - 1))[:, None]))
    columns = torch.stack(rows, 1).tolist()
    return [row[: row.index(size)] if size in row else row for row in columns]


def answer(decoder: Decoder, prefix: Tensor, before: Layout, limit: int = 40) -> list[list[int]]:
    """Greedy text after `prefix`."""
    return line(decoder, prefix, before, 1, limit, GREEDY)
