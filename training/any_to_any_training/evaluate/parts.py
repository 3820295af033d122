"""What stands where in a picture, by pixels alone: background colour, and the objects by cutting along empty seams.

Scenes keep their objects apart at the middle row or column, so two cuts find up to four of them."""
from dataclasses import dataclass

import numpy as np

from ..data.concepts import COLOURS

DIFFERENT = 40  # largest channel difference from the background that still is background
SEAM = 3  # foreground px that a seam may hold (blur)


@dataclass(frozen=True)
class Box:
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


def border(picture: np.ndarray) -> np.ndarray:
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(int)


def background(picture: np.ndarray) -> str:
    """The colour that most border pixels are nearest to."""
    distance = ((border(picture)[:, None] - np.array(list(COLOURS.values()))[None]) ** 2).sum(-1)
    return list(COLOURS)[np.bincount(distance.argmin(1), minlength=len(COLOURS)).argmax()]


def foreground(picture: np.ndarray) -> np.ndarray:
    plain = np.median(border(picture), axis=0)
    return np.abs(picture.astype(int) - plain).max(-1) > DIFFERENT


def parts(mask: np.ndarray, x: int = 0, y: int = 0, cuts: int = 2) -> list[Box]:
    """Boxes of the objects of a foreground mask [64, 64], top-left first."""
    if mask.sum() < 12:
        return []
    for axis in (0, 1) if cuts else ():  # 0: a column seam (left | right), 1: a row seam (top / bottom)
        middle = mask.shape[1 - axis] // 2
        if mask.shape[1 - axis] < 64:
            continue
        near = mask.sum(axis)[middle - 2 : middle + 2]
        if near.min() <= SEAM:
            at = middle - 2 + int(near.argmin())
            first, second = np.split(mask, [at], axis=1 - axis)
            return parts(first, x, y, cuts - 1) + parts(second, x + (at if axis == 0 else 0), y + (at if axis == 1 else 0), cuts - 1)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [Box(x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1)]


def crop(picture: np.ndarray, box: Box, side: int = 32) -> np.ndarray:
    """A square around the box, scaled to side x side; outside the canvas is background."""
    from PIL import Image

    half = max(box.x1 - box.x0, box.y1 - box.y0) / 2 + 2
    (cx, cy), plain = box.centre, np.median(border(picture), axis=0).astype(np.uint8)
    padded = np.empty((192, 192, 3), np.uint8)
    padded[:] = plain
    padded[64:128, 64:128] = picture
    return np.asarray(Image.fromarray(padded).resize((side, side), Image.BILINEAR, (cx - half + 64, cy - half + 64, cx + half + 64, cy + half + 64)))
