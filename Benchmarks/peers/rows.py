"""The rows of the comparison: what is done, with which shape, by which peers, and what is to be reached."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

STREAM_PEERS = ("onednn", "onednn3", "onnxruntime", "openvino", "torch")
SEQUENCE_PEERS = STREAM_PEERS
TRAIN_PEERS = ("torch", "tensorflow", "onednn", "onednn3")
# What a peer computes with where it has not what the row asks for: ONNX Runtime's LSTM knows float32 and int8, OpenVINO's float32 and bf16.
# Their int8 is our w8a8; beside our int8, which keeps 16 bits of activations, they compute the same.
INSTEAD = {("bf16", "onnxruntime"): "float32", ("int8", "openvino"): "bf16", ("w8a8", "openvino"): "bf16"}
INSTEAD |= {("w8a8", peer): "int8" for peer in ("onednn", "onednn3", "onnxruntime", "torch")}
# Where the processor multiplies no bf16, peers are faster in float32.
HAS_BF16 = any(flag in Path("/proc/cpuinfo").read_text().split() for flag in ("avx512_bf16", "amx_bf16", "bf16"))
HEADER = Path(__file__).resolve().parent.parent.parent / "include" / "lstm.h"


@dataclass(frozen=True)
class Row:
    """One line of the table. `kind`: stream (one instant), seq (a sequence), train (forward, backward, Adam)."""

    kind: str
    cell: str
    inputs: int
    units: int
    batch: int = 1
    steps: int = 100
    layers: int = 1
    directions: int = 1
    threads: int = 1
    weights: str = "float32"
    peers: tuple[str, ...] = field(default=())
    # How many times as fast as the peer named (or the best one) ours is to be.
    target: float = 1.0
    against: str = ""

    @property
    def model(self) -> str:
        """The network's name as Benchmarks/models.py understands it."""
        words = [self.cell, str(self.inputs), str(self.units)]
        words += [f"x{self.layers}"] if self.layers > 1 else []
        words += ["bi"] if self.directions > 1 else []
        words += {"stream": [], "seq": ["seq"], "train": ["dense"]}[self.kind]
        return "_".join(words)

    def computes(self, peer: str) -> str:
        """The type that this peer computes with."""
        found = INSTEAD.get((self.weights, peer), self.weights)
        return "float32" if found == "bf16" and peer != "ours" and not HAS_BF16 else found

    @property
    def name(self) -> str:
        """What the table says, and what WORDS is compared with."""
        text = f"{self.kind} {self.cell} I{self.inputs} H{self.units}"
        if self.kind != "stream":
            text += f" B{self.batch} T{self.steps}"
        text += f" {self.layers} layers" if self.layers > 1 else ""
        text += " bidirectional" if self.directions > 1 else ""
        text += f" {self.weights}" if self.weights != "float32" else ""
        return text + f" {self.threads} thread{'s' if self.threads > 1 else ''}"


def all_rows() -> list[Row]:
    """Every row, in the order of the table."""
    rows = []
    for inputs, units in ((1, 8), (1, 16), (1, 20), (8, 32), (1, 40), (1, 64), (16, 128), (40, 256), (64, 512), (128, 1024)):
        rows.append(Row("stream", "lstm", inputs, units, peers=STREAM_PEERS))
    for inputs, units in ((16, 128), (40, 256), (64, 512), (128, 1024)):
        rows.append(Row("stream", "lstm", inputs, units, threads=2, peers=STREAM_PEERS))
    for inputs, units in ((1, 16), (8, 32), (16, 128), (40, 256)):
        rows.append(Row("stream", "gru", inputs, units, peers=STREAM_PEERS))
    for inputs, units in ((16, 128), (40, 256)):
        rows.append(Row("stream", "gru", inputs, units, threads=2, peers=STREAM_PEERS))
    shapes = ((16, 32), (64, 128), (128, 256), (256, 512), (512, 1024))
    for batch in (1, 32):
        for inputs, units in shapes:
            target = 1.0 if batch > 1 else 2.3 if units == 32 else 1.15
            rows.append(Row("seq", "lstm", inputs, units, batch=batch, peers=SEQUENCE_PEERS, target=target))
    for batch in (1, 32):
        for threads in (1, 2):
            rows.append(Row("seq", "gru", 128, 256, batch=batch, threads=threads, peers=SEQUENCE_PEERS))
    for batch in (1, 32):
        for inputs, units in shapes:
            rows.append(Row("seq", "lstm", inputs, units, batch=batch, threads=2, peers=SEQUENCE_PEERS))
    for threads in (1, 2):
        for batch in (1, 32):
            rows.append(Row("seq", "lstm", 128, 256, batch=batch, layers=2, threads=threads, peers=SEQUENCE_PEERS))
            rows.append(Row("seq", "lstm", 128, 256, batch=batch, directions=2, threads=threads, peers=SEQUENCE_PEERS))
    for batch, steps, inputs, units, target in ((32, 50, 8, 32, 3.0), (32, 100, 64, 128, 1.6), (64, 100, 128, 256, 1.35), (32, 100, 256, 512, 1.2)):
        for threads in (1, 2):
            rows.append(Row("train", "lstm", inputs, units, batch=batch, steps=steps, threads=threads, peers=TRAIN_PEERS,
                            target=target if threads == 1 else 1.0, against="torch"))
    for threads in (1, 2):
        rows.append(Row("train", "gru", 64, 128, batch=32, threads=threads, peers=TRAIN_PEERS, against="torch"))
    if "LSTM_WEIGHTS_BF16" in HEADER.read_text():
        rows += low_rows(shapes)
    return rows


def low_rows(shapes: tuple[tuple[int, int], ...]) -> list[Row]:
    """Weights of two bytes and of one, where the library has them. The peers compute with types as short: see INSTEAD."""
    rows = []
    for inputs, units in ((1, 64), (16, 128), (40, 256), (64, 512), (128, 1024)):
        rows.append(Row("stream", "lstm", inputs, units, weights="bf16", peers=STREAM_PEERS))
    for inputs, units in ((40, 256), (64, 512), (128, 1024)):
        rows.append(Row("stream", "lstm", inputs, units, weights="int8", peers=STREAM_PEERS, target=1.5, against="onnxruntime"))
    for threads in (1, 2):
        for inputs, units in shapes:
            if threads == 1 or units >= 128:
                rows.append(Row("seq", "lstm", inputs, units, batch=32, threads=threads, weights="bf16", peers=SEQUENCE_PEERS))
    for batch in (1, 32):
        for inputs, units in shapes[1:]:
            for weights in ("int8", "w8a8"):
                rows.append(Row("seq", "lstm", inputs, units, batch=batch, weights=weights, peers=SEQUENCE_PEERS))
    for batch, inputs, units in ((32, 64, 128), (64, 128, 256), (32, 256, 512)):
        for threads in (1, 2):
            rows.append(Row("train", "lstm", inputs, units, batch=batch, threads=threads, weights="bf16", peers=("torch",)))
    return rows
