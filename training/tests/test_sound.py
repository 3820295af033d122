"""Sound: codec, encoder and the sequences that hold it."""
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pytest
import torch

from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.grow import load_grown
from any_to_any_training.decoder.layout import buckets, length, sound_ids, text
from any_to_any_training.decoder.loss import losses
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.sequence import IGNORED, collate, heard_part, key, phone_targets, sound_part, text_part
from any_to_any_training.sound.codec import CodecConfig, InverseSpectrum, SoundCodec
from any_to_any_training.sound.disturb import another_throat, disturb, hide
from any_to_any_training.sound.encoder import SoundEncoder, SoundEncoderConfig
from any_to_any_training.sound.mel import HOP, WINDOW, LogMel, fourier_basis
from any_to_any_training.sound.quantise import CodebookTrainer
from any_to_any_training.sound.voices import VOICES, finish, phones_by_frame
from any_to_any_training.sound.warm_encoder import nearness, spell, word_errors

PORTS = PortConfig(text=24, image=20, audio=12)
TINY = CodecConfig(codes=16, codebooks=3, code_width=6, encoder_width=12, encoder_blocks=2, decoder_width=10, decoder_blocks=2)


def test_a_tone_lights_its_mel_band():
    at = torch.arange(3200) / 16000
    low, high = (LogMel()(torch.sin(2 * torch.pi * hz * at)[None])[0, :, -1].argmax().item() for hz in (300, 4000))
    assert low < high and LogMel()(torch.zeros(1, 3200)).shape == (1, 64, 20)


def test_a_mel_frame_sees_nothing_after_its_end():
    samples = torch.randn(1, 1600)
    later = samples.clone()
    later[:, 800:] = 0
    assert torch.equal(LogMel()(samples)[..., :5], LogMel()(later)[..., :5])


def test_inverse_spectrum_gives_the_samples_back():
    samples = torch.randn(1, 4800)
    padded = torch.nn.functional.pad(samples[:, None], (WINDOW - HOP, WINDOW - HOP))
    real, imaginary = torch.nn.functional.conv1d(padded, fourier_basis(WINDOW)[:, None], stride=HOP).chunk(2, 1)
    back = InverseSpectrum()(real, imaginary)[:, WINDOW - HOP : WINDOW - HOP + 4800]
    assert torch.allclose(back, samples, atol=1e-4)


def test_codec_is_causal_both_ways():
    torch.manual_seed(0)
    codec = SoundCodec(TINY).eval()
    samples = torch.randn(1, 3200) * 0.1
    ids = codec.encode(samples, 3)
    assert ids.shape == (1, 3, 10) and codec.decode(ids).shape == (1, 3200)
    assert torch.equal(codec.encode(samples[:, :1600], 3), ids[..., :5])
    assert torch.allclose(codec.decode(ids[..., :5])[:, : 1600 - 480], codec.decode(ids)[:, : 1600 - 480], atol=1e-5)


def test_the_first_codebook_alone_is_the_same_codec():
    codec = SoundCodec(TINY).eval()
    samples = torch.randn(1, 1600)
    assert torch.equal(codec.first_codebook().encode(samples, 1), codec.encode(samples, 1))


def test_residual_quantiser_by_hand():
    codec = SoundCodec(replace(TINY, codes=2, codebooks=2, code_width=1))
    codec.codebooks[0].weight[:] = torch.tensor([[0.0], [4.0]])
    codec.codebooks[1].weight[:] = torch.tensor([[-1.0], [1.0]])
    ids, vectors = codec.quantise(torch.tensor([[[5.0], [-2.0]]]), 2)
    assert ids.tolist() == [[[1, 0], [1, 0]]] and vectors.flatten().tolist() == [5.0, -1.0]


def test_dead_codes_restart():
    codec = SoundCodec(TINY)
    trainer = CodebookTrainer(codec.codebooks[0])
    trainer.counts[3] = 0.0
    vectors = torch.randn(64, 6)
    assert trainer.update(vectors, torch.zeros(64, dtype=torch.long)) >= 1


def test_encoder_hears_any_length():
    encoder = SoundEncoder(SoundEncoderConfig(fine=8, fine_blocks=1, coarse=12, coarse_blocks=1, out=16)).eval()
    assert encoder(torch.randn(2, 1280)).shape == (2, 1, 16) and encoder(torch.randn(1, 5120)).shape == (1, 4, 16)


def test_sound_uses_its_own_buckets():
    table = buckets((text(3), sound_ids(3)), PORTS)
    first = 1 + PORTS.text_buckets + PORTS.image_buckets
    assert table[9, 7] == first + 2 and table[4, 2] == 1 + 2 and table[9, 3] == 0


