"""Writes a checkpoint directory: config.json, safetensors by part and the text ranks (see README, "Checkpoint").

The directory is written beside its place and renamed, so a reader never meets half of it."""
import json
import os
import shutil
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from .decoder.config import MARK_CAPACITY, MARKS, DecoderConfig, PortConfig
from .sound.codec import CodecConfig
from .tokenizer.model import TokenizerConfig


def describe(decoder: DecoderConfig, ports: PortConfig, tokenizer: TokenizerConfig, codec: CodecConfig | None, encoders: nn.ModuleDict, pattern: str) -> dict:
    text = {"name": "text", "open": "<txt>", "close": "</txt>", "offset": ports.offsets["text"], "size": ports.text,
            "layout": {"kind": "line", "buckets": ports.text_buckets, "maxDistance": ports.text_distance},
            "tokenizer": {"kind": "tiktoken", "file": "text.tiktoken", "pattern": pattern}}
    image = {"name": "image", "open": "<img>", "close": "</img>", "offset": ports.offsets["image"], "size": ports.image,
             "layout": {"kind": "grid", "clip": ports.image_clip, "block": 2},
             "tokenizer": {"kind": "vq", "factor": 8, "codeWidth": tokenizer.code_width, "encoderWidths": list(tokenizer.encoder_widths),
                           "decoderWidths": list(tokenizer.decoder_widths), "blocks": tokenizer.blocks, "grids": [[encoders["image"].config.side // 8] * 2]},
             "encoder": encoders["image"].config.to_json()}
    if ports.image_guide:
        image["guide"] = {"scales": list(ports.image_guide)}
    if codec is None:
        return {"family": "any-to-any", "format": 1, "decoder": decoder.to_json(), "marks": MARKS, "markCapacity": MARK_CAPACITY, "modalities": [text, image]}
    audio = {"name": "audio", "open": "<aud>", "close": "</aud>", "offset": ports.offsets["audio"], "size": ports.audio,
             "layout": {"kind": "line", "buckets": ports.audio_buckets, "maxDistance": ports.audio_distance},
             "tokenizer": {"kind": "sound-codec", **codec.to_json(), "codebooks": 1, "arrangement": "flattened"},
             "encoder": encoders["audio"].config.to_json()}
    return {"family": "any-to-any", "format": 1, "decoder": decoder.to_json(), "marks": MARKS,
            "markCapacity": MARK_CAPACITY, "modalities": [text, image, audio]}


def save_weights(model: nn.Module, path: Path) -> None:
    save_file({name: value.detach().float().cpu().contiguous().clone() for name, value in model.state_dict().items()}, path)


def write(folder: Path, config: dict, parts: dict[str, nn.Module], ranks: str) -> None:
    """`parts`: module by file name."""
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (fresh / "text.tiktoken").write_text(ranks, encoding="utf-8")
    for name, part in parts.items():
        save_weights(part, fresh / f"{name}.safetensors")
    if folder.exists():
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)
