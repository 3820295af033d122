"""Writes a checkpoint directory: config.json, three safetensors and the text ranks (see README, "Checkpoint").

The directory is written beside its place and renamed, so a reader never meets half of it."""
import json
import os
import shutil
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from .decoder.config import MARK_CAPACITY, MARKS, DecoderConfig, PortConfig
from .decoder.image_encoder import ImageEncoderConfig
from .tokenizer.model import TokenizerConfig


def describe(decoder: DecoderConfig, ports: PortConfig, tokenizer: TokenizerConfig, encoder: ImageEncoderConfig, pattern: str, grid=(8, 8)) -> dict:
    text = {"name": "text", "open": "<txt>", "close": "</txt>", "offset": MARK_CAPACITY, "size": ports.text,
            "layout": {"kind": "line", "buckets": ports.text_buckets, "maxDistance": ports.text_distance},
            "tokenizer": {"kind": "tiktoken", "file": "text.tiktoken", "pattern": pattern}}
    image = {"name": "image", "open": "<img>", "close": "</img>", "offset": MARK_CAPACITY + ports.text, "size": ports.image,
             "layout": {"kind": "grid", "clip": ports.image_clip, "block": 2},
             "tokenizer": {"kind": "vq", "factor": 8, "codeWidth": tokenizer.code_width, "encoderWidths": list(tokenizer.encoder_widths),
                           "decoderWidths": list(tokenizer.decoder_widths), "blocks": tokenizer.blocks, "grids": [list(grid)]},
             "encoder": encoder.to_json()}
    return {"family": "any-to-any", "format": 1, "decoder": decoder.to_json(), "marks": MARKS,
            "markCapacity": MARK_CAPACITY, "modalities": [text, image]}


def save_weights(model: nn.Module, path: Path) -> None:
    save_file({name: value.detach().float().contiguous().clone() for name, value in model.state_dict().items()}, path)


def write(folder: Path, config: dict, decoder: nn.Module, tokenizer: nn.Module, encoder: nn.Module, ranks: str) -> None:
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (fresh / "text.tiktoken").write_text(ranks, encoding="utf-8")
    save_weights(decoder, fresh / "decoder.safetensors")
    save_weights(tokenizer, fresh / "image-tokenizer.safetensors")
    save_weights(encoder, fresh / "image-encoder.safetensors")
    if folder.exists():
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)
