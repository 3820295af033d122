"""Decoder and encoder shapes; the fields are those of the checkpoint's config.json, in camelCase there."""
from dataclasses import asdict, dataclass, fields

MARKS = ["<pad>", "<s>", "</s>", "<txt>", "</txt>", "<img>", "</img>", "<aud>", "</aud>"]
MARK_CAPACITY = 32


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True)
class DecoderConfig:
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 4
    head_width: int = 64
    feed_forward: int = 704
    context: int = 512
    rope_theta: float = 10000
    norm_epsilon: float = 1e-6
    qk_norm: bool = True
    buckets: bool = True
    type_embedding: bool = True
    lora_rank: int = 0
    head_scale: bool = False
    gated_residual: bool = False

    def to_json(self) -> dict:
        return {camel(key): value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: dict) -> "DecoderConfig":
        names = {camel(field.name): field.name for field in fields(cls)}
        return cls(**{names[key]: value for key, value in values.items()})


@dataclass(frozen=True)
class PortConfig:
    """Vocabulary sizes of the id modalities, in the order of their regions, and the relative-position tables."""

    text: int = 2048
    image: int = 2048
    audio: int = 2048  # 0: a model without sound
    image_guide: tuple[float, ...] = ()  # scales of guidance that the image port takes as a condition, ascending
    text_buckets: int = 32
    text_distance: int = 128
    image_clip: int = 7
    audio_buckets: int = 32
    audio_distance: int = 128

    @property
    def image_buckets(self) -> int:
        return (2 * self.image_clip + 1) ** 2

    @property
    def buckets(self) -> int:
        return 1 + self.text_buckets + self.image_buckets + (self.audio_buckets if self.audio else 0)

    @property
    def modalities(self) -> int:
        """Mix-in indices: 0 marks, 1 text, 2 image, 3 audio."""
        return 4 if self.audio else 3

    @property
    def offsets(self) -> dict[str, int]:
        """Global id of each region's first id."""
        return {"text": MARK_CAPACITY, "image": MARK_CAPACITY + self.text, "audio": MARK_CAPACITY + self.text + self.image}
