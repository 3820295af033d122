"""The port of the strokes while it is trained: what a point is and what it scores is the sum of its row's, its column's
and its own, so that what is learnt of one point holds for its neighbours. What is saved are plain tables."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .ids import LIFT, SIDE, SIZE


class Points(nn.Module):
    """[SIDE * SIDE + others, width]: rows + columns + own."""

    def __init__(self, others: int, width: int, scale: float):
        super().__init__()
        self.rows, self.columns = (nn.Parameter(torch.randn(SIDE, width) * scale) for _ in range(2))
        self.own = nn.Parameter(torch.cat((torch.zeros(LIFT, width), torch.randn(others, width) * scale)))

    def table(self) -> Tensor:
        shared = (self.rows[:, None] + self.columns[None, :]).flatten(0, 1)
        return F.pad(shared, (0, 0, 0, len(self.own) - LIFT)) + self.own


class StrokesHead(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.points = Points(SIZE + 1 - LIFT, width, 0.02)

    @property
    def weight(self) -> Tensor:
        return self.points.table()

    def forward(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.weight.to(hidden.dtype))


class StrokesPort(nn.Module):
    """Stands where a decoder has a `Port`."""

    def __init__(self, width: int):
        super().__init__()
        self.points, self.head = Points(SIZE - LIFT, width, 0.35), StrokesHead(width)

    @property
    def embedding(self) -> Tensor:
        return self.points.table()
