"""Fills the memory of the patch stage with the art of all that training may show, by the ids that stand for it.

Art is cut into cells of 8 px with alpha, twice as large as it is drawn, and product-quantised (Jegou et al. 2011); a style
that recolours another one takes its cells and a matrix. Every object, style and background that is not held out is then
laid on the grid, and every two by two ids name the four cells around their middle. No gradient is needed; the trunk learns
what is left."""
from random import Random
from typing import Iterator, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.compose import Atlas
from ..data.concepts import COLOUR_NAMES, COLOURS, CONCEPTS, STYLES
from ..data.scene import BIG, SMALL, Scene
from ..data.splits import held_out
from ..decoder.ids import IdTable
from ..decoder.ids import cells as cells_along
from .data import Sources
from .recall import CHECK_FACTORS, CHECKS, CHOICES, FIRST_FACTORS, PLACES, SECOND_FACTORS, Memory, hashed
from .sizes import FACTOR

SIZES = (BIG, SMALL)
RECOLOURED = 1.0  # levels of 8 bits, root mean square: a style nearer than that to a recolouring of the first one is one
OPAQUE = 0.99
SAME = 20.0  # levels squared: what stands for several things that differ by no more is one of them
BORDER = 3.0  # how much more the outermost pixels of a cell count, so that cells fit together
BACKGROUNDS = 2 * np.array([COLOURS[name] for name in COLOUR_NAMES], np.float32) / 255 - 1


class Art(NamedTuple):
    cells: dict[int, np.ndarray]  # 1 and 2 -> [cells, side, side, 4] in -1...1 times alpha, and alpha; 0 is empty
    of_sprite: dict[tuple[int, int, int], np.ndarray]  # style, concept, size -> its cells [k, k]
    treatments: list[np.ndarray]  # [3, 4] of a cell's channels; the first changes nothing
    of_style: list[tuple[int, int]]  # the style whose cells it takes, and its treatment


def premultiplied(sprites: np.ndarray) -> np.ndarray:
    alpha = sprites[..., 3:].astype(np.float32) / 255
    return np.concatenate([(2 * sprites[..., :3].astype(np.float32) / 255 - 1) * alpha, alpha], -1)


def recolouring(plain: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """[..., 4] twice -> the matrix [3, 4] that makes one of the other, if there is one."""
    source, target = premultiplied(plain).reshape(-1, 4), premultiplied(other).reshape(-1, 4)
    matrix = np.linalg.lstsq(source, target[:, :3], rcond=None)[0]
    off = 127.5 * np.sqrt(((source @ matrix - target[:, :3]) ** 2).mean())
    return matrix.T if off < RECOLOURED and np.array_equal(plain[..., 3], other[..., 3]) else None


def cut(sprite: np.ndarray, side: int) -> np.ndarray:
    """[k side, k side, 4] -> [k k, side, side, 4]"""
    k = len(sprite) // side
    return sprite.reshape(k, side, k, side, 4).swapaxes(1, 2).reshape(k * k, side, side, 4)


def gather(atlas: Atlas, large: Atlas) -> Art:
    cells = {times: [np.zeros((1, times * FACTOR, times * FACTOR, 4), np.float32)] for times in (1, 2)}
    of_sprite, treatments, of_style, count = {}, [np.eye(3, 4, dtype=np.float32)], [], 1
    for s, style in enumerate(STYLES):
        found = recolouring(*(atlas.sprites[BIG * atlas.scale][index] for index in (0, s))) if s > 0 else None
        if found is not None:
            of_style.append((0, len(treatments)))
            treatments.append(found)
            continue
        of_style.append((s, 0))
        for concept in range(len(CONCEPTS)):
            for size in SIZES:
                parts = {times: cut(premultiplied(source.sprite(style, concept, size, times * atlas.scale)), times * FACTOR) for times, source in ((1, atlas), (2, large))}
                there = parts[2][..., 3].any((1, 2))
                own = np.zeros(len(there), np.int64)
                own[there] = count + np.arange(there.sum())
                of_sprite[s, concept, size] = own.reshape(cells_along(size, atlas.scale), -1)
                count += there.sum()
                for times, part in parts.items():
                    cells[times].append(part[there])
    return Art({times: np.concatenate(parts) for times, parts in cells.items()}, of_sprite, treatments, of_style)


def around(grid: np.ndarray) -> np.ndarray:
    """[k + 2, k + 2] -> [(k + 1)^2, 4]: the four around every corner inside."""
    return np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]], -1).reshape(-1, 4)


