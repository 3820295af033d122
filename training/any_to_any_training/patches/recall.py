"""The memory of the patch stage: any two by two ids -> the piece of art they stand for, at 64 and at 128 px.

A corner of the grid of ids has four cells of 8 px around it. Hashes of their ids find the corner in a table, which names
the four cells as they were drawn, what treatment they were given and on what background they lie. Two corners that
disagree about a cell are not believed. What a patch becomes fades from corner to corner, from what was drawn where a
corner is not known to what is remembered where it is: no border of a patch is special, so none shows."""
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .sizes import FACTOR, IDS, SIDE

FIRST_FACTORS = (7919, 104729, 224737, 15401)  # of the four ids around a corner; sums stay below 2^31
SECOND_FACTORS = (130003, 257, 199999, 52361)
CHECK_FACTORS = (3571, 190027, 27449, 93719)
CHECKS = 65521  # the largest prime of two bytes
PLACES = 4  # of a bucket
CHOICES = 256  # vectors of a book: what a byte can choose from
TRUST = 4.0  # a quarter of a cell's corners are as good as all

CORNERS = IDS - 1  # a side, of those inside the window of ids
CELLS = CORNERS - 1  # a side, of the cells that have all four corners there: those of the patch and one around
OWN = SIDE // FACTOR  # a side, of the cells of the patch


def _around(side: int, of: int, shift: int = 0) -> Tensor:
    """int64 [side side, 4]: for every place of a square, the four at its corners in a square of `of` a side."""
    row, column = torch.meshgrid(torch.arange(side) + shift, torch.arange(side) + shift, indexing="ij")
    first = (row * of + column).flatten()
    return first[:, None] + torch.tensor([0, 1, of, of + 1])


IDS_OF_CORNER = _around(CORNERS, IDS)
CORNERS_OF_CELL = _around(CELLS, CORNERS)
CELLS_OF_OWN_CORNER = _around(OWN + 1, CELLS)
OWN_CORNERS_OF_OWN_CELL = _around(OWN, OWN + 1)
OWN_CELLS = CELLS_OF_OWN_CORNER[torch.arange(OWN)[:, None] * (OWN + 1) + torch.arange(OWN), 3].flatten()
OWN_CORNERS = CORNERS_OF_CELL[CELLS_OF_OWN_CORNER[:, 0], 3]
OPPOSITE = torch.tensor([3, 2, 1, 0])  # the cell is below and right of its first corner: that corner's last cell


class Recalled(NamedTuple):
    cell: Tensor  # int64 [N, 16]: which cell, of those of the patch and one around
    tint: Tensor  # int64 [N, 16]: its treatment and background
    picked: Tensor  # bool [N, 16]: a corner names it at all
    believed: Tensor  # [N, 4, 4]: by cell of the patch and corner, 1 where what the corner says holds
    inside: Tensor  # [N, 4, 4]: likewise, 1 where all four ids around the corner are there


def fades(side: int) -> Tensor:
    """[4, side side]: what each corner of a cell counts at each of its pixels; together 1."""
    at = (torch.arange(side) + 0.5) / side
    across = torch.stack([1 - at, at])
    return torch.einsum("ay,bx->abyx", across, across).reshape(4, side * side)


def joined(cells: Tensor, side: int) -> Tensor:
    """[N, k k, c, side side], cells row by row -> [N, c, k side, k side]"""
    count, number, channels, _ = cells.shape
    k = round(number**0.5)
    return cells.view(count, k, k, channels, side, side).permute(0, 3, 1, 4, 2, 5).reshape(count, channels, k * side, k * side)


