"""The judge: names the concept and the style of one object. A small CNN trained on composed scenes, half of them
seen through the image tokenizer; it never sees anything the decoder drew."""
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ..data.compose import Atlas, compose, to_tensor_range
from ..data.concepts import CONCEPTS, STYLES
from ..data.scene import SIDE, Scene, placements, random_scene
from ..decoder.ids import IdTable
from ..pictures import to_uint8
from ..tokenizer.model import ImageTokenizer
from .parts import Box, background, crop, foreground, parts

KINDS = {"single": 0.5, "pair": 0.4, "count": 0.1}


class Classifier(nn.Module):
    """RGB 32x32 -> concept and style logits."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 48, 3, 2, 1), nn.GELU(), nn.Conv2d(48, 96, 3, 2, 1), nn.GELU(), nn.BatchNorm2d(96),
            nn.Conv2d(96, 160, 3, 2, 1), nn.GELU(), nn.BatchNorm2d(160), nn.Flatten(), nn.Dropout(0.2), nn.Linear(160 * 16, 256), nn.GELU())
        self.concept, self.style = nn.Linear(256, len(CONCEPTS)), nn.Linear(256, len(STYLES))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.stem(x)
        return self.concept(x), self.style(x)


@dataclass(frozen=True)
class Verdict:
    colour: str
    objects: tuple[int, ...]  # concept of every part
    styles: tuple[str, ...]
    boxes: tuple[Box, ...]


def labelled_crops(picture: np.ndarray, scene: Scene) -> list[tuple[np.ndarray, int]]:
    """Crops of the parts whose centre falls into a placement, with the concept that stands there."""
    out = []
    for box in parts(foreground(picture)):
        for concept, size, x, y in placements(scene):
            cx, cy = box.centre
            if x < cx < x + size and y < cy < y + size and max(box.x1 - box.x0, box.y1 - box.y0) <= size + 4:
                out.append((crop(picture, box), concept))
    return out


def shrunk(picture: np.ndarray) -> np.ndarray:
    """To 64 x 64, where the judge sees: means of squares."""
    k = len(picture) // SIDE
    return np.rint(picture.reshape(SIDE, k, SIDE, k, 3).mean((1, 3))).astype(np.uint8) if k > 1 else picture


class Judge:
    def __init__(self, model: Classifier):
        self.model = model.eval()

    @torch.no_grad()
    def look(self, picture: np.ndarray) -> Verdict:
        """uint8 [64 k, 64 k, 3]"""
        picture = shrunk(picture)
        boxes = parts(foreground(picture))
        if not boxes:
            return Verdict(background(picture), (), (), ())
        crops = np.stack([crop(picture, box) for box in boxes])
        concepts, styles = self.model(torch.from_numpy(to_tensor_range(crops)))
        return Verdict(background(picture), tuple(concepts.argmax(1).tolist()), tuple(STYLES[i] for i in styles.argmax(1).tolist()), tuple(boxes))


def training_set(atlas: Atlas, tokenizer: ImageTokenizer, table: IdTable, scenes: int, seed: int):
    """uint8 crops [N, 32, 32, 3], concepts [N], styles [N]"""
    random, crops, concepts, styles = Random(seed), [], [], []
    for _ in range(0, scenes, 64):
        batch = [random_scene(random, KINDS) for _ in range(64)]
        with torch.no_grad():
            coded = to_uint8(tokenizer.decode(torch.from_numpy(np.stack([table.ids(s) for s in batch]))).numpy())
        for scene, seen in zip(batch, coded):
            true = compose(scene, atlas, (random.randint(-1, 1), random.randint(-1, 1)))
            for picture in map(shrunk, (true, seen)):
                for part, concept in labelled_crops(picture, scene):
                    crops.append(part), concepts.append(concept), styles.append(STYLES.index(scene.style))
    return np.stack(crops), torch.tensor(concepts), torch.tensor(styles)


def train_judge(atlas: Atlas, tokenizer: ImageTokenizer, table: IdTable, path: Path, scenes: int = 8_000, epochs: int = 8) -> Judge:
    """Trained once per tokenizer and kept at `path`."""
    model = Classifier()
    if path.exists():
        model.load_state_dict(torch.load(path))
        return Judge(model)
    torch.manual_seed(0)
    crops, concepts, styles = training_set(atlas, tokenizer, table, scenes, seed=11)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    steps = epochs * len(crops) // 128
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1)
    for _ in range(steps):
        chosen = torch.randint(len(crops), (128,))
        x = torch.from_numpy(to_tensor_range(crops[chosen.numpy()]))
        x = (x * (0.9 + 0.2 * torch.rand(128, 1, 1, 1)) + 0.1 * torch.randn(128, 1, 1, 1) + 0.03 * torch.randn_like(x)).roll(tuple(torch.randint(-2, 3, (2,)).tolist()), (2, 3))
        with torch.autocast("cpu", torch.bfloat16):
            a, b = model(x)
        loss = F.cross_entropy(a.float(), concepts[chosen], label_smoothing=0.05) + 0.3 * F.cross_entropy(b.float(), styles[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    torch.save(model.state_dict(), path)
    return Judge(model)
