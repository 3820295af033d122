"""The understanding encoder for sound: 16 kHz samples -> 12.5 embeddings a second of the decoder's width.

Log-mel at 100 Hz, a strided convolution to 50 Hz, patches of four frames with RMS normalisation, and non-causal
ConvNeXt blocks (Liu et al. 2022, arXiv 2201.03545) on both levels. No positions: it hears any length alike."""
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..decoder.config import camel
from .mel import BANDS, LogMel

PATCH = 4  # 50 Hz frames per embedding
STRIDE = 320 * PATCH  # samples per embedding


@dataclass(frozen=True)
class SoundEncoderConfig:
    fine: int = 160  # width at 50 Hz
    fine_blocks: int = 2
    coarse: int = 256  # width at 12.5 Hz
    coarse_blocks: int = 4
    out: int = 256  # width of the decoder

    def to_json(self) -> dict:
        names = ("fine", "fine_blocks", "coarse", "coarse_blocks")
        return {"kind": "sound", **{camel(name): getattr(self, name) for name in names}}


class Block(nn.Module):
    """ConvNeXt that looks both ways: [B, T, width] -> same."""

    def __init__(self, width: int):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        h = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.scale * self.down(F.gelu(self.up(self.norm(h))))


class SoundEncoder(nn.Module):
    def __init__(self, c: SoundEncoderConfig):
        super().__init__()
        self.config = c
        self.mel = LogMel()
        self.enter = nn.Conv1d(BANDS, c.fine, 4, stride=2, padding=1)
        self.fine_blocks = nn.ModuleList(Block(c.fine) for _ in range(c.fine_blocks))
        self.patch_gain = nn.Parameter(torch.ones(PATCH * c.fine))
        self.patch = nn.Linear(PATCH * c.fine, c.coarse)
        self.coarse_blocks = nn.ModuleList(Block(c.coarse) for _ in range(c.coarse_blocks))
        self.norm = nn.LayerNorm(c.coarse)
        self.projector = nn.ModuleList([nn.Linear(c.coarse, c.out), nn.Linear(c.out, c.out)])

    def forward(self, samples: Tensor) -> Tensor:
        """[B, N], N a multiple of 1280 -> [B, N/1280, out]"""
        return self.embed(self.listen(samples))

    def listen(self, samples: Tensor, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """The fine level, [B, N/320, fine]. `change`: of the log-mel bands [B, BANDS, N/160], while training."""
        mel = self.mel(samples)
        if change is not None:
            mel = change(mel)
        x = F.gelu(self.enter(mel)).transpose(1, 2)
        for block in self.fine_blocks:
            x = block(x)
        return x

    def embed(self, x: Tensor) -> Tensor:
        x = x.unflatten(1, (-1, PATCH)).flatten(2)
        x = self.patch(F.rms_norm(x, x.shape[-1:], self.patch_gain.to(x.dtype), 1e-6))
        for block in self.coarse_blocks:
            x = block(x)
        return self.projector[1](F.gelu(self.projector[0](self.norm(x))))
