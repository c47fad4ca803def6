"""Runs a chain of layers in PyTorch, with modules that take their weights from a file that liblstm wrote.

What the file does not say, since a state_dict says it neither (which layer follows which, activations between them), comes from the
model's layers.
"""
import json

import h5py
import torch
from safetensors import safe_open
from torch import nn

ACTIVATIONS = {"linear": lambda x: x, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
               "softmax": lambda x: torch.softmax(x, -1), "softplus": nn.functional.softplus}
RECURRENT = {"LSTM": nn.LSTM, "GRU": nn.GRU, "SimpleRNN": nn.RNN, "CuDNNLSTM": nn.LSTM, "CuDNNGRU": nn.GRU}
NOTHING = {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization", "InputLayer"}


def state(path):
    """What the file holds, and what it says of the modules."""
    if path.endswith(".safetensors"):
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["architecture"])
    with h5py.File(path, "r") as file:
        return {name: torch.from_numpy(file[name][()]) if file[name].shape else torch.tensor(file[name][()]) for name in file}, \
            json.loads(file.attrs["architecture"])


def module(said, arrays):
    """A module of PyTorch, filled strictly."""
    said = dict(said)
    kind = said.pop("type")
    if kind == "nn.BatchNorm1d":
        said["num_features"] = len(arrays["running_mean"])
        said["affine"] = "weight" in arrays
    if kind == "nn.LayerNorm":
        said["normalized_shape"] = tuple(arrays["weight"].shape)
    if kind == "nn.Linear":
        said["bias"] = "bias" in arrays
    made = getattr(nn, kind[3:])(**said).to(next(iter(arrays.values())).dtype).eval()
    made.load_state_dict(arrays, strict=True)
    return made


def network(model, path, skipped):
    """A function of one input. `skipped` is raised for what is no plain chain."""
    arrays, said = state(path)
    parts = {}
    for name, words in said.items():
        own = {key[len(name) + 1:]: value for key, value in arrays.items() if key.rpartition(".")[0] == name}
        if words["type"] in ("nn.Conv1d", "nn.PReLU"):
            continue
        parts[name] = module(words, own)
    steps = []
    if len(model.inputs) > 1 or len(model.outputs) > 1 or model.stateful:
        raise skipped("it is no chain")
    for layer in model.layers:
        steps.append(step(layer, parts, skipped))

    def run(x):
        value = torch.from_numpy(x)
        with torch.no_grad():
            for one in steps:
                value = one(value)
        return value.numpy()

    return run


def step(layer, parts, skipped):
    """A layer as a function."""
    options, kind = layer.options, layer.type
    if kind in NOTHING:
        return lambda x: x
    part = parts.get(layer.name.replace("/", "."))
    if kind in ("Dense", "TimeDistributed") and part is not None:
        inner = options if kind == "Dense" else options["layer"]["config"]
        if kind == "TimeDistributed" and options["layer"]["class_name"] != "Dense" or inner["activation"] not in ACTIVATIONS:
            raise skipped("it has a layer %s" % kind)
        return lambda x: ACTIVATIONS[inner["activation"]](part(x.to(part.weight.dtype)))
    if kind == "Embedding" and not options.get("mask_zero"):
        return lambda x: part(x.long())
    if kind == "LayerNormalization":
        return part
    if kind == "BatchNormalization":
        return lambda x: part(x.transpose(1, -1)).transpose(1, -1) if x.dim() == 3 else part(x)
    if kind == "Bidirectional" and options.get("merge_mode") == "concat" and options["layer"]["class_name"] in RECURRENT:
        whole = options["layer"]["config"].get("return_sequences")

        def both(x):
            every, last = part(x.to(part.weight_ih_l0.dtype))
            last = last[0] if isinstance(last, tuple) else last
            return every if whole else torch.cat([last[0], last[1]], -1)
        return both
    if (kind in RECURRENT or kind == "RNN" and "cells" not in str(options)) and not options.get("return_state") and not options.get("time_major"):
        return lambda x: part(x.to(part.weight_ih_l0.dtype))[0] if options.get("return_sequences") else part(x.to(part.weight_ih_l0.dtype))[0][:, -1]
    raise skipped("it has a layer %s" % kind)
