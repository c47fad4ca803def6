"""The layers beside the recurrent ones, inference and training steps, ours and PyTorch's, one thread, in turns in one run.

Usage: build/peers-venv/bin/python Benchmarks/peers/layers.py   (`make bench-peers` installs what it needs)
"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python"))
from liblstm import Input, Model, Sequential, Trainer, layers  # noqa: E402

ROUNDS, SECONDS = 5, 0.1
Row = tuple[str, Callable[[], Any], Callable[[], Any]]
random = np.random.default_rng(0)


def ours(shape: tuple[int, ...], *stack: Any) -> Callable[[], Any]:
    """A prediction of a stack of layers."""
    model = Sequential([Input(shape[1:]), *stack], seed=1)
    x = random.uniform(-1, 1, shape).astype(np.float32)
    return lambda: model.predict(x, batch_size=shape[0])


def attention(shape: tuple[int, ...], layer: Any, twice: bool) -> Callable[[], Any]:
    """A prediction of a layer that attends to its own input."""
    given = Input(shape[1:])
    model = Model(given, layer([given, given]) if twice else layer(given, given))
    x = random.uniform(-1, 1, shape).astype(np.float32)
    return lambda: model.predict(x, batch_size=shape[0])


def rows() -> list[Row]:
    """What is measured: a name, ours, PyTorch's with the order of dimensions that it prefers."""
    sequence, wide = torch.randn(32, 100, 256), (32, 100, 256)
    channels, query = torch.randn(32, 64, 200), torch.randn(8, 200, 128)
    conv, small, dense, timed = nn.Conv1d(64, 128, 5), nn.Conv1d(8, 32, 3, padding=1), nn.Linear(512, 512), nn.Linear(128, 64)
    norm, batch_norm, heads, table = nn.LayerNorm(256), nn.BatchNorm1d(256).eval(), nn.MultiheadAttention(128, 8, batch_first=True).eval(), nn.Embedding(1000, 64)
    long, short, flat, steps = torch.randn(8, 64, 1004), torch.randn(32, 8, 200), torch.randn(256, 512), torch.randn(32, 100, 128)
    turned, last, tokens = torch.randn(32, 256, 100), torch.randn(32, 200, 64), torch.randint(0, 1000, (32, 200))
    activations: list[Row] = [
        (f"{name} [32, 100, 256]", ours(wide, layers.Activation(name)), lambda f=function: f(sequence))
        for name, function in (("tanh", torch.tanh), ("gelu", F.gelu), ("softmax", lambda x: F.softmax(x, -1)), ("elu", F.elu), ("swish", F.silu))]
    return [
        ("Conv1D 64 → 128, 5 [8, 1000]", ours((8, 1000, 64), layers.Conv1D(128, 5, padding="causal")), lambda: conv(long)),
        ("Conv1D 8 → 32, 3, relu [32, 200]", ours((32, 200, 8), layers.Conv1D(32, 3, padding="same", activation="relu")), lambda: F.relu(small(short))),
        ("Dense 512 → 512, relu [256]", ours((256, 512), layers.Dense(512, activation="relu")), lambda: F.relu(dense(flat))),
        ("Dense 128 → 64 [32, 100]", ours((32, 100, 128), layers.TimeDistributed(layers.Dense(64))), lambda: timed(steps)),
        ("Attention [8, 200, 128]", attention((8, 200, 128), layers.Attention(), True),
         lambda: F.scaled_dot_product_attention(query, query, query, scale=1.0)),
        ("MultiHeadAttention 8 × 16 [8, 200, 128]", attention((8, 200, 128), layers.MultiHeadAttention(8, 16), False),
         lambda: heads(query, query, query, need_weights=False)),
        ("LayerNormalization [32, 100, 256]", ours(wide, layers.LayerNormalization()), lambda: norm(sequence)),
        ("BatchNormalization [32, 100, 256]", ours(wide, layers.BatchNormalization()), lambda: batch_norm(turned)),
        ("MaxPooling1D 2 [32, 200, 64]", ours((32, 200, 64), layers.MaxPooling1D(2)), lambda: F.max_pool1d(channels, 2)),
        ("GlobalAveragePooling1D [32, 200, 64]", ours((32, 200, 64), layers.GlobalAveragePooling1D()), lambda: last.mean(1)),
        ("Embedding 1000, 64 [32, 200]", ours((32, 200), layers.Embedding(1000, 64)), lambda: table(tokens)),
        *activations,
        ("a copy [32, 100, 256]", ours(wide, layers.Reshape((100, 256))), sequence.clone)]


class Chain(nn.Module):
    """Modules, and how they follow each other."""

    def __init__(self, forward: Callable[[nn.ModuleList, Any], Any], *modules: nn.Module) -> None:
        super().__init__()
        self.parts, self.chain = nn.ModuleList(modules), forward

    def forward(self, x: Any) -> Any:
        return self.chain(self.parts, x)


def our_step(shape: tuple[int, ...], out: int, stack: Any) -> Callable[[], Any]:
    """Forward, backward and Adam of a stack of layers or of a functional model."""
    model = stack if isinstance(stack, Model) else Sequential([Input(shape[1:]), *stack], seed=1)
    trainer = Trainer(model, loss="mse", optimizer="adam")
    x, y = (random.uniform(-1, 1, size).astype(np.float32) for size in (shape, (shape[0], out)))
    return lambda: trainer.train_batch(x, y)


