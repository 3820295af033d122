"""How strokes are read: points at even distances along all lines, each seen with its neighbours, and what is largest of
all of them (PointNet, Qi et al. 2017, arXiv 1612.00593) -> a few embeddings. The same arithmetic as
examples/strokes-encoder.ts. Size and place are taken out first."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .trace import Polygon

POINTS = 64  # along all lines
REACH = 3  # neighbours on either side
FEATURES = 2 + 4 * REACH
COUNT = 16  # embeddings, as many as of a picture


def even(lines: list[Polygon]) -> np.ndarray:
    """float32 [POINTS, 2]: the pen never lifted counts as no way. Within -1 .. 1, the longer side fills it.

    Two points (0, 0) (1, 0): x = -63/64, -61/64 .. 63/64 and y = 0"""
    points = np.concatenate(lines)
    low, high = points.min(0), points.max(0)
    points = (points - (low + high) / 2) / max((high - low).max() / 2, 1e-6)
    steps = np.hypot(*np.diff(points, axis=0).T)
    steps[np.cumsum([len(line) for line in lines])[:-1] - 1] = 0
    way = np.concatenate([[0], np.cumsum(steps)])
    at = (np.arange(POINTS) + 0.5) / POINTS * way[-1]
    after = np.clip(np.searchsorted(way, at, side="right"), 1, len(way) - 1) if len(way) > 1 else np.zeros(POINTS, int)
    before = np.maximum(after - 1, 0)
    share = (at - way[before]) / np.maximum(way[after] - way[before], 1e-9)
    return (points[before] + (points[after] - points[before]) * share[:, None]).astype(np.float32)


class StrokesEncoder(nn.Module):
    def __init__(self, width: int, near: int = 96, far: int = 256, hidden: int = 160):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(FEATURES, near), nn.Linear(near, far), nn.Linear(far, hidden), nn.Linear(hidden, COUNT * width)])

    def forward(self, points: Tensor) -> Tensor:
        """[B, POINTS, 2] -> [B, COUNT, width]. A point's features: where it is, and the way to each neighbour."""
        padded = torch.cat((points[:, :1].expand(-1, REACH, -1), points, points[:, -1:].expand(-1, REACH, -1)), 1)
        near = [4 * (padded[:, i : i + points.shape[1]] - points) for i in range(2 * REACH + 1) if i != REACH]
        a, b, c, d = self.layers
        seen = b(F.relu(a(torch.cat((points, *near), -1))))
        return d(F.relu(c(seen.amax(1)))).unflatten(-1, (COUNT, -1))

    def file(self) -> bytes:
        """float32, little endian: of every layer its weight [inputs, outputs] and its bias."""
        parts = [part for layer in self.layers for part in (layer.weight.T, layer.bias)]
        return b"".join(np.ascontiguousarray(part.detach().numpy(), "<f4").tobytes() for part in parts)
