"""Sprite atlas and scene composition: Scene -> uint8 RGB [64 scale, 64 scale, 3]."""
import json
from pathlib import Path

import numpy as np

from .concepts import COLOURS, CONCEPTS, DRAWN, STYLES, TREATED
from .scene import SIDE, SMALL, Scene, placements
from .treatments import TREATMENTS, Treatment


class Atlas:
    """sprites.rgba, and what the treatments make of its first style, as {px: uint8 [style, concept, px, px, 4]},
    straight (not premultiplied) alpha. `scale`: px of one unit of a scene, of the smallest sprites there are."""

    def __init__(self, folder: Path):
        index = json.loads((folder / "sprites.json").read_text())
        expected = [c.id for c in CONCEPTS]
        if index["concepts"] != expected or index["styles"] != DRAWN:
            raise ValueError(f"{folder} was built from another concept list; run sprites/build.mjs again")
        self.scale = min(index["sizes"]) // SMALL
        raw = np.fromfile(folder / "sprites.rgba", np.uint8)
        bytes_of = [size * size * 4 for size in index["sizes"]]
        records = raw.reshape(len(DRAWN), len(expected), sum(bytes_of))
        edges = np.cumsum([0, *bytes_of])
        self.sprites = {
            size: with_treated(records[:, :, edges[i] : edges[i + 1]].reshape(len(DRAWN), len(expected), size, size, 4))
            for i, size in enumerate(index["sizes"])
        }

    def sprite(self, style: str, concept: int, size: int, scale: int | None = None) -> np.ndarray:
        """`size` as a scene has it."""
        return self.sprites[size * (scale or self.scale)][STYLES.index(style), concept]


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


def blank(colour: str, side: int) -> np.ndarray:
    return np.full((side, side, 3), COLOURS[colour], np.uint8)


def compose(scene: Scene, atlas: Atlas, shift: tuple[int, int] = (0, 0), treatment: Treatment | None = None, scale: int | None = None) -> np.ndarray:
    """`treatment`: of every sprite, whatever the style; `scale`: of one that the atlas has, by default its smallest."""
    scale = scale or atlas.scale
    canvas = blank(scene.colour, SIDE * scale)
    for concept, size, x, y in placements(scene):
        sprite = atlas.sprite(scene.style, concept, size, scale)
        paste(canvas, sprite if treatment is None else treatment(sprite), scale * (x + shift[0]), scale * (y + shift[1]))
    return canvas


def to_tensor_range(pixels: np.ndarray) -> np.ndarray:
    """uint8 [..., H, W, 3] -> float32 [..., 3, H, W] in [-1, 1]."""
    return np.moveaxis(pixels.astype(np.float32) / 127.5 - 1, -1, -3)
