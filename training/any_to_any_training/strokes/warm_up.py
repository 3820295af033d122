"""Before the frozen decoder is asked anything, the encoder learns to give what the model's own reader of pictures gives
for the picture that the strokes were traced from: a language the decoder knows already."""
from random import Random

import numpy as np
import torch
from torch import Tensor

from ..data.compose import Atlas, compose, to_tensor_range
from ..data.concepts import CONCEPTS
from ..data.scene import Scene
from ..decoder.image_encoder import ImageEncoder
from .encoder import StrokesEncoder, even
from .ids import decode, encode, sketched
from .tasks import DRAWER, SEEN, Drawings


@torch.no_grad()
def pictures(reader: ImageEncoder, atlas: Atlas) -> Tensor:
    """[concepts, 16, width]: every concept as noto draws it, on white, as the model reads it."""
    pixels = np.stack([compose(Scene("single", (concept,), DRAWER, "white"), atlas) for concept in range(len(CONCEPTS))])
    return reader(torch.from_numpy(to_tensor_range(pixels)))


class Imitation:
    """Sketches made once, `each` of every traced drawing, and what they should be read as."""

    def __init__(self, drawings: Drawings, taught: Tensor, random: Random, each: int = 30):
        self.taught, self.spread = taught, (taught - taught.mean(0)).square().mean()
        rows = [(concept, even(decode(encode(sketched(drawings.traced[artist][concept], random)))))
                for artist in SEEN for concept in range(len(CONCEPTS)) for _ in range(each)]
        self.concepts, self.points = torch.tensor([concept for concept, _ in rows]), torch.from_numpy(np.stack([points for _, points in rows]))

    def loss(self, encoder: StrokesEncoder, size: int) -> Tensor:
        """Mean squared error of a random batch; 1: no better than always the mean."""
        chosen = torch.randint(len(self.concepts), (size,))
        return (encoder(self.points[chosen]) - self.taught[self.concepts[chosen]]).square().mean() / self.spread
