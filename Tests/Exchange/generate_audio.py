#!/usr/bin/env python3
"""Writes small models as audio programs exchange them, with random weights, and what they give, computed in NumPy (reference.py).

    python3 Tests/Exchange/generate_audio.py        writes Tests/Exchange/audio/*.json, *.nam, *.aidax and expected.json
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from reference import FUNCTIONS, run

FOLDER = Path(__file__).resolve().parent / "audio"
STEPS = 24


def numbers(random, *shape):
    return random.uniform(-0.7, 0.7, shape).astype("f4")


def lists(array):
    return np.asarray(array, "f4").astype("f8").tolist()


def causal(x, kernel, bias, dilation):
    size, inputs, filters = kernel.shape
    padded = np.concatenate([np.zeros((x.shape[0], (size - 1) * dilation, x.shape[2])), x], 1)
    groups = x.shape[2] // inputs
    out = np.zeros((x.shape[0], x.shape[1], filters)) + bias
    for tap in range(size):
        part = padded[:, tap * dilation:tap * dilation + x.shape[1]]
        for group in range(groups):
            columns = slice(group * filters // groups, (group + 1) * filters // groups)
            out[:, :, columns] += part[:, :, group * inputs:(group + 1) * inputs] @ kernel[tap][:, columns]
    return out


def rtneural(random):
    """dense, conv1d, prelu, batchnorm, gru, lstm, activation, dense."""
    x = random.uniform(-1, 1, (2, STEPS, 2)).astype("f4")
    dense, conv = (numbers(random, 2, 4), numbers(random, 4)), (numbers(random, 3, 2, 4), numbers(random, 4))
    alpha = numbers(random, 1, 4)
    norm = [numbers(random, 4) + 1, numbers(random, 4), numbers(random, 4), numbers(random, 4) + 1.5]
    gru = {"kernel": numbers(random, 4, 15), "recurrent_kernel": numbers(random, 5, 15), "bias": numbers(random, 2, 15)}
    lstm = {"kernel": numbers(random, 5, 12), "recurrent_kernel": numbers(random, 3, 12), "bias": numbers(random, 12)}
    last = (numbers(random, 3, 1), numbers(random, 1))
    layers = [
        {"type": "dense", "activation": "tanh", "shape": [None, None, 4], "weights": [lists(a) for a in dense]},
        {"type": "conv1d", "activation": "relu", "shape": [None, None, 4], "kernel_size": [3], "dilation": [2], "groups": 2,
         "weights": [lists(a) for a in conv]},
        {"type": "prelu", "shape": [None, None, 4], "weights": [lists(alpha)]},
        {"type": "batchnorm", "shape": [None, None, 4], "epsilon": 0.01, "weights": [lists(a) for a in norm]},
        {"type": "gru", "activation": "tanh", "shape": [None, None, 5], "weights": [lists(a) for a in gru.values()]},
        {"type": "lstm", "activation": "", "shape": [None, None, 3], "weights": [lists(a) for a in lstm.values()]},
        {"type": "activation", "activation": "sigmoid", "shape": [None, None, 3], "weights": []},
        {"type": "time-distributed-dense", "activation": "", "shape": [None, None, 1], "weights": [lists(a) for a in last]},
    ]
    y = np.tanh(x.astype("f8") @ dense[0] + dense[1])
    y = np.maximum(causal(y, conv[0].astype("f8"), conv[1], 2), 0)
    y = np.where(y > 0, y, alpha[0] * y)
    gamma, beta, mean, variance = [a.astype("f8") for a in norm]
    y = (y - mean) / np.sqrt(variance + 0.01) * gamma + beta
    y = run("GRU", {"units": 5, "reset_after": True}, gru, y)[0]
    y = run("LSTM", {"units": 3}, lstm, y)[0]
    y = FUNCTIONS["sigmoid"](y) @ last[0] + last[1]
    return {"in_shape": [None, None, 2], "layers": layers}, x, y


def aidax(random, inputs):
    """LSTM and dense with skip and gains; further inputs are knobs."""
    x = random.uniform(-1, 1, (1, STEPS, inputs)).astype("f4")
    lstm = {"kernel": numbers(random, inputs, 16), "recurrent_kernel": numbers(random, 4, 16), "bias": numbers(random, 16)}
    dense = (numbers(random, 4, 1), numbers(random, 1))
    layers = [{"type": "lstm", "activation": "", "shape": [None, None, 4], "weights": [lists(a) for a in lstm.values()]},
              {"type": "dense", "activation": "", "shape": [None, None, 1], "weights": [lists(a) for a in dense]}]
    gained = x.astype("f8")
    gained[..., 0] *= np.float32(10) ** (np.float32(-6) * np.float32(0.05))
    y = run("LSTM", {"units": 4}, lstm, gained)[0] @ dense[0] + dense[1] + gained[..., :1]
    return {"in_shape": [None, None, inputs], "in_skip": 1, "in_gain": -6, "out_gain": 3.5, "metadata": {"name": "test"}, "layers": layers}, x, \
        y * np.float32(10) ** (np.float32(3.5) * np.float32(0.05))


def guitarml(random, unit, inputs, layers, skip):
    """rec and lin of a state_dict; PyTorch's orientation and, for GRU, its order of gates."""
    gates, kind = {"LSTM": (4, "LSTM"), "GRU": (3, "GRU"), "RNN": (1, "SimpleRNN")}[unit]
    x = random.uniform(-1, 1, (2, STEPS, inputs)).astype("f4")
    state, y = {}, x.astype("f8")
    for layer in range(layers):
        size = inputs if layer == 0 else 6
        own = {"weight_ih": numbers(random, gates * 6, size), "weight_hh": numbers(random, gates * 6, 6), "bias_ih": numbers(random, gates * 6),
               "bias_hh": numbers(random, gates * 6)}
        state.update({"rec.%s_l%d" % (name, layer): lists(a) for name, a in own.items()})

        def turned(a):
            return np.concatenate([np.split(a, 3)[n] for n in (1, 0, 2)]) if unit == "GRU" else a
        weights = {"kernel": turned(own["weight_ih"]).T, "recurrent_kernel": turned(own["weight_hh"]).T,
                   "bias": np.stack([turned(own["bias_ih"]), turned(own["bias_hh"])])}
        y = run(kind, {"units": 6, "reset_after": True}, weights, y)[0]
    lin = numbers(random, 1, 6), numbers(random, 1)
    state.update({"lin.weight": lists(lin[0]), "lin.bias": lists(lin[1])})
    facts = {"model": "SimpleRNN", "input_size": inputs, "skip": skip, "output_size": 1, "unit_type": unit, "num_layers": layers,
             "hidden_size": 6, "bias_fl": True}
    y = y @ lin[0].T + lin[1]
    return {"model_data": facts, "state_dict": state}, x, y + x[..., :skip] if skip else y


