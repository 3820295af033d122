"""Fills the memory of the patch stage: what the tokenizer gets wrong over every four ids that training scenes have.

Every object, style and background that is not held out is drawn once large in the middle and once small in a corner.
The errors of 16 px patches with the same ids are averaged, written in the basis of their principal components and
product-quantised (Jegou et al. 2011), two bits a component. No gradient is needed; the trunk learns what is left."""
import numpy as np
import torch
from torch import Tensor

from ..data.compose import Atlas, paste
from ..data.concepts import COLOUR_NAMES, COLOURS, CONCEPTS, STYLES
from ..data.scene import BIG, SIDE as CANVAS, SMALL, Scene
from ..data.splits import held_out
from ..decoder.ids import CELL, IdTable
from ..tokenizer.model import ImageTokenizer
from .data import PATCHES, SIDE, to_bytes, to_range
from .model import CHECK_FACTORS, CHECKS, SLOT_FACTORS, Memory

LEAST = 1.0  # levels of 8 bits, root mean square: patches that are wrong by less are not remembered
VISIBLE = 4.0  # likewise, of 2 px
SHRINK = 0.95  # averages of few patches, roughly kept: a little less than all of it is nearest on scenes that were held out
CORNERS = ((0, 0), (32, 0), (0, 32), (32, 32))
Placed = list[tuple[int, int, int, int]]  # concept, size, x, y


def layouts() -> list[tuple[str, str, Placed]]:
    found = []
    for style in STYLES:
        for colour in COLOUR_NAMES:
            known = [c for c in range(len(CONCEPTS)) if not held_out(Scene("single", (c,), style, colour))]
            found += [(style, colour, [(concept, BIG, 8, 8)]) for concept in known]
            for i in range(0, len(known), 4):
                four = (known[i : i + 4] + known[:4])[:4]
                found.append((style, colour, [(concept, SMALL, *at) for concept, at in zip(four, CORNERS)]))
    return found


def draw(style: str, colour: str, placed: Placed, atlas: Atlas) -> np.ndarray:
    canvas = np.empty((CANVAS, CANVAS, 3), np.uint8)
    canvas[:] = COLOURS[colour]
    for concept, size, x, y in placed:
        paste(canvas, atlas.sprite(style, concept, size), x, y)
    return canvas


