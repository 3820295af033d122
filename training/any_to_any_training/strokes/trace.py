"""A sprite -> a line drawing: the outline of what is there, then those of its largest parts, as closed polygons.

Points are (x, y) in a unit square, y down, clockwise; a polygon does not repeat its first point."""

import numpy as np
from scipy import ndimage

Polygon = np.ndarray  # float64 [points, 2]
Traced = tuple[Polygon, np.ndarray]  # with the importance of every corner

PARTS = 2  # polygons beside the outline, at most
COLOURS = 4  # a sprite is cut into
SMALLEST = 0.03  # of the outline's area: smaller parts are left out


def drawing(sprite: np.ndarray) -> list[Traced]:
    """uint8 [side, side, 4] -> what a pen would draw: what is largest comes first."""
    there = sprite[..., 3] >= 128
    masks = pieces(there, SMALLEST * there.sum())
    kept = masks[:2]
    for part in sorted(parts(sprite, there), key=np.sum, reverse=True):
        if len(kept) < len(masks[:2]) + PARTS and all(overlap(part, other) < 0.8 for other in kept):
            kept.append(part)
    outlines = [outline(mask) / len(sprite) for mask in kept]
    return [(polygon, importance(polygon)) for polygon in outlines]


def parts(sprite: np.ndarray, there: np.ndarray) -> list[np.ndarray]:
    """Connected regions of one colour, holes that belong to others filled."""
    colours = sprite[there][:, :3].astype(np.float64)
    labels = np.zeros(there.shape, int)
    labels[there] = 1 + cluster(colours, COLOURS)
    found = [piece for colour in range(1, COLOURS + 1) for piece in pieces(labels == colour, SMALLEST * there.sum())]
    return [ndimage.binary_fill_holes(piece) for piece in found]


def pieces(mask: np.ndarray, smallest: float) -> list[np.ndarray]:
    """4-connected pieces of at least `smallest` pixels, the largest first."""
    labels, count = ndimage.label(mask)
    found = [labels == index for index in range(1, count + 1)]
    return sorted((piece for piece in found if piece.sum() >= smallest), key=np.sum, reverse=True)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def cluster(points: np.ndarray, count: int, rounds: int = 8) -> np.ndarray:
    """k-means from points far from each other -> the cluster of each point. The same points give the same clusters."""
    centres = [points.mean(0)]
    while len(centres) < count:
        distance = np.min([((points - centre) ** 2).sum(1) for centre in centres], 0)
        centres.append(points[distance.argmax()])
    nearest = np.zeros(len(points), int)
    for _ in range(rounds):
        nearest = np.argmin([((points - centre) ** 2).sum(1) for centre in centres], 0)
        centres = [points[nearest == i].mean(0) if (nearest == i).any() else centre for i, centre in enumerate(centres)]
    return nearest


RIGHT, DOWN, LEFT, UP = range(4)
STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])


def outline(mask: np.ndarray) -> Polygon:
    """The outer border of a connected mask along the edges of its pixels, clockwise from the first pixel of its first row.

    outline of one pixel = (0, 0) (1, 0) (1, 1) (0, 1)"""
    wide = np.pad(mask, 1)
    rows, columns = np.nonzero(mask)
    x, y = int(columns[0]), int(rows[0])
    first, way, points = (x, y), RIGHT, []
    while True:
        points.append((x, y))
        x, y = x + STEPS[way][0], y + STEPS[way][1]
        if (x, y) == first:
            return np.array(points, np.float64)
        ahead_left, ahead_right = (wide[y + 1 + dy, x + 1 + dx] for dx, dy in AHEAD[way])
        if ahead_left:
            way = (way - 1) % 4
        elif not ahead_right:
            way = (way + 1) % 4


# Offsets of the pixels ahead of a corner, left and right of the way.
AHEAD = {RIGHT: ((0, -1), (0, 0)), DOWN: ((0, 0), (-1, 0)), LEFT: ((-1, 0), (-1, -1)), UP: ((-1, -1), (0, -1))}


def importance(polygon: Polygon) -> np.ndarray:
    """Of every corner the triangle it spans when it goes, if always the least goes first (Visvalingam and Whyatt 1993);
    never less than that of one gone before, and without end for the last three."""
    left, out, least = list(range(len(polygon))), np.full(len(polygon), np.inf), 0.0
    area = lambda at: abs(np.linalg.det(polygon[[left[at - 1], left[at], left[(at + 1) % len(left)]]][1:] - polygon[left[at - 1]])) / 2  # noqa: E731
    areas = [area(at) for at in range(len(left))]
    while len(left) > 3:
        at = int(np.argmin(areas))
        least = max(least, areas[at])
        out[left[at]] = least
        del left[at], areas[at]
        for other in (at - 1, at % len(left)):
            areas[other] = area(other)
    return out


def simplify(traced: Traced, most: int, smallest: float) -> Polygon:
    """The corners of at least `smallest` of the unit square, and at most `most`."""
    points, important = traced
    least = max(smallest, np.sort(important)[-most]) if len(points) > most else smallest
    return points[important >= least]


def from_top(polygon: Polygon) -> Polygon:
    """The same polygon from its highest corner, the left one of several."""
    return np.roll(polygon, -np.lexsort((polygon[:, 0], polygon[:, 1]))[0], 0)


def filled(polygons: list[Polygon], side: int) -> np.ndarray:
    """What the polygons enclose, bool [side, side]: pixels whose centre lies in any of them."""
    centres = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(centres, centres)
    out = np.zeros((side, side), bool)
    for polygon in polygons:
        inside = np.zeros((side, side), bool)
        for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, 0)):
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        out |= inside
    return out
