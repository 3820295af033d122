"""The patch stage: sharpens a 16 px patch and draws it two or four times as large in one call, from what the image
tokenizer drew.

Names and maths are those of the checkpoint. A patch sees itself and 4 px of its neighbours, never more, so a patch
alone gives what it gives among others; and no cell of 4 px sees more than one cell around it, so a border of a patch is
like any other border of ids. One trunk and one memory serve all heads. Pixels are [-1, 1],
NCHW. Sources: ConvNeXt (2201.03545) for the block, AdaLN of DiT (2212.09748), ESPCN (1609.05158) for the heads."""
from dataclasses import asdict, dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .lanczos import REACH, enlarged, spread
from .recall import OWN_CELLS, Memory, Recalled
from .sizes import CELL, FACTOR, HALO, SIDE

SMALLEST_SIGMA = 0.002
FREQUENCIES = (0.5, 1.0, 2.0, 4.0)  # of ln(sigma)


@dataclass(frozen=True)
class PatchConfig:
    codes: int = 2048
    width: int = 128
    hidden: int = 256
    blocks: int = 9
    condition: int = 32
    places: int = 16
    memory: dict | None = None  # {"buckets", "corners", "cells", "groups", "depth", "treatments", "colours"}

    def to_json(self) -> dict:
        return {"kind": "patches"} | {k: v for k, v in asdict(self).items() if k != "codes" and v is not None}


class Block(nn.Module):
    """[N, 4, 4, width] -> the same: x + what its modulated norm gives"""

    def __init__(self, config: PatchConfig):
        super().__init__()
        width = config.width
        self.norm = nn.LayerNorm(width)
        self.modulate = nn.Linear(config.condition, 2 * width)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.modulate(condition)[:, None, None].chunk(2, dim=-1)
        return x + self.down(F.gelu(self.up(self.norm(x) * (1 + scale) + shift)))