def test_a_shorter_last_segment_is_padded_and_not_asked():
    examples = [(text_part([1, 2], 0.1), sound_part(np.arange(n), 1.0)) for n in (5, 3)]
    assert key(examples[0]) == key(examples[1])
    batch = collate(examples, PORTS, 0.0, 0.0, np.random.default_rng(0))
    assert batch.ids.shape == (2, length((text(2), sound_ids(5))))
    at, targets, _ = batch.asked["audio"]
    assert targets[0].tolist() == [0, 1, 2, 3, 4, 12] and targets[1].tolist() == [0, 1, 2, 12, IGNORED, IGNORED]
    assert batch.ids[1, at[0] + 1 :].tolist()[:5] == [PORTS.offsets["audio"] + i for i in (0, 1, 2)] + [0, 0]
    assert batch.asked["marks"][1][1].tolist()[-1] == IGNORED and batch.asked["marks"][1][0].tolist()[-1] == 2


def test_what_is_heard_comes_in_embeddings():
    example = (heard_part(np.zeros(2560, np.float32), 1280), text_part([1], 1.0))
    batch = collate([example, example], PORTS, 0.0, 0.0, np.random.default_rng(0))
    assert batch.contents[0].shape == (2, 2560) and batch.layout[0].length == 2


def test_growing_keeps_what_is_there():
    config = DecoderConfig(width=32, layers=1, heads=2, kv_heads=2, head_width=16, feed_forward=32)
    small, large = Decoder(config, replace(PORTS, audio=4)), Decoder(config, PORTS)
    state = {name: value[:3] if "type.embedding" in name else value for name, value in small.state_dict().items()}
    grown = load_grown(large, state)
    assert grown == ["layers.0.type.embedding", "ports.audio.embedding", "ports.audio.head.weight"]
    assert torch.equal(large.ports["text"].head.weight, small.ports["text"].head.weight)
    with pytest.raises(ValueError, match="no nonsense"):
        load_grown(large, state | {"nonsense": torch.zeros(1)})


def test_best_path_and_word_errors_by_hand():
    path = torch.nn.functional.one_hot(torch.tensor([[2, 0, 0, 2, 0, 1, 1]]), 3).float()
    assert spell(path) == [[0, 0, 1]]
    assert word_errors("a red dog", "a dog") == (1, 2) and word_errors("", "a dog") == (2, 2)


def test_clips_are_trimmed_to_whole_frames():
    loud = np.concatenate([np.zeros(8000), np.sin(np.arange(4000)), np.zeros(8000)]).astype(np.float32)
    clip = finish(loud, loudness=0.08)
    assert len(clip) % 320 == 0 and 4000 <= len(clip) < 6000 and abs(clip).max() <= 0.96 * 32767


def test_one_voice_of_each_language_is_never_trained():
    assert {voice.language for voice in VOICES.values() if voice.held_out} == {"en", "ko"}


def test_the_phone_of_a_frame_is_the_one_at_its_middle():
    told = "pau:0.050 ax:0.080 r:0.100 pau:0.300 \n"
    assert phones_by_frame(told, start=640, frames=4) == ("pau", "ax", "r", "pau")  # middles at 0.05, 0.07, 0.09, 0.11 s
    assert phones_by_frame("", start=0, frames=2) == ("", "")


def test_phone_targets_are_the_phone_and_the_next_other_one():
    expected = [[3, 5], [3, 5], [5, IGNORED], [IGNORED, IGNORED], [IGNORED, IGNORED]]
    assert phone_targets((3, 3, 5, 0), 5).tolist() == expected


def test_phones_are_learnt_beside_the_ids():
    torch.manual_seed(0)
    decoder, heads = Decoder(DecoderConfig(width=32, layers=1, heads=2, kv_heads=2, head_width=16, feed_forward=32), PORTS), torch.nn.Linear(32, 2 * 6)
    example = (text_part([1, 2], 0.1), sound_part(np.array([4, 5, 6]), 1.0, np.array([2, 2, 5])))
    batch = collate([example] * 2, PORTS, 0.0, 0.0, np.random.default_rng(0))
    plain, _ = losses(decoder, torch.nn.ModuleDict(), batch)
    loss, log = losses(decoder, torch.nn.ModuleDict(), batch, heads)
    assert loss > plain and {"phones", "next phones"} <= log.keys()
    loss.backward()
    assert heads.weight.grad.abs().sum() > 0


def test_another_throat_moves_bands_and_keeps_the_shape():
    random, mel = np.random.default_rng(1), torch.zeros(2, 64, 20)
    mel[:, 30] = 1
    changed = another_throat(mel, random)
    peaks = {another_throat(mel, random)[0, :, 0].argmax().item() for _ in range(20)}
    assert changed.shape == mel.shape and min(peaks) < 30 < max(peaks)
    assert torch.equal(changed[0], changed[1]) and not torch.equal(hide(mel + 1, random), mel + 1)
    assert disturb(np.ones(4000, np.float32), random).dtype == np.float32


def test_what_is_heard_is_near_the_word_it_spells():
    table = torch.eye(4)
    logits = torch.full((1, 2, 5), -20.0)
    logits[0, 0, 1], logits[0, 1, 4] = 20, 20  # the word 1, then the blank
    seen = torch.stack([table[1], torch.ones(4)])[None]
    assert nearness(seen, logits, table) < 1e-6 < nearness(seen.flip(1), logits, table)