def grid_of_ids(style: str, colour: str, placed: Placed, table: IdTable) -> np.ndarray:
    s, c = STYLES.index(style), COLOUR_NAMES.index(colour)
    grid = np.full((CANVAS // CELL, CANVAS // CELL), table.background[c], np.int64)
    for concept, size, x, y in placed:
        grid[y // CELL : (y + size) // CELL, x // CELL : (x + size) // CELL] = table.sprites[size][s, concept, c]
    return grid


def cut(pictures: Tensor, side: int) -> Tensor:
    """[N, 3, H, W] -> [N * patches, 3 side side], patches in raster order"""
    n, _, height, width = pictures.shape
    parts = pictures.view(n, 3, height // side, side, width // side, side).permute(0, 2, 4, 1, 3, 5)
    return parts.reshape(-1, 3 * side**2)


@torch.no_grad()
def errors(tokenizer: ImageTokenizer, atlas: Atlas) -> tuple[np.ndarray, Tensor]:
    """-> ids [P, 4] and the error of every patch in -1...1, [P, 768]"""
    table, ids, wrong = IdTable(tokenizer, atlas), [], []
    every = layouts()
    for start in range(0, len(every), 64):
        some = every[start : start + 64]
        grids = np.stack([grid_of_ids(*one, table) for one in some])
        drawn = to_range(to_bytes(tokenizer.decode(torch.from_numpy(grids))))
        truth = to_range(np.stack([draw(*one, atlas) for one in some]))
        ids.append(grids.reshape(-1, PATCHES, 2, PATCHES, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4))
        wrong.append(cut(truth - drawn, SIDE))
    return np.concatenate(ids), torch.cat(wrong)


def averages(ids: np.ndarray, wrong: Tensor) -> tuple[np.ndarray, Tensor, np.ndarray]:
    """Patches of the same ids as one: ids [K, 4], mean error [K, 768], how often they came."""
    unique, which, counts = np.unique(ids, axis=0, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(unique), wrong.shape[1]).index_add_(0, torch.from_numpy(which.reshape(-1)), wrong)
    return unique, sums / torch.from_numpy(counts)[:, None], counts


def components(wrong: Tensor, count: int, sample: int = 16000) -> Tensor:
    """The first principal components [count, 768], about zero: nothing stays nothing."""
    some = wrong[torch.randperm(len(wrong))[:sample]]
    return torch.linalg.eigh(some.T @ some)[1].flip(1)[:, :count].T


def book_of(values: Tensor, rounds: int = 6, sample: int = 16384) -> tuple[Tensor, Tensor]:
    """k-means: 256 vectors [256, depth], and which of them is nearest to every value."""
    nearest = lambda some, book: (book.square().sum(1) - 2 * some @ book.T).argmin(1)  # noqa: E731
    order = torch.randperm(len(values))
    book, some = values[order[torch.arange(256) % len(order)]], values[order[:sample]]
    for _ in range(rounds):
        which = nearest(some, book)
        counts, sums = torch.bincount(which, minlength=256), torch.zeros_like(book).index_add_(0, which, some)
        book = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], book)
    return book, torch.cat([nearest(part, book) for part in values.split(8192)])


def visible(wrong: Tensor) -> Tensor:
    """[K, 768] -> eight bytes a row: bit c of byte r says whether the 2 px in row r, column c are wrong enough to be seen."""
    strength = (127.5 * wrong.view(-1, 3, 8, 2, 8, 2)).square().mean((1, 3, 5)).sqrt()
    return ((strength > VISIBLE) << torch.arange(8)).sum(2).float()


@torch.no_grad()
def fill(memory: Memory, ids: np.ndarray, wrong: Tensor, counts: np.ndarray) -> dict:
    """From what `averages` gives. Where two keys want one slot, or rows run out, what is wronger and more frequent stays."""
    torch.manual_seed(0)
    strength = (wrong * 127.5).square().mean(1).sqrt().numpy()
    slots, checks = (ids * np.array(SLOT_FACTORS)).sum(1) % len(memory.index), (ids * np.array(CHECK_FACTORS)).sum(1) % CHECKS
    taken: dict[int, int] = {}
    for key in np.argsort(-strength * np.sqrt(counts), kind="stable"):
        if strength[key] >= LEAST and slots[key] not in taken and len(taken) < len(memory.check) - 1:
            taken[int(slots[key])] = int(key)
    keys, rows = torch.tensor(list(taken.values())), torch.arange(1, len(taken) + 1)
    memory.index[torch.tensor(list(taken))] = rows.float()
    memory.check[rows] = torch.from_numpy(checks).float()[keys]
    groups, depth = memory.bytes.shape[1], memory.books.shape[1]
    basis = components(wrong[keys], groups * depth)
    values, kept = wrong[keys] @ basis.T, 0.0
    for group in range(groups):  # strong and weak components in every group, so that bits go where they are needed
        part = values[:, group::groups]
        book, which = book_of(part)
        memory.books[256 * group : 256 * (group + 1)] = book
        memory.bytes[rows, group] = which.float()
        kept += (part.square().sum() - (part - book[which]).square().sum()).item()
    memory.sharp.weight.copy_(SHRINK * basis.view(depth, groups, -1).transpose(0, 1).reshape(groups * depth, -1).T)
    memory.places[rows] = visible(wrong[keys])
    return {"keys": len(ids), "remembered": len(keys), "energy": round(kept / wrong[keys].square().sum().item(), 4)}
