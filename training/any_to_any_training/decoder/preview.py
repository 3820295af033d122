"""A sheet of what the decoder draws for fixed prompts, some of them held-out combinations."""
from collections import defaultdict
from pathlib import Path

import torch

from ..pictures import sheet, to_uint8
from ..tokenizer.model import ImageTokenizer
from .model import Decoder
from .sample import Choice, text_to_images
from .tasks import World

PROMPTS = [
    "a red apple on a blue background", "a dog", "a cat on a pink background", "a cartoon car on a yellow background",
    "a 3d pizza", "a guitar on a green background", "a flat house on a gray background", "a small rocket on a black background",
    "a dog to the left of a cat", "a star above a tree on a purple background", "a banana and a lemon on a blue background",
    "two strawberries", "three fish on a white background", "four stars on a black background",
    "파란 배경에 있는 빨간 사과", "고양이", "분홍 배경에 있는 토끼", "나무 왼쪽에 있는 집", "별 세 개, 검은 배경", "입체 자동차",
]


def draw_ids(decoder: Decoder, world: World, prompts: list[str], choice: Choice, seed: int) -> torch.Tensor:
    """[N, rows, columns]; prompts are grouped by length."""
    groups = defaultdict(list)
    for index, prompt in enumerate(prompts):
        groups[len(world.words(prompt))].append(index)
    grids = torch.empty(len(prompts), *world.table.grid, dtype=torch.long)
    generator = torch.Generator().manual_seed(seed)
    for _, indices in sorted(groups.items()):
        for at in range(0, len(indices), 128):
            part = indices[at : at + 128]
            grids[part] = text_to_images(decoder, [list(world.words(prompts[i])) for i in part], choice, generator, world.table.grid)
    return grids


@torch.no_grad()
def draw_prompts(decoder: Decoder, tokenizer: ImageTokenizer, world: World, prompts: list[str], choice: Choice, seed: int) -> torch.Tensor:
    """[N, 3, H, W]"""
    return torch.cat([tokenizer.decode(part) for part in draw_ids(decoder, world, prompts, choice, seed).split(128)])


def preview(decoder: Decoder, tokenizer: ImageTokenizer, world: World, path: Path) -> None:
    pictures = to_uint8(draw_prompts(decoder, tokenizer, world, PROMPTS * 2, Choice(), seed=1).numpy())
    half = len(PROMPTS)
    rows = [[pictures[i], pictures[i + half], pictures[i + 10], pictures[i + 10 + half]] for i in range(10)]
    wide = [sum(rows[i : i + 2], []) for i in range(0, 10, 2)]
    sheet(wide, path)
