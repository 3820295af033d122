"""Fast checks of the sensor recipe:  python -m pytest tests/test_sensor.py"""
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

import sensor


def test_patches_by_hand():
    """Twelve values of mean square 25, so a loudness of 5; the step that is left is repeated."""
    data = np.array([[1, 7, 5]] * 4 + [[3, 3, 3]], np.float32)
    rows = sensor.patches(data)
    assert rows.shape == (2, 13)
    assert np.allclose(rows[0], [0.2, 1.4, 1.0] * 4 + [np.log(5)], atol=1e-5)
    assert np.allclose(rows[1], [1] * 12 + [np.log(3)], atol=1e-5)


def test_encoder_file_is_gain_projection_bias():
    encoder = sensor.SeriesEncoder(2)
    with torch.no_grad():
        encoder.gain[:] = torch.arange(12.0)
        encoder.projection.weight[:] = torch.tensor([[10.0], [20.0]])
        encoder.projection.bias[:] = torch.tensor([7.0, 8.0])
    assert np.frombuffer(encoder.file(), "<f4").tolist() == [*range(12), *[10.0, 20.0] * 13, 7.0, 8.0]


def test_padding_changes_nothing():
    torch.manual_seed(0)
    decoder, encoder = sensor.SensorDecoder(replace(sensor.MODEL, layers=1)), sensor.SeriesEncoder(64)
    torch.nn.init.normal_(decoder.buckets.weight)
    random = np.random.default_rng(0)
    short, long = (random.normal(size=(n, 13)).astype(np.float32) for n in (3, 9))

    def hidden(batch):
        x = sensor.embed(decoder, encoder, batch)
        return decoder(x, torch.zeros_like(batch.ids), torch.arange(x.shape[1]), batch.buckets())[0]

    with torch.no_grad():
        alone, beside = hidden(sensor.Batch([short], [[5, 6]])), hidden(sensor.Batch([short, long], [[5, 6], [7] * 9]))
    assert torch.allclose(alone[0], beside[0, : alone.shape[1]], atol=1e-5)


def test_sequence_and_what_is_asked():
    batch = sensor.Batch([np.zeros((2, 13), np.float32)], [[5, 6]])
    first = sensor.CAPACITY
    assert batch.ids[0].tolist() == [sensor.BEGIN, sensor.MOTION, 0, 0, sensor.MOTION_END, sensor.TEXT, first + 5, first + 6, sensor.TEXT_END, sensor.END]
    assert batch.asked["text"] == [(0, 5, 5), (0, 6, 6), (0, 7, sensor.VOCABULARY)]
    assert batch.asked["marks"] == [(0, 4, sensor.TEXT), (0, 8, sensor.END)]
    buckets = batch.buckets()[0]
    assert buckets[3, 2] == 1 + sensor.TEXT_BUCKETS + 1 and buckets[7, 6] == 2 and buckets[7, 3] == 0 and buckets[5, 4] == 0