class Named(NamedTuple):
    """What corners stand for, one row each time training may show it."""

    ids: np.ndarray  # [P, 4]
    cells: np.ndarray  # [P, 4]
    treatment: np.ndarray  # [P]
    colour: np.ndarray  # [P]


def layouts(art: Art, table: IdTable) -> Iterator[Named]:
    opaque = art.cells[2][..., 3].min((1, 2)) > OPAQUE
    for s, style in enumerate(STYLES):
        source, treatment = art.of_style[s]
        for concept in range(len(CONCEPTS)):
            for size in SIZES:
                k = cells_along(size, table.scale)
                cells = around(np.pad(art.of_sprite[source, concept, size], 1))
                covered = opaque[cells].all(1)
                for c, colour in enumerate(COLOUR_NAMES):
                    if held_out(Scene("single", (concept,), style, colour, size=size)):
                        continue
                    grid = np.full((k + 2, k + 2), table.background[c], np.int64)
                    grid[1:-1, 1:-1] = table.sprites[size][s, concept, c]
                    yield Named(around(grid), cells, np.where(cells.any(1), treatment, 0), np.where(covered, 0, c))


def paint(art: Art, cells: np.ndarray, treatment: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """What corners look like as they are drawn: [P, 4 * 64, 3] in -1...1."""
    own = art.cells[1][cells].reshape(len(cells), -1, 4)
    matrix = np.stack(art.treatments)[treatment]
    return own @ matrix.transpose(0, 2, 1) + (1 - own[..., 3:]) * BACKGROUNDS[colour][:, None]


def resolve(named: Named, art: Art) -> tuple[Named, np.ndarray]:
    """One row for all of the same ids, and how often they came; none where they stand for things that differ."""
    whole = np.column_stack([named.ids, named.cells, named.treatment, named.colour])
    rows, counts = np.unique(whole, axis=0, return_counts=True)
    starts = np.flatnonzero(np.r_[True, (np.diff(rows[:, :4], axis=0) != 0).any(1)])
    kept, often = [], []
    for start, end in zip(starts, np.r_[starts[1:], len(rows)]):
        best = start
        if end - start > 1:
            seen = paint(art, rows[start:end, 4:8], rows[start:end, 8], rows[start:end, 9])
            share = counts[start:end] / counts[start:end].sum()
            best = start + ((seen - (seen * share[:, None, None]).sum(0)) ** 2).mean((1, 2)).argmin()
            off = (127.5**2 * (seen - seen[best - start]) ** 2).mean((1, 2)) @ share
            if off > SAME:
                continue
        kept.append(best), often.append(counts[start:end].sum())
    found = rows[kept]
    return Named(found[:, :4], found[:, 4:8], found[:, 8], found[:, 9]), np.array(often)


def put(memory: Memory, ids: np.ndarray, values: np.ndarray) -> int:
    """Cuckoo hashing (Pagh & Rodler 2001) in buckets: returns how many found a place."""
    quads, random, count = torch.from_numpy(ids), Random(0), len(memory.index)
    where = [hashed(quads, factors, count).tolist() for factors in (FIRST_FACTORS, SECOND_FACTORS)]
    buckets: list[list[int]] = [[] for _ in range(count)]
    placed = len(ids)
    for key in range(len(ids)):
        at = min((side[key] for side in where), key=lambda b: len(buckets[b]))
        for _ in range(500):
            if len(buckets[at]) < PLACES:
                buckets[at].append(key)
                break
            turn = random.randrange(PLACES)
            buckets[at][turn], key = key, buckets[at][turn]
            at = where[0][key] if at == where[1][key] else where[1][key]
        else:
            placed -= 1
    rows = [(b, place, key) for b, own in enumerate(buckets) for place, key in enumerate(own)]
    at, place, keys = np.array(rows).T
    memory.index[at, place] = torch.from_numpy(values[keys]).float()
    memory.check[at, place] = hashed(quads[keys], CHECK_FACTORS, CHECKS).float()
    return placed


def metric() -> np.ndarray:
    """[4, 4] L: the squared length of a cell's error times L is what is wrong with its colours on a random background."""
    on = np.stack([np.concatenate([np.eye(3), -colour[:, None]], 1) for colour in BACKGROUNDS])
    return np.linalg.cholesky((on.transpose(0, 2, 1) @ on).mean(0))


def components(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The first principal components [dimensions, count], about zero: nothing stays nothing. And their strengths."""
    strength, basis = torch.linalg.eigh(values.T @ values)
    return basis.flip(1)[:, :count], strength.flip(0)[:count]


def groups_of(strength: Tensor, groups: int) -> list[list[int]]:
    """Components in equal groups, of about the same product of strengths: the best use of equal bytes (Ge et al. 2013)."""
    depth, sums, found = len(strength) // groups, [0.0] * groups, [[] for _ in range(groups)]
    for component, bits in enumerate((strength / strength[-1]).log().tolist()):
        group = min((g for g in range(groups) if len(found[g]) < depth), key=lambda g: sums[g])
        found[group].append(component)
        sums[group] += bits + 0.1
    return found


def book_of(values: Tensor, rounds: int = 6, sample: int = 12000) -> tuple[Tensor, Tensor]:
    """k-means: 256 vectors [256, depth], the first of them nothing, and which of them is nearest to every value."""
    nearest = lambda some, book: torch.addmm(book.square().sum(1)[None], some, book.T, alpha=-2).argmin(1)  # noqa: E731
    order = torch.randperm(len(values))
    book, some = values[order[torch.arange(CHOICES) % len(order)]], values[order[:sample]]
    for turn in range(rounds):
        book[0] = 0
        if turn == rounds - 1:
            break
        which = nearest(some, book)
        counts, sums = torch.bincount(which, minlength=CHOICES), torch.zeros_like(book).index_add_(0, which, some)
        book = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], book)
    return book, torch.cat([nearest(part, book) for part in values.split(8192)])


def flat(cells: np.ndarray) -> Tensor:
    """[P, side, side, 4] -> [P, 4 side side]"""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(cells, -1, 1), np.float32)).flatten(1)


@torch.no_grad()
def quantise(memory: Memory, art: Art) -> dict:
    """Cells as bytes, and what they look like at both sizes. Returns the mean squared errors, levels squared."""
    groups, depth = memory.bytes.shape[1], memory.books.shape[1]
    own, inverse = metric(), np.linalg.inv(metric())
    side = 2 * FACTOR
    weight = torch.ones(4, side, side)
    weight[:, [0, -1]] = weight[:, :, [0, -1]] = BORDER
    target = flat(art.cells[2] @ own)
    basis, strength = components(target * weight.flatten(), groups * depth)
    values, order = target * weight.flatten() @ basis, groups_of(strength, groups)
    near = torch.zeros_like(values)
    for group, some in enumerate(order):
        book, which = book_of(values[:, some])
        memory.books[CHOICES * group : CHOICES * (group + 1)] = book
        memory.bytes[: len(which), group] = which.float()
        near[:, some] = book[which]
    memory.bytes[0] = 0
    near[0] = 0
    wide = basis / weight.flatten()[:, None]
    less = flat(art.cells[1] @ own)
    small = torch.linalg.solve(near.T @ near + 1e-3 * torch.eye(groups * depth), near.T @ less).T
    for layer, rows in ((memory.large, wide), (memory.small, small)):
        back = torch.einsum("cd,dpk->cpk", torch.from_numpy(inverse.T).float(), rows.view(4, -1, groups * depth))
        layer.weight.copy_(back.flatten(0, 1)[:, [component for group in order for component in group]])
    wrong = lambda rows, aim: round(127.5**2 * (near @ rows.T - aim).square().mean().item() * 4 / 3, 1)  # noqa: E731
    return {"wrong": wrong(small, less), "wrong2": wrong(wide, target)}


@torch.no_grad()
def fill(memory: Memory, sources: Sources) -> dict:
    torch.manual_seed(0)
    art = gather(sources.atlas, sources.large)
    every = list(layouts(art, sources.table))
    named = Named(*(np.concatenate(parts) for parts in zip(*every)))
    found, often = resolve(named, art)
    corners, which = np.unique(found.cells, axis=0, return_inverse=True)
    colours, treatments = len(COLOUR_NAMES), len(art.treatments)
    memory.corners[1 : len(corners) + 1] = torch.from_numpy(corners).float()
    values = ((which.reshape(-1) + 1) * treatments + found.treatment) * colours + found.colour
    order = np.argsort(-often, kind="stable")
    placed = put(memory, found.ids[order], values[order])
    memory.colours.copy_(torch.from_numpy(BACKGROUNDS))
    over = np.concatenate([np.zeros((colours, 3, 3), np.float32), BACKGROUNDS[..., None]], -1)  # what alpha takes of it
    memory.tints.copy_(torch.from_numpy((np.stack(art.treatments)[:, None] - over[None]).reshape(-1, 3, 4)))
    keys = len(np.unique(named.ids, axis=0))
    return {"cells": len(art.cells[1]), "corners": len(corners) + 1, "keys": keys, "clear": len(order), "placed": placed} | quantise(memory, art)
