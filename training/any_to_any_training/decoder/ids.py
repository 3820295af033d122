"""Image ids of any scene without running the encoder: because the trained encoder is local, a scene's ids are its
sprites' ids pasted over the background's id."""
import numpy as np
import torch

from ..data.compose import Atlas, blank, paste, to_tensor_range
from ..data.concepts import COLOUR_NAMES, COLOURS, CONCEPTS, STYLES
from ..data.scene import BIG, SIDE, SMALL, Scene, placements
from ..tokenizer.model import ImageTokenizer

CELL = 8  # px a side per id


def cells(length: int, scale: int) -> int:
    """Ids along `length` of a scene."""
    return length * scale // CELL


class IdTable:
    def __init__(self, tokenizer: ImageTokenizer, atlas: Atlas):
        self.tokenizer, self.scale = tokenizer, atlas.scale
        self.grid = (cells(SIDE, atlas.scale),) * 2  # ids of a picture
        self.background = encode_all(tokenizer, np.stack([blank(name, CELL) for name in COLOUR_NAMES]))[:, 0, 0]
        self.sprites = {size: self.encode_sprites(tokenizer, atlas, size) for size in (BIG, SMALL)}

    @staticmethod
    def encode_sprites(tokenizer: ImageTokenizer, atlas: Atlas, size: int) -> np.ndarray:
        """int16 [style, concept, colour, k, k] of the k ids along a sprite"""
        out = []
        for style in STYLES:
            pictures = []
            for concept in range(len(CONCEPTS)):
                for name in COLOUR_NAMES:
                    pictures.append(blank(name, size * atlas.scale))
                    paste(pictures[-1], atlas.sprite(style, concept, size), 0, 0)
            out.append(encode_all(tokenizer, np.stack(pictures)))
        return np.stack(out).reshape(len(STYLES), len(CONCEPTS), len(COLOURS), *(cells(size, atlas.scale),) * 2)

    def read(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 3] -> int64 [H/8, W/8], through the encoder: what no scene says."""
        return encode_all(self.tokenizer, picture[None])[0].astype(np.int64)

    def ids(self, scene: Scene) -> np.ndarray:
        """int64 [rows, columns] of `grid`"""
        colour, style = COLOUR_NAMES.index(scene.colour), STYLES.index(scene.style)
        grid = np.full(self.grid, self.background[colour], np.int64)
        for concept, size, x, y in placements(scene):
            left, top, side = (cells(length, self.scale) for length in (x, y, size))
            grid[top : top + side, left : left + side] = self.sprites[size][style, concept, colour]
        return grid


@torch.no_grad()
def encode_all(tokenizer: ImageTokenizer, pixels: np.ndarray) -> np.ndarray:
    parts = [pixels[i : i + 256] for i in range(0, len(pixels), 256)]
    return np.concatenate([tokenizer.encode(torch.from_numpy(to_tensor_range(part)), local=True).numpy() for part in parts]).astype(np.int16)