class PatchStage(nn.Module):
    """draft, state [N, 3, 24, 24]; sigma [N]; place [N, 2] row and column; ids [N, 6, 6], `codes` where unknown; double [M]
    and quadruple [K], int64: which patches are enlarged
    -> sharp [N, 3, 16, 16], twofold [M, 3, 32, 32], fourfold [K, 3, 64, 64].

    `draft` is what the tokenizer drew, `state` the same with the patch itself as far as it has been sharpened. What the
    memory knows stands in place of both; the trunk changes the rest."""

    def __init__(self, config: PatchConfig):
        super().__init__()
        self.config = config
        width, condition = config.width, config.condition
        self.stem = nn.Conv2d(6, width, CELL, stride=CELL)
        self.around = nn.Conv2d(width, width, 3, groups=width)
        self.sigma = nn.ModuleList([nn.Linear(2 * len(FREQUENCIES), condition), nn.Linear(condition, condition)])
        self.row = nn.Embedding(config.places, condition)
        self.column = nn.Embedding(config.places, condition)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(width)
        self.sharp = nn.Conv2d(width, 3 * CELL**2, 1)
        self.twofold = nn.Conv2d(width, 3 * (2 * CELL) ** 2, 1)
        self.fourfold = nn.Conv2d(width, 3 * (4 * CELL) ** 2, 1)
        self.memory = Memory(**config.memory) if config.memory else None
        self.start()

    @torch.no_grad()
    def start(self) -> None:
        """At first the stage knows nothing: `sharp` is the state, the others are the draft enlarged by Lanczos."""
        for embedding in (self.row, self.column):
            embedding.weight.mul_(0.1)
        for block in self.blocks:
            block.modulate.weight.zero_(), block.modulate.bias.zero_()
            block.down.weight.mul_(0.3)
        for head in (self.sharp, self.twofold, self.fourfold):
            head.weight.zero_(), head.bias.zero_()

    def condition(self, sigma: Tensor, place: Tensor) -> Tensor:
        angle = sigma.clamp(min=SMALLEST_SIGMA).log()[:, None] * sigma.new_tensor(FREQUENCIES)
        first, second = self.sigma
        noise = second(F.gelu(first(torch.cat([angle.cos(), angle.sin()], 1))))
        row, column = place.clamp(max=self.config.places - 1).unbind(1)
        return F.gelu(noise + self.row(row) + self.column(column))

    def trunk(self, draft: Tensor, state: Tensor, sigma: Tensor, place: Tensor) -> Tensor:
        """-> [N, width, 4, 4], a vector for every cell of 4 px. Does not see the ids: it would know training by heart."""
        seen = self.stem(torch.cat([state, draft], 1))
        x = (seen[:, :, 1:-1, 1:-1] + self.around(seen)).permute(0, 2, 3, 1)
        condition = self.condition(sigma, place)
        for block in self.blocks:
            x = block(x, condition)
        return self.norm(x).permute(0, 3, 1, 2)

    def recall(self, ids: Tensor) -> Recalled | None:
        return None if self.memory is None else self.memory(ids, self.config.codes)

    def forward(self, draft: Tensor, state: Tensor, sigma: Tensor, place: Tensor, ids: Tensor, double: Tensor, quadruple: Tensor, remember: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        recalled = self.recall(ids) if remember else None
        x = self.trunk(draft, state, sigma, place)
        sharp = self.mixed(middle(state) + painted(self.sharp(x), 1), recalled, self.paint_small)
        return sharp, self.enlarge(draft, recalled, x, double, 2), self.enlarge(draft, recalled, x, quadruple, 4)

    def enlarge(self, draft: Tensor, recalled: Recalled | None, x: Tensor, which: Tensor, times: int) -> Tensor:
        """The patches `which`, `times` as large."""
        draft, head = draft[which], self.twofold if times == 2 else self.fourfold
        some = recalled and Recalled(*(part[which] for part in recalled))
        own = enlarged(draft, times) + painted(head(x[which]), times)
        return self.mixed(own, some, self.paint_double if times == 2 else lambda some: self.paint_quadruple(some, draft))

    def mixed(self, own: Tensor, recalled: Recalled | None, paint) -> Tensor:
        if recalled is None:
            return own
        trust = self.memory.trust(recalled, own.shape[-1] // 2)
        return own + trust * (paint(recalled) - own)

    def paint_small(self, recalled: Recalled) -> Tensor:
        return self.memory.paint(recalled.cell[:, OWN_CELLS], recalled.tint[:, OWN_CELLS], self.memory.small, FACTOR)

    def paint_double(self, recalled: Recalled) -> Tensor:
        return self.memory.paint(recalled.cell[:, OWN_CELLS], recalled.tint[:, OWN_CELLS], self.memory.large, 2 * FACTOR)

    def paint_quadruple(self, recalled: Recalled, draft: Tensor) -> Tensor:
        """From what is remembered at twice the side, and around it; where nothing is, the drawing stands in."""
        side = 2 * FACTOR
        border = 2 * FACTOR - REACH  # of the cells around, as much as is not seen
        crop = slice(border, -border)
        art = self.memory.paint(recalled.cell, recalled.tint, self.memory.large, side)[..., crop, crop]
        picked = recalled.picked.view(-1, 1, 4, 4).repeat_interleave(side, 2).repeat_interleave(side, 3)[..., crop, crop]
        coarse = draft.repeat_interleave(2, 2).repeat_interleave(2, 3)
        outer = (coarse.shape[-1] - art.shape[-1]) // 2
        return spread(torch.where(picked, art, coarse[..., outer:-outer, outer:-outer]), 2)


@cache
def inner(times: int) -> Tensor:
    """[16 times, 16 times]: 1, and less within a pixel of where ids meet, so that no border shows."""
    at = (torch.arange(times * SIDE) + 0.5) / times % FACTOR
    across = torch.minimum(at, FACTOR - at).clamp(max=1)
    return across[:, None] * across


def painted(values: Tensor, times: int) -> Tensor:
    """What a head says of every cell -> the change of the patch, `times` as large."""
    return F.pixel_shuffle(values, times * CELL) * inner(times)


def middle(window: Tensor) -> Tensor:
    return window[:, :, HALO : HALO + SIDE, HALO : HALO + SIDE]
