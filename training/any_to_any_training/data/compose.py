"""Sprite atlas and scene composition: Scene -> uint8 RGB [64, 64, 3]."""
import json
from pathlib import Path

import numpy as np

from .concepts import COLOURS, CONCEPTS, DRAWN, STYLES, TREATED
from .scene import SIDE, Scene, placements
from .treatments import TREATMENTS, Treatment


class Atlas:
    """sprites.rgba, and what the treatments make of its first style, as {size: uint8 [style, concept, size, size, 4]},
    straight (not premultiplied) alpha."""

    def __init__(self, folder: Path):
        index = json.loads((folder / "sprites.json").read_text())
        expected = [c.id for c in CONCEPTS]
        if index["concepts"] != expected or index["styles"] != DRAWN:
            raise ValueError(f"{folder} was built from another concept list; run sprites/build.mjs again")
        raw = np.fromfile(folder / "sprites.rgba", np.uint8)
        bytes_of = [size * size * 4 for size in index["sizes"]]
        records = raw.reshape(len(DRAWN), len(expected), sum(bytes_of))
        edges = np.cumsum([0, *bytes_of])
        self.sprites = {
            size: with_treated(records[:, :, edges[i] : edges[i + 1]].reshape(len(DRAWN), len(expected), size, size, 4))
            for i, size in enumerate(index["sizes"])
        }

    def sprite(self, style: str, concept: int, size: int) -> np.ndarray:
        return self.sprites[size][STYLES.index(style), concept]


def with_treated(drawn: np.ndarray) -> np.ndarray:
    return np.concatenate([drawn, np.stack([TREATMENTS[name](drawn[0]) for name in TREATED])])


def paste(canvas: np.ndarray, sprite: np.ndarray, x: int, y: int) -> None:
    """Draws straight-alpha RGBA over an RGB canvas in place; parts outside the canvas are cut off."""
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + sprite.shape[1], width), min(y + sprite.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    part = sprite[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
    alpha = part[..., 3:] / 255
    target = canvas[y0:y1, x0:x1]
    target[:] = np.rint(part[..., :3] * alpha + target * (1 - alpha)).astype(np.uint8)


def compose(scene: Scene, atlas: Atlas, shift: tuple[int, int] = (0, 0), treatment: Treatment | None = None) -> np.ndarray:
    """`treatment`: of every sprite, whatever the style."""
    canvas = np.empty((SIDE, SIDE, 3), np.uint8)
    canvas[:] = COLOURS[scene.colour]
    for concept, size, x, y in placements(scene):
        sprite = atlas.sprite(scene.style, concept, size)
        paste(canvas, sprite if treatment is None else treatment(sprite), x + shift[0], y + shift[1])
    return canvas


def to_tensor_range(pixels: np.ndarray) -> np.ndarray:
    """uint8 [..., H, W, 3] -> float32 [..., 3, H, W] in [-1, 1]."""
    return np.moveaxis(pixels.astype(np.float32) / 127.5 - 1, -1, -3)
