"""The trained tokenizer (averaged weights, current codebook) from a run folder."""
from pathlib import Path

import torch
import torch.nn.functional as F

from .model import ImageTokenizer, TokenizerConfig


def load_tokenizer(run: Path) -> ImageTokenizer:
    state = torch.load(run / "tokenizer" / "state.pt", weights_only=False, map_location="cpu")
    model = ImageTokenizer(TokenizerConfig(**state["config"]))
    model.load_state_dict(state["average"])
    model.codebook.weight.data = F.normalize(model.codebook.weight.data, dim=1)  # an average of unit vectors is shorter
    return model.eval().requires_grad_(False)
