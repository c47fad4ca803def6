"""Writes the benchmarks' networks as Keras .h5 files: random weights from fixed seeds, one file for each shape.

Usage: models.py FOLDER [NAME…]   A name says what is in it: lstm_16_128 (I 16, H 128), gru_8_32, lstm_128_256_x2 (two layers),
lstm_128_256_bi (bidirectional), gru_8_32_before (resets before the product), lstm_16_32_seq (all steps are returned, as in sequences), lstm_16_32_dense.
"""
from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
CLASSES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def weights(cell: str, features: int, units: int, random: np.random.Generator, before: bool = False) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias, of a size that keeps the gates between their flat ends."""
    width = GATES[cell] * units
    scale = 1 / np.sqrt(units)
    bias = (2, width) if cell == "gru" and not before else (width,)
    return [random.uniform(-scale, scale, size).astype(np.float32) for size in ((features, width), (units, width), bias)]


def layer(cell: str, name: str, units: int, sequences: bool, before: bool = False) -> dict:
    """The layer's configuration as Keras 2 writes it."""
    config = {"name": name, "trainable": True, "dtype": "float32", "return_sequences": sequences, "return_state": False,
              "go_backwards": False, "stateful": False, "unroll": False, "units": units, "activation": "tanh", "use_bias": True,
              "dropout": 0.0, "recurrent_dropout": 0.0, "implementation": 2}
    if cell != "rnn":
        config["recurrent_activation"] = "sigmoid"
    if cell == "gru":
        config["reset_after"] = not before
    return {"class_name": CLASSES[cell], "config": config}


def parse(name: str) -> tuple[str, int, int, int, bool, bool, bool]:
    """Cell, I, H, layers, bidirectional, all steps, dense behind it."""
    words = name.split("_")
    layers = next((int(word[1:]) for word in words[3:] if word[0] == "x"), 1)
    return words[0], int(words[1]), int(words[2]), layers, "bi" in words, "seq" in words, "dense" in words


def network(name: str) -> list[tuple[dict, list[np.ndarray]]]:
    """Each layer's configuration and weights; peers take the same numbers from here."""
    cell, features, units, count, both, sequences, dense = parse(name)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    before = "before" in name.split("_")
    result = []
    for index in range(count):
        inner = layer(cell, f"{cell}_{index}", units, sequences or index + 1 < count, before)
        numbers = weights(cell, features, units, random, before)
        if both:
            numbers += weights(cell, features, units, random, before)
            inner = {"class_name": "Bidirectional", "config": {"name": f"bidirectional_{index}", "trainable": True, "dtype": "float32",
                                                               "layer": inner, "merge_mode": "concat"}}
        result.append((inner, numbers))
        features = units * (2 if both else 1)
    if dense:
        config = {"name": "dense", "trainable": True, "dtype": "float32", "units": 1, "activation": "linear", "use_bias": True}
        result.append(({"class_name": "Dense", "config": config},
                       [random.uniform(-1, 1, (features, 1)).astype(np.float32), np.zeros(1, np.float32)]))
    return result


def write(name: str, path: Path) -> None:
    """The network as a whole-model file of Keras 2."""
    layers = network(name)
    features = parse(name)[1]
    configs = [{"class_name": "InputLayer", "config": {"batch_input_shape": [None, None, features], "dtype": "float32", "sparse": False,
                                                       "ragged": False, "name": "x"}}] + [config for config, _ in layers]
    with h5py.File(path, "w") as file:
        file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2.15.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": name, "layers": configs}})
        root = file.create_group("model_weights")
        root.attrs["backend"], root.attrs["keras_version"] = "tensorflow", "2.15.0"
        root.attrs["layer_names"] = [config["config"]["name"].encode() for config, _ in layers]
        for config, numbers in layers:
            layer_name = config["config"]["name"]
            group = root.create_group(layer_name)
            kinds = ["kernel:0", "bias:0"] if config["class_name"] == "Dense" else ["kernel:0", "recurrent_kernel:0", "bias:0"]
            sides = ["forward/", "backward/"] if config["class_name"] == "Bidirectional" else [""]
            names = [f"{layer_name}/{side}{kind}" for side in sides for kind in kinds]
            group.attrs["weight_names"] = [one.encode() for one in names]
            for one, values in zip(names, numbers):
                group[one] = values


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        path = folder / f"{name}.h5"
        if not path.exists():
            write(name, path)


if __name__ == "__main__":
    main()
