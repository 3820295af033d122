"""Parts of a compiled bundle that stay frozen, as modules."""
import json
from pathlib import Path

import torch.nn.functional as F

from ..decoder.config import DecoderConfig, Grown, PortConfig
from ..decoder.image_encoder import ImageEncoder, ImageEncoderConfig
from ..decoder.model import Decoder
from ..from_bundle import decoder_state, encoder_state, sound_encoder_state, tokenizer_state
from ..sound.encoder import SoundEncoder, SoundEncoderConfig
from ..tokenizer.model import ImageTokenizer, TokenizerConfig
from .growth import grown_decoder


def read_manifest(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))


def open_decoder(bundle: Path, config: dict, grown: Grown, rank: int) -> Decoder:
    """`config`: the decoder's part of a training config, which knows what a manifest does not say."""
    manifest = read_manifest(bundle)
    sizes = {region["modality"]: region["size"] for region in manifest["space"]["regions"]}
    guide = tuple(manifest["ports"]["image"].get("guide", {}).get("scales", ()))
    ports = PortConfig(text=sizes["text"], image=sizes["image"], audio=sizes.get("audio", 0), image_guide=guide, grown=(grown,))
    return grown_decoder(DecoderConfig.from_json(config), ports, decoder_state(bundle, manifest), rank)


def open_reader(bundle: Path) -> ImageEncoder:
    """Pictures -> embeddings."""
    use = read_manifest(bundle)["ports"]["image"]["encoder"]["options"]
    reader = ImageEncoder(ImageEncoderConfig(out=use["width"]))
    reader.load_state_dict(encoder_state(bundle / use["graph"]))
    return reader.eval().requires_grad_(False)


def open_listener(bundle: Path) -> SoundEncoder:
    """Sound -> embeddings."""
    use = read_manifest(bundle)["ports"]["audio"]["encoder"]["options"]
    listener = SoundEncoder(SoundEncoderConfig(out=use["width"]))
    listener.load_state_dict(sound_encoder_state(bundle / use["graph"], use["width"]))
    return listener.eval().requires_grad_(False)


def open_tokenizer(bundle: Path) -> ImageTokenizer:
    """Pictures <-> ids."""
    state = tokenizer_state(bundle, read_manifest(bundle)["ports"]["image"]["tokenizer"]["options"])
    tokenizer = ImageTokenizer(TokenizerConfig(**state["config"]))
    tokenizer.load_state_dict(state["average"])
    tokenizer.codebook.weight.data = F.normalize(tokenizer.codebook.weight.data, dim=1)
    return tokenizer.eval().requires_grad_(False)
