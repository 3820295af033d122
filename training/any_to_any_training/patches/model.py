"""The patch stage: sharpens a 16 px patch and draws it at 32 px in one call, from what the image tokenizer drew.

Names and maths are those of the checkpoint. A patch sees itself and 4 px of its neighbours, never more, so a patch
alone gives what it gives among others. One trunk (its convolutions and its norms) serves both heads. Pixels are
[-1, 1], NCHW. Sources: ConvNeXt (2201.03545) for the block, AdaLN of DiT (2212.09748), ESPCN (1609.05158) for the heads."""
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE, HALO, CELL, FACTOR = 16, 4, 4, 8  # px: patch, neighbours' border, cell of the trunk, tokenizer's px per id
WINDOW = SIDE + 2 * HALO
IDS = SIDE // FACTOR + 2  # the patch's ids and one around them
SMALLEST_SIGMA = 0.002
FREQUENCIES = (0.5, 1.0, 2.0, 4.0)  # of ln(sigma)
SLOT_FACTORS = (7919, 104729, 224737, 15401)  # of the four ids; sums stay below 2^31
CHECK_FACTORS = (130003, 257, 199999, 52361)
CHECKS = 16777213  # a float32 holds every whole number up to here


@dataclass(frozen=True)
class PatchConfig:
    codes: int = 2048
    code_width: int = 24
    width: int = 80
    hidden: int = 160
    blocks: int = 6
    kernel: int = 5
    condition: int = 32
    places: int = 16
    memory: dict | None = None  # {"slots", "rows", "groups", "depth"}

    def to_json(self) -> dict:
        named = {"code_width": "codeWidth"}
        own = {named.get(k, k): v for k, v in asdict(self).items() if k != "codes" and v is not None}
        return {"kind": "patches"} | own


class Memory(nn.Module):
    """The four ids under a patch -> what the tokenizer always gets wrong there.

    Ids are hashed to a slot, which names a row; `check`, another hash of them, says whether the row is theirs. Row 0 is
    nobody's. A row is `groups` bytes, each the number of a vector of `depth` in its group's book (product quantisation),
    and eight bytes of `places`, a bit for every 2 px: where it is 0, nothing is wrong enough to be changed."""

    def __init__(self, slots: int, rows: int, groups: int, depth: int):
        super().__init__()
        self.register_buffer("index", torch.zeros(slots))
        self.register_buffer("check", torch.full((rows,), -1.0))
        self.register_buffer("bytes", torch.zeros(rows, groups))
        self.register_buffer("places", torch.zeros(rows, 8))
        self.books = nn.Parameter(torch.randn(groups * 256, depth) * 0.1)
        self.sharp = nn.Linear(groups * depth, 3 * SIDE**2, bias=False)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """ids [N, 4, 4] -> known [N, 1, 1, 1], change [N, 3, 16, 16]"""
        own = ids[:, 1:-1, 1:-1].flatten(1)
        row = self.index[(own * own.new_tensor(SLOT_FACTORS)).sum(1) % len(self.index)].long()
        known = self.check[row] == (own * own.new_tensor(CHECK_FACTORS)).sum(1) % CHECKS
        first = torch.arange(0, len(self.books), 256)
        value = self.books[self.bytes[row].long() + first].flatten(1) * known[:, None]
        bits = (self.places[row].long()[:, :, None] >> torch.arange(8)) & 1
        places = bits.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
        return known[:, None, None, None], self.sharp(value).view(-1, 3, SIDE, SIDE) * places


class Block(nn.Module):
    def __init__(self, config: PatchConfig):
        super().__init__()
        width = config.width
        self.spatial = nn.Conv2d(width, width, config.kernel, padding=config.kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.modulate = nn.Linear(config.condition, 2 * width)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.modulate(condition)[:, None, None].chunk(2, dim=-1)
        inner = self.norm(self.spatial(x).permute(0, 2, 3, 1)) * (1 + scale) + shift
        return x + self.down(F.gelu(self.up(inner))).permute(0, 3, 1, 2)


class PatchStage(nn.Module):
    """draft, state [N, 3, 24, 24]; sigma [N]; place [N, 2] row and column; ids [N, 4, 4], `codes` where unknown
    -> sharp [N, 3, 16, 16], large [N, 3, 32, 32].

    `draft` is what the tokenizer drew, `state` the same with the patch itself as far as it has been sharpened.
    `sigma` 0 says that there is nothing to sharpen: the second enlargement. Where the memory knows the ids, the trunk goes
    on from what it remembers instead of from `state`."""

    def __init__(self, config: PatchConfig):
        super().__init__()
        self.config = config
        width, condition = config.width, config.condition
        self.stem = nn.Conv2d(6, width, CELL, stride=CELL)
        self.table = nn.Embedding(config.codes + 1, config.code_width)
        self.code = nn.Conv2d(config.code_width, 4 * width, 1)
        self.sigma = nn.ModuleList([nn.Linear(2 * len(FREQUENCIES), condition), nn.Linear(condition, condition)])
        self.row = nn.Embedding(config.places, condition)
        self.column = nn.Embedding(config.places, condition)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(width)
        self.sharp = nn.Conv2d(width, 3 * CELL**2, 1)
        self.large = nn.Conv2d(width, 3 * (2 * CELL) ** 2, 1)
        self.memory = Memory(**config.memory) if config.memory else None
        self.start()

    @torch.no_grad()
    def start(self) -> None:
        """At first the stage changes nothing: `sharp` is the state, `large` its bicubic enlargement."""
        for embedding in (self.table, self.row, self.column):
            embedding.weight.mul_(0.1)
        for block in self.blocks:
            block.modulate.weight.zero_(), block.modulate.bias.zero_()
            block.down.weight.mul_(0.3)
        for head in (self.sharp, self.large):
            head.weight.zero_(), head.bias.zero_()

    def condition(self, sigma: Tensor, place: Tensor) -> Tensor:
        angle = sigma.clamp(min=SMALLEST_SIGMA).log()[:, None] * sigma.new_tensor(FREQUENCIES)
        first, second = self.sigma
        noise = second(F.gelu(first(torch.cat([angle.cos(), angle.sin()], 1))))
        row, column = place.clamp(max=self.config.places - 1).unbind(1)
        return F.gelu(noise + self.row(row) + self.column(column))

    def forward(self, draft: Tensor, state: Tensor, sigma: Tensor, place: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        if self.memory is not None:
            known, remembered = self.memory(ids)
            own = draft[:, :, HALO:-HALO, HALO:-HALO] + remembered - state[:, :, HALO:-HALO, HALO:-HALO]
            state = state + F.pad(torch.where(known, own, 0), (HALO,) * 4)
        code = F.pixel_shuffle(self.code(self.table(ids).permute(0, 3, 1, 2)), 2)  # [N, width, 8, 8]: cells of 4 px
        x = self.stem(torch.cat([state, draft], 1)) + code[:, :, 1:-1, 1:-1]
        condition = self.condition(sigma, place)
        for block in self.blocks:
            x = block(x, condition)
        x = self.norm(x[:, :, 1:-1, 1:-1].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        change = F.pixel_shuffle(self.sharp(x), CELL)
        sharp = state[:, :, HALO:-HALO, HALO:-HALO] + change
        among = state + F.pad(change, (HALO,) * 4)
        smooth = F.interpolate(among, scale_factor=2, mode="bicubic", align_corners=False)
        large = smooth[:, :, 2 * HALO : -2 * HALO, 2 * HALO : -2 * HALO] + F.pixel_shuffle(self.large(x), 2 * CELL)
        return sharp, large
