"""What the patch stage learns from: scenes as the tokenizer draws them, beside true renders as large, twice and four times."""
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.compose import Atlas, compose
from ..data.scene import Scene
from ..data.splits import training_scene
from ..decoder.ids import IdTable
from ..tokenizer.model import ImageTokenizer
from .sizes import FACTOR, HALO, IDS, SIDE, WINDOW

KINDS = {"single": 0.6, "pair": 0.25, "count": 0.15}
BLOCK = SIDE // FACTOR
BESIDE = (IDS - BLOCK) // 2  # ids around those of a patch


def to_bytes(pixels: Tensor) -> np.ndarray:
    """[N, 3, H, W] in -1...1 -> uint8 [N, H, W, 3], as patches travel."""
    return (pixels.clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


@torch.no_grad()
def draw_previews(tokenizer: ImageTokenizer, ids: np.ndarray) -> np.ndarray:
    """Every patch from its own ids and one more above and to the left, as the tokenizer drafts it while ids come."""
    rows, columns = (side // BLOCK for side in ids.shape[1:])
    out = np.empty((len(ids), rows * SIDE, columns * SIDE, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = max(0, BLOCK * row - 1), max(0, BLOCK * column - 1)
            window = torch.from_numpy(ids[:, top : BLOCK * (row + 1), left : BLOCK * (column + 1)].astype(np.int64))
            out[:, SIDE * row : SIDE * (row + 1), SIDE * column : SIDE * (column + 1)] = to_bytes(tokenizer.decode(window)[..., -SIDE:, -SIDE:])
    return out


class Sources(NamedTuple):
    """Sprites as they are drawn, larger ones, and their ids."""

    atlas: Atlas
    large: Atlas
    table: IdTable


def sources(run: Path, tokenizer: ImageTokenizer) -> Sources:
    atlas = Atlas(run / "sprites")
    return Sources(atlas, Atlas(run / "sprites-large"), IdTable(tokenizer, atlas))


class Pictures:
    """Scenes in all the forms training needs, as bytes; `renew` replaces a few."""

    def __init__(self, tokenizer: ImageTokenizer, art: Sources, scenes: list[Scene]):
        self.tokenizer, (self.atlas, self.large, self.table) = tokenizer, art
        parts = [self.make(scenes[i : i + 64]) for i in range(0, len(scenes), 64)]
        self.arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    @property
    def side(self) -> int:
        """Patches a side."""
        return self.table.grid[0] // BLOCK

    def __len__(self) -> int:
        return len(self.arrays["ids"])

    @torch.no_grad()
    def make(self, scenes: list[Scene]) -> dict[str, np.ndarray]:
        ids = np.stack([self.table.ids(scene) for scene in scenes])
        exact = to_bytes(self.tokenizer.decode(torch.from_numpy(ids)))
        truth = {f"truth{scale}": np.stack([compose(scene, self.large, scale=scale * self.atlas.scale) for scene in scenes]) for scale in (2, 4)}
        own = np.stack([compose(scene, self.atlas) for scene in scenes])
        busy = own.reshape(-1, self.side, SIDE, self.side, SIDE, 3).astype(np.float32).std((2, 4)).sum(-1)
        return {"busy": busy, "ids": ids.astype(np.int16), "exact": exact, "preview": draw_previews(self.tokenizer, ids), "truth1": own, **truth}

    def choose(self, random: Random, count: int, among: list[int] | range) -> list[tuple[int, int, int]]:
        """(picture, row, column), of three drawn at random the busiest: half of all patches are plain background."""
        draw = lambda: (random.choice(among), random.randrange(self.side), random.randrange(self.side))  # noqa: E731
        return [max(draw(), draw(), draw(), key=lambda at: self.arrays["busy"][at]) for _ in range(count)]

    def renew(self, random: Random, count: int) -> None:
        fresh = self.make([training_scene(random, KINDS) for _ in range(count)])
        at = [random.randrange(len(self)) for _ in range(count)]
        for name, values in fresh.items():
            self.arrays[name][at] = values


def windows(pictures: np.ndarray, at: list[tuple[int, int, int]]) -> np.ndarray:
    """(picture, row, column) -> the patch and its border, uint8 [N, 24, 24, 3]; beyond the picture its edge goes on."""
    height, width = pictures.shape[1:3]
    span = np.arange(-HALO, SIDE + HALO)
    rows = [np.clip(SIDE * row + span, 0, height - 1) for _, row, _ in at]
    columns = [np.clip(SIDE * column + span, 0, width - 1) for _, _, column in at]
    return np.stack([pictures[i][y[:, None], x[None]] for (i, _, _), y, x in zip(at, rows, columns)])


def hide_later(window: np.ndarray) -> None:
    """In place: the neighbours that come later in raster order are not there yet; the patch's own edge stands for them."""
    inner = slice(HALO, HALO + SIDE)
    last = HALO + SIDE - 1
    window[:, inner, last + 1 :] = window[:, inner, last : last + 1]
    window[:, last + 1 :, inner] = window[:, last : last + 1, inner]
    window[:, last + 1 :, :HALO] = window[:, last : last + 1, HALO : HALO + 1]
    window[:, last + 1 :, last + 1 :] = window[:, last : last + 1, last : last + 1]


def id_windows(ids: np.ndarray, at: list[tuple[int, int, int]], unknown: int, later: bool = True) -> np.ndarray:
    """int64 [N, 6, 6]: the ids of the patch and two around; `unknown` beyond the picture and, unless `later`, where none has come."""
    padded = np.pad(ids.astype(np.int64), ((0, 0), (BESIDE, BESIDE), (BESIDE, BESIDE)), constant_values=unknown)
    out = np.stack([padded[i, BLOCK * row : BLOCK * row + IDS, BLOCK * column : BLOCK * column + IDS] for i, row, column in at])
    if not later:
        out[:, BESIDE:, -BESIDE:] = unknown
        out[:, -BESIDE:, :] = unknown
    return out


def patches(pictures: np.ndarray, at: list[tuple[int, int, int]], scale: int) -> Tensor:
    """The truth of the same patches, `scale` times larger: [N, 3, 16 scale, 16 scale] in -1...1."""
    side = SIDE * scale
    return to_range(np.stack([pictures[i, side * row : side * (row + 1), side * column : side * (column + 1)] for i, row, column in at]))


def to_range(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


assert WINDOW == SIDE + 2 * HALO and SIDE % FACTOR == 0