def nam(random, inputs, layers, outputs):
    """All weights in one list, with the states that a sequence begins with."""
    hidden, flat, y = 3, [], random.uniform(-1, 1, (2, STEPS, inputs)).astype("f4")
    x = y
    for layer in range(layers):
        size = inputs if layer == 0 else hidden
        matrix, bias, h, c = numbers(random, 4 * hidden, size + hidden), numbers(random, 4 * hidden), numbers(random, hidden), numbers(random, hidden)
        flat += [matrix, bias, h, c]
        weights = {"kernel": matrix[:, :size].T, "recurrent_kernel": matrix[:, size:].T, "bias": bias, "initial_h": h, "initial_c": c}
        y = run("LSTM", {"units": hidden, "stored_initial_state": True}, weights, y)[0]
    head = numbers(random, outputs, hidden), numbers(random, outputs)
    flat += list(head)
    config = {"input_size": inputs, "hidden_size": hidden, "num_layers": layers}
    if outputs > 1:
        config["out_channels"] = outputs
    return {"version": "0.5.4", "architecture": "LSTM", "config": config, "metadata": {"name": "test"}, "sample_rate": 48000,
            "weights": lists(np.concatenate([a.ravel() for a in flat]))}, x, y @ head[0].T + head[1]


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = {}
    cases = {"rtneural.json": rtneural, "mono.aidax": lambda r: aidax(r, 1), "knobs.json": lambda r: aidax(r, 3),
             "proteus.json": lambda r: guitarml(r, "LSTM", 1, 1, 1), "gru.json": lambda r: guitarml(r, "GRU", 2, 2, 1),
             "rnn.json": lambda r: guitarml(r, "RNN", 1, 1, 0), "lstm.nam": lambda r: nam(r, 1, 2, 1), "wide.nam": lambda r: nam(r, 2, 1, 2)}
    for number, (name, make) in enumerate(cases.items()):
        model, x, y = make(np.random.default_rng(100 + number))
        (FOLDER / name).write_text(json.dumps(model) + "\n")
        expected[name] = {"x": lists(x), "y": y.tolist()}
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
