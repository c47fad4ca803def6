"""Recurrent cells in plain NumPy, double precision, straight from the equations: what the exchange formats must give.

Weights are in the layout of the model: kernel [I, gates · H] with the gates i, f, g, o (LSTM) or z, r, n (GRU).
"""
from __future__ import annotations

import numpy as np

FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x,
    "softsign": lambda x: x / (1 + np.abs(x)), "softplus": lambda x: np.log1p(np.exp(x)),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1), "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}


def double(weights):
    return {name: np.asarray(array, "f8") for name, array in weights.items()}


def normalized(x, gamma, beta, epsilon):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + epsilon) * gamma + beta


def run(kind, config, weights, x, lengths=None, states=None):
    """All outputs [N, T, P or H] in the order of time, and the final states."""
    w = double(weights)
    units = config["units"]
    rows, steps, _ = x.shape
    size = config.get("projection") or units
    h, c = np.zeros((rows, size)), np.zeros((rows, units))
    if config.get("stored_initial_state"):
        h = np.tile(w["initial_h"], (rows, 1))
        c = np.tile(w["initial_c"], (rows, 1)) if kind == "LSTM" else c
    if states is not None:
        h = np.asarray(states[0], "f8")
        c = np.asarray(states[1], "f8") if kind == "LSTM" else c
    y = np.zeros((rows, steps, size))
    gates = {name: np.zeros((rows, steps, units)) for name in ("input", "forget", "candidate", "output_gate", "cell")}
    for t in reversed(range(steps)) if config.get("go_backwards") else range(steps):
        new_h, new_c, made = {"LSTM": lstm, "GRU": gru, "SimpleRNN": simple}[kind](config, w, x[:, t].astype("f8"), h, c)
        real = np.ones((rows, 1), bool) if lengths is None else (t < np.asarray(lengths).ravel())[:, None]
        h, c = np.where(real, new_h, h), np.where(real, new_c, c)
        y[:, t] = np.where(real, new_h, 0)
        for name, values in made.items():
            gates[name][:, t] = values
    return y, h, c, gates


def limited(config, x):
    return np.clip(x, -config["clip"], config["clip"]) if config.get("clip") else x


def bias_of(config, w, width):
    if "bias" not in w:
        return np.zeros(width), np.zeros(width)
    return (w["bias"][0], w["bias"][1]) if w["bias"].ndim == 2 else (w["bias"], np.zeros(width))


def lstm(config, w, x, h, c):
    units = config["units"]
    act, rec = FUNCTIONS[config.get("activation", "tanh")], FUNCTIONS[config.get("recurrent_activation", "sigmoid")]
    out = FUNCTIONS[config.get("output_activation", config.get("activation", "tanh"))]
    epsilon = config.get("layer_normalization_epsilon", 1e-3)
    first, second = bias_of(config, w, 4 * units)
    norm = config.get("layer_normalization")
    if norm == "products":
        a = normalized(x @ w["kernel"], w["kernel_gamma"], w["kernel_beta"], epsilon) \
            + normalized(h @ w["recurrent_kernel"], w["recurrent_gamma"], w["recurrent_beta"], epsilon) + first
    else:
        a = x @ w["kernel"] + h @ w["recurrent_kernel"] + first + second
    parts = np.split(a, 4, -1)
    if norm == "gates":
        parts = [normalized(p, g, b, epsilon) for p, g, b in zip(parts, np.split(w["gates_gamma"], 4), np.split(w["gates_beta"], 4))]
    i, f, g, o = parts
    p = w.get("peephole_kernel", np.zeros((3, units)))
    i = rec(limited(config, i + p[0] * c))
    f = 1 - i if config.get("input_forget") else rec(limited(config, f + p[1] * c))
    g = act(limited(config, g))
    c = f * c + i * g
    if norm:
        c = normalized(c, w["state_gamma"], w["state_beta"], epsilon)
    o = rec(limited(config, o + p[2] * c))
    h = o * out(c)
    if config.get("projection"):
        h = h @ w["projection_kernel"]
    return h, c, {"input": i, "forget": f, "candidate": g, "output_gate": o, "cell": c}


def gru(config, w, x, h, c):
    units = config["units"]
    act, rec = FUNCTIONS[config.get("activation", "tanh")], FUNCTIONS[config.get("recurrent_activation", "sigmoid")]
    first, second = bias_of(config, w, 3 * units)
    zx, rx, nx = np.split(x @ w["kernel"] + first, 3, -1)
    recurrent = np.split(w["recurrent_kernel"], 3, -1)
    bz, br, bn = np.split(second, 3)
    z = rec(limited(config, zx + h @ recurrent[0] + bz))
    r = rec(limited(config, rx + h @ recurrent[1] + br))
    n = nx + (r * (h @ recurrent[2] + bn) if config.get("reset_after") else (r * h) @ recurrent[2] + bn)
    n = act(limited(config, n))
    return z * h + (1 - z) * n, c, {}


def simple(config, w, x, h, c):
    first, second = bias_of(config, w, config["units"])
    act = FUNCTIONS[config.get("activation", "tanh")]
    return act(limited(config, x @ w["kernel"] + h @ w["recurrent_kernel"] + first + second)), c, {}


def shapes(kind, config, inputs):
    """The weights that a cell needs, in order."""
    units, gates = config["units"], {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[kind]
    size = config.get("projection") or units
    found = {"kernel": (inputs, gates * units), "recurrent_kernel": (size, gates * units)}
    if config.get("use_bias", True):
        two = config.get("recurrent_bias") or (kind == "GRU" and config.get("reset_after"))
        found["bias"] = (2, gates * units) if two else (gates * units,)
    if config.get("peepholes"):
        found["peephole_kernel"] = (3, units)
    if config.get("projection"):
        found["projection_kernel"] = (units, size)
    for group in {"gates": ["gates"], "products": ["kernel", "recurrent"]}.get(config.get("layer_normalization"), []):
        found[group + "_gamma"] = found[group + "_beta"] = (4 * units,)
    if config.get("layer_normalization"):
        found["state_gamma"] = found["state_beta"] = (units,)
    if config.get("stored_initial_state"):
        found["initial_h"] = (size,)
        if kind == "LSTM":
            found["initial_c"] = (units,)
    return found
