"""Rows that are no times of one call: whole processes, memory, accuracy."""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "peers"
MODEL = "lstm_16_64"

OURS = """
import numpy as np, liblstm
model = liblstm.load({keras!r})
print(model.predict(np.zeros((1, 100, 16), np.float32)).ravel()[0])
"""
ONNX = """
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession({onnx!r}, providers=["CPUExecutionProvider"])
print(session.run(None, {{"x": np.zeros((100, 1, 16), np.float32)}})[0].ravel()[0])
"""
OPENVINO = """
import numpy as np, openvino
model = openvino.Core().compile_model({onnx!r}, "CPU")
print(model(np.zeros((100, 1, 16), np.float32))[0].ravel()[0])
"""
TORCH = """
import torch
module = torch.nn.LSTM(16, 64)
module.load_state_dict(torch.load({torch!r}))
with torch.inference_mode():
    print(module(torch.zeros(100, 1, 16))[0].ravel()[0].item())
"""
KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
model = keras.models.load_model({keras!r}, compile=False)
print(model.predict(np.zeros((1, 100, 16), np.float32), verbose=0).ravel()[0])
"""


# A process begins with the memory of the one that starts it, as far as the system's account goes; so a small one starts it.
LAUNCHER = """
import os, sys, time
begun = time.perf_counter()
null = os.open(os.devnull, os.O_RDWR)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begun, usage.ru_maxrss / 1024, status)
"""


def whole(command: list[str]) -> tuple[float, float]:
    """Seconds from start to end of a process, and the MiB that it held at most."""
    # Byte code is kept, as it is for installed packages.
    environment = os.environ | {"PYTHONPATH": str(ROOT / "bindings" / "python"), "LIBLSTM_PATH": str(ROOT / "build/lib/liblstm.so"),
                                "PYTHONPYCACHEPREFIX": str(BUILD / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True, env=environment)
    taken, memory, status = result.stdout.split()
    if status != "0":
        raise RuntimeError(f"{command[0]} ended with {status}")
    return float(taken), float(memory)


def start_rows(peers: list[str], rounds: int) -> list[dict[str, Any]]:
    """Load and first prediction as a whole process, in turns."""
    from exports import torch_module, write_onnx
    import models

    keras, onnx, torch_file = BUILD / f"{MODEL}.h5", BUILD / f"{MODEL}.onnx", BUILD / f"{MODEL}.pt"
    models.write(MODEL, keras)
    write_onnx(MODEL, onnx, 1, 100, False)
    files = {"keras": str(keras), "onnx": str(onnx), "torch": str(torch_file)}
    python = [sys.executable, "-c"]
    commands = {"ours, C": [str(BUILD / "first"), str(keras), "16", "64"], "python and numpy": [*python, "import numpy"],
                "ours, Python": [*python, OURS.format(**files)]}
    if "onnxruntime" in peers:
        commands["onnxruntime"] = [*python, ONNX.format(**files)]
    if "openvino" in peers:
        commands["openvino"] = [*python, OPENVINO.format(**files)]
    if "torch" in peers:
        import torch

        torch.save(torch_module(MODEL).state_dict(), torch_file)
        commands["torch"] = [*python, TORCH.format(**files)]
    if "tensorflow" in peers:
        commands["keras"] = [*python, KERAS.format(**files)]
    times: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, float] = {}
    # The first round fills the caches.
    for turn in range(rounds + 1):
        for name, command in commands.items():
            # Those that take seconds are run three times.
            if turn < 4 or times[name][-1] < 1:
                taken, memory[name] = whole(command)
                if turn:
                    times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    size = keras.stat().st_size / 1000
    print(f"\nLoad and first prediction, whole process: a Keras file of {size:.0f} kB (LSTM 16 64), 100 steps")
    print("| | whole process | beyond python and numpy | memory at most |\n| --- | --- | --- | --- |")
    for name, median in medians.items():
        beyond = "" if name in ("ours, C", "python and numpy") else f"{(median - medians['python and numpy']) * 1e3:.0f} ms"
        print(f"| {name} | {median * 1e3:.1f} ms | {beyond} | {memory[name]:.0f} MiB |", flush=True)
    return [{"name": "start", "times": medians, "memory": memory}]


def overhead_row(peers: list[str]) -> list[dict[str, Any]]:
    """What a call from Python costs before anything is computed: to be taken off these peers' times of small networks for a comparison with C."""
    import onnx
    from onnx import TensorProto, helper

    path = BUILD / "empty.onnx"
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "empty", [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    x = np.zeros(1, np.float32)
    calls: dict[str, Any] = {}
    if "onnxruntime" in peers:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(x.copy()))
        calls["onnxruntime"] = lambda: session.run_with_iobinding(binding)
    if "openvino" in peers:
        import openvino

        request = openvino.Core().compile_model(str(path), "CPU").create_infer_request()
        request.set_tensor("x", openvino.Tensor(x))
        calls["openvino"] = lambda: request.infer(share_inputs=True, share_outputs=True)
    found = {}
    for peer, call in calls.items():
        times = []
        for _ in range(200):
            begun = time.perf_counter()
            for _ in range(20):
                call()
            times.append((time.perf_counter() - begun) / 20)
        found[peer] = statistics.median(times)
        print(f"A call of {peer} from Python that computes nothing: {found[peer] * 1e6:.1f} µs")
    return [{"name": "overhead", "times": found}]


def memory_row() -> list[dict[str, Any]]:
    """Bytes of a further stream, as `make bench WORDS=memory` counts them."""
    result = subprocess.run([str(ROOT / "Benchmarks" / "run.sh"), "memory"], capture_output=True, text=True, check=True)
    print("\n" + "\n".join(line for line in result.stdout.splitlines() if "memory" in line))
    return [{"name": "memory", "text": result.stdout}]


def reference(x: np.ndarray[Any, Any], kernel: Any, recurrent: Any, bias: Any) -> np.ndarray[Any, Any]:
    """An LSTM in Float64."""
    def sigmoid(v: Any) -> Any:
        return 1 / (1 + np.exp(-v))

    kernel, recurrent, bias, x = (array.astype(np.float64) for array in (kernel, recurrent, bias, x))
    h = c = np.zeros((x.shape[1], recurrent.shape[0]))
    out = []
    for row in x:
        i, f, g, o = np.split(row @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.stack(out)


def accuracy_row(x: np.ndarray[Any, Any], weights: list[Any], outputs: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """The largest and the mean difference from Float64."""
    right = reference(x, *weights)
    print("\nLSTM I 16, H 128, T 1000: difference from Float64\n| | largest | mean |\n| --- | --- | --- |")
    errors = {peer: np.abs(values - right) for peer, values in outputs.items()}
    for peer, error in errors.items():
        print(f"| {peer} | {error.max():.1e} | {error.mean():.1e} |", flush=True)
    return [{"name": "accuracy", "largest": {peer: float(error.max()) for peer, error in errors.items()}}]