class Memory(nn.Module):
    """`buckets` of four places; `corners`, of which 0 is nobody's; `cells`, of which 0 is empty, a row of `groups` bytes
    each, the numbers of vectors of `depth` in their books (product quantisation, Jegou et al. 2011); `treatments` and
    `colours` of backgrounds. A place holds (corner * treatments + treatment) * colours + colour, or 0."""

    def __init__(self, buckets: int, corners: int, cells: int, groups: int, depth: int, treatments: int, colours: int):
        super().__init__()
        self.treatments = treatments
        self.register_buffer("index", torch.zeros(buckets, PLACES))
        self.register_buffer("check", torch.zeros(buckets, PLACES))
        self.register_buffer("corners", torch.zeros(corners, 4))
        self.register_buffer("bytes", torch.zeros(cells, groups))
        self.books = nn.Parameter(torch.randn(groups * CHOICES, depth) * 0.1)
        self.tints = nn.Parameter(torch.zeros(treatments * colours, 3, 4))  # of colour times alpha, and alpha
        self.colours = nn.Parameter(torch.zeros(colours, 3))
        self.small = nn.Linear(groups * depth, 4 * FACTOR**2, bias=False)
        self.large = nn.Linear(groups * depth, 4 * (2 * FACTOR) ** 2, bias=False)

    def find(self, quads: Tensor) -> Tensor:
        """ids [..., 4] around corners -> what their place holds"""
        check = hashed(quads, CHECK_FACTORS, CHECKS)[..., None]
        rows = [hashed(quads, factors, len(self.index)) for factors in (FIRST_FACTORS, SECOND_FACTORS)]
        held = torch.cat([self.index[row] * (self.check[row] == check) for row in rows], -1)
        return held.amax(-1).long()

    def forward(self, ids: Tensor, codes: int) -> Recalled:
        """ids [N, 6, 6]; from `codes` on unknown"""
        quads = ids.flatten(1)[:, IDS_OF_CORNER]
        found, inside = self.find(quads), quads.amax(-1) < codes
        colours = len(self.colours)
        rest, colour = found // colours, found % colours
        corner, treatment = rest // self.treatments, rest % self.treatments
        of_cell = lambda values: values[:, CORNERS_OF_CELL]  # noqa: E731  [N, 25] -> [N, 16, 4]
        cell = self.corners[corner].long().flatten(1)[:, 4 * CORNERS_OF_CELL + OPPOSITE]
        known = of_cell(found > 0)
        said = torch.where(known, cell * self.treatments + of_cell(treatment) * (cell > 0), -1)
        agree = (said[..., None, :] == said[..., None]).sum(-1)
        votes = 4 * agree * known + torch.arange(4)  # the last of equals
        first = votes.argmax(-1, keepdim=True)
        pick = lambda values: values.gather(-1, first)[..., 0]  # noqa: E731
        chosen = said.gather(-1, first)
        kept = (said == chosen) & known
        believed = kept.flatten(1)[:, 4 * CELLS_OF_OWN_CORNER + OPPOSITE].all(-1)
        own = lambda values: values.float()[:, OWN_CORNERS_OF_OWN_CELL]  # noqa: E731  [N, 9] -> [N, 4, 4]
        tint = pick(of_cell(treatment)) * colours + pick(of_cell(colour))
        return Recalled(pick(cell), tint, chosen[..., 0] >= 0, own(believed), own(inside[:, OWN_CORNERS]))

    def paint(self, cell: Tensor, tint: Tensor, basis: nn.Linear, side: int) -> Tensor:
        """cell, tint [N, k k] -> pixels [N, 3, k side, k side]"""
        first = torch.arange(0, len(self.books), CHOICES)
        values = basis(self.books[self.bytes[cell].long() + first].flatten(2)).view(*cell.shape, 4, side * side)
        return joined(self.tints[tint] @ values + self.colours[tint % len(self.colours)][..., None], side)

    def trust(self, recalled: Recalled, side: int) -> Tensor:
        """[N, 1, 2 side, 2 side]: how much of the patch, in cells of `side`, is what is remembered"""
        fade = fades(side)
        share = (recalled.believed @ fade) / (recalled.inside @ fade).clamp(min=1e-6)
        return joined((TRUST * share).clamp(max=1)[:, :, None], side)


def hashed(quads: Tensor, factors: tuple[int, ...], size: int) -> Tensor:
    return (quads * quads.new_tensor(factors)).sum(-1) % size