def their_step(x: Any, out: int, model: nn.Module) -> Callable[[], Any]:
    """The same in PyTorch."""
    adam, y = torch.optim.Adam(model.parameters(), fused=True), torch.randn(x.shape[0], out)

    def step() -> None:
        adam.zero_grad()
        F.mse_loss(model(x), y).backward()
        adam.step()

    return step


def training_rows() -> list[Row]:
    """Small networks with one of the layers each."""
    given = Input((200, 128))
    attending = Model(given, layers.Dense(10)(layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(8, 16)(given, given))))
    made = layers.TimeDistributed(layers.Dense(128))(given)
    looking = Model(given, layers.Dense(10)(layers.GlobalAveragePooling1D()(layers.Attention()([made, made]))))
    return [
        ("Dense 512-512-10, relu [256, 512]", our_step((256, 512), 10, [layers.Dense(512, activation="relu"), layers.Dense(512, activation="relu"), layers.Dense(10)]),
         their_step(torch.randn(256, 512), 10, nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)))),
        ("Conv1D 64 → 128, 5, average [8, 1000]", our_step((8, 1000, 64), 10, [layers.Conv1D(128, 5, padding="causal"), layers.GlobalAveragePooling1D(), layers.Dense(10)]),
         their_step(torch.randn(8, 64, 1004), 10, Chain(lambda m, x: m[1](m[0](x).mean(2)), nn.Conv1d(64, 128, 5), nn.Linear(128, 10)))),
        ("Conv1D 8 → 32, 3, relu, max 2, LSTM 64 [32, 200]",
         our_step((32, 200, 8), 1, [layers.Conv1D(32, 3, padding="same", activation="relu"), layers.MaxPooling1D(2), layers.LSTM(64), layers.Dense(1)]),
         their_step(torch.randn(32, 8, 200), 1, Chain(lambda m, x: m[2](m[1](F.max_pool1d(F.relu(m[0](x)), 2).transpose(1, 2))[0][:, -1]),
                                                      nn.Conv1d(8, 32, 3, padding=1), nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 1)))),
        ("MultiHeadAttention 8 × 16, average [8, 200, 128]", our_step((8, 200, 128), 10, attending),
         their_step(torch.randn(8, 200, 128), 10, Chain(lambda m, x: m[1](m[0](x, x, x, need_weights=False)[0].mean(1)),
                                                        nn.MultiheadAttention(128, 8, batch_first=True), nn.Linear(128, 10)))),
        ("Dense 128, Attention, average [8, 200, 128]", our_step((8, 200, 128), 10, looking),
         their_step(torch.randn(8, 200, 128), 10, Chain(lambda m, x: m[1](F.scaled_dot_product_attention(*3 * [m[0](x)], scale=1.0).mean(1)),
                                                        nn.Linear(128, 128), nn.Linear(128, 10)))),
        ("Conv1D 8 → 32, 3, BatchNormalization, relu, average [32, 200]",
         our_step((32, 200, 8), 10, [layers.Conv1D(32, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu"),
                                     layers.GlobalAveragePooling1D(), layers.Dense(10)]),
         their_step(torch.randn(32, 8, 200), 10, Chain(lambda m, x: m[2](F.relu(m[1](m[0](x))).mean(2)),
                                                       nn.Conv1d(8, 32, 3, padding=1), nn.BatchNorm1d(32), nn.Linear(32, 10)))),
        ("LayerNormalization, Dense 256 gelu, average [32, 100, 256]",
         our_step((32, 100, 256), 1, [layers.LayerNormalization(), layers.TimeDistributed(layers.Dense(256, activation="gelu")),
                                      layers.GlobalAveragePooling1D(), layers.Dense(1)]),
         their_step(torch.randn(32, 100, 256), 1, Chain(lambda m, x: m[2](F.gelu(m[1](m[0](x))).mean(1)), nn.LayerNorm(256), nn.Linear(256, 256), nn.Linear(256, 1)))),
        ("SimpleRNN 64 [32, 100, 64]", our_step((32, 100, 64), 1, [layers.SimpleRNN(64), layers.Dense(1)]),
         their_step(torch.randn(32, 100, 64), 1, Chain(lambda m, x: m[1](m[0](x)[0][:, -1]), nn.RNN(64, 64, batch_first=True), nn.Linear(64, 1)))),
    ]


def least(run: Callable[[], Any]) -> float:
    """The least time of a call, in milliseconds."""
    run()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begun = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begun)
    return 1e3 * best


def measure(name: str, mine: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    """A line of the table."""
    pairs = [(least(mine), least(theirs)) for _ in range(ROUNDS)]
    a, b = (min(times) for times in zip(*pairs))
    print(f"| {name} | {a:.3f} | {b:.3f} ({b / a:.2f}) |", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    print(f"| | ours, ms | PyTorch {torch.__version__} (÷ ours) |\n| --- | --- | --- |")
    with torch.no_grad():
        for row in rows():
            measure(*row)
    for name, mine, theirs in training_rows():
        measure(f"training {name}", mine, theirs)


if __name__ == "__main__":
    main()
