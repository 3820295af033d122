"""Line drawings as ids and back, as examples/strokes-plugin.ts has them: id = 32 * row + column of the cell a point lies
in, `LIFT` between two lines. A closed line ends where it began."""
from random import Random

import numpy as np

from .trace import Polygon, Traced, from_top, simplify

SIDE = 32  # cells of the grid, a side
LIFT = SIDE * SIDE
SIZE = LIFT + 1
OUTLINE, PART = 14, 7  # corners, at most
SMALLEST = 0.0015  # of the unit square: the triangle of a corner that stays


def encode(polygons: list[Polygon]) -> list[int]:
    """encode([unit square]) = [0, 31, 1023, 992, 0]"""
    ids = []
    for polygon in polygons:
        column, row = np.clip((np.asarray(polygon) * SIDE).astype(int), 0, SIDE - 1).T
        line = (SIDE * row + column).tolist()
        line = [id for at, id in enumerate(line) if at == 0 or id != line[at - 1]]
        ids += [*([LIFT] if ids else []), *line, *([line[0]] if line[-1] != line[0] else [])]
    return ids


def decode(ids: list[int]) -> list[Polygon]:
    """Lines of at least one point, each at the middle of its cell; the opposite of `encode`, to half a cell."""
    lines, line = [], []
    for id in [*ids, LIFT]:
        if id == LIFT:
            lines += [np.array(line)] if line else []
            line = []
        else:
            line.append(((id % SIDE + 0.5) / SIDE, (id // SIDE + 0.5) / SIDE))
    return lines


def drawn(traced: list[Traced]) -> list[Polygon]:
    """As a careful hand draws it: few corners, from the top."""
    return [from_top(simplify(one, PART if index else OUTLINE, SMALLEST)) for index, one in enumerate(traced)]


def sketched(traced: list[Traced], random: Random, hand: float = 1.0) -> list[Polygon]:
    """As someone else draws it: another size and place, a little turned, stretched and bent, other corners, some parts
    left out, a shaking hand. `hand` scales all of it; 0 is as traced."""
    size, stretch = random.uniform(1 - 0.3 * hand, 1), random.uniform(-0.1, 0.1) * hand
    turn = random.uniform(-0.12, 0.12) * hand
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * size * np.array([1 + stretch, 1 - stretch])
    smallest = SMALLEST * random.uniform(1 - 0.6 * hand, 1 + 0.6 * hand)
    shake = random.uniform(0, 0.016) * hand
    noise = np.random.default_rng(random.getrandbits(32))
    bend = noise.normal(0, 0.03 * hand, (2, 2)), noise.uniform(0, 2 * np.pi, (2, 2))
    lines = []
    for index, one in enumerate(traced):
        if index and random.random() < 0.25 * hand:
            continue
        corners = (simplify(one, PART if index else OUTLINE, smallest) - 0.5) @ matrix.T
        lines.append(from_top(bent(corners, *bend) + noise.normal(0, shake, corners.shape)))
    points = np.concatenate(lines)
    low, high = points.min(0), points.max(0)
    fit = 1 / max(1.0, (high - low).max())
    free = 1 - (high - low) * fit
    shift = free * (0.5 + hand * np.array([random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)]))
    return [(line - low) * fit + shift for line in lines]


def bent(points: Polygon, strength: np.ndarray, phase: np.ndarray) -> Polygon:
    """Moved by one slow wave along either axis; strength and phase [axis, wave]."""
    waves = np.sin(4 * points[:, None, :] + phase)  # [points, axis, wave]
    return points + (strength * waves).sum(-1)
