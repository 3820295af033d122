"""The understanding encoder: RGB in [-1, 1] -> an embedding of the decoder's width for 16x16 px (plain raster): 16 of 64x64.

Separate from the VQ ids: reading a picture does not pass through the codes that draw one."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class ImageEncoderConfig:
    side: int = 64
    grid: tuple[int, int] = (4, 4)
    widths: tuple[int, int, int] = (48, 96, 192)
    layers: int = 2
    heads: int = 4
    feed_forward: int = 384
    out: int = 256  # width of the decoder

    @classmethod
    def of_side(cls, side: int, out: int) -> "ImageEncoderConfig":
        """`side`: px of a picture."""
        return cls(side, (side // 16, side // 16), out=out)

    def to_json(self) -> dict:
        return {"kind": "patch-vit", "side": self.side, "grid": list(self.grid), "widths": list(self.widths),
                "layers": self.layers, "heads": self.heads, "feedForward": self.feed_forward}


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, feed_forward: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.mlp = nn.ModuleList([nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)])

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp[1](F.gelu(self.mlp[0](self.norm2(x))))


class ImageEncoder(nn.Module):
    def __init__(self, config: ImageEncoderConfig):
        super().__init__()
        self.config = config
        a, b, c = config.widths
        self.stem = nn.ModuleList([nn.Conv2d(3, a, 4, 4), nn.Conv2d(a, b, 3, 2, 1), nn.Conv2d(b, c, 3, 2, 1)])
        self.position = nn.Parameter(torch.randn(config.grid[0] * config.grid[1], c) * 0.02)
        self.blocks = nn.ModuleList(Block(c, config.heads, config.feed_forward) for _ in range(config.layers))
        self.norm = nn.LayerNorm(c)
        self.projector = nn.ModuleList([nn.Linear(c, config.out), nn.Linear(config.out, config.out)])

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.stem[2](F.gelu(self.stem[1](F.gelu(self.stem[0](pixels)))))
        x = x.flatten(2).transpose(1, 2) + self.position
        for block in self.blocks:
            x = block(x)
        return self.projector[1](F.gelu(self.projector[0](self.norm(x))))
