"""A Python peer as a program that is measured: see worker.h for what it is asked.

Usage: workers.py PEER kind cell model x y inputs units batch steps layers directions threads weights
"""
from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from exports import dense, torch_module, write_onnx

PERIOD = 64
Array = np.ndarray[Any, np.dtype[np.float32]]


class Job:
    """The command line."""

    def __init__(self, words: list[str]) -> None:
        self.kind, self.cell, self.model, self.x, self.y = words[:5]
        self.inputs, self.units, self.batch, self.steps, self.layers, self.directions, self.threads = map(int, words[5:12])
        self.weights = words[12]
        if self.kind == "stream":
            self.batch, self.steps = 1, 1
        rows = PERIOD if self.kind == "stream" else self.steps
        self.input: Array = np.fromfile(self.x, np.float32).reshape(rows, self.batch, self.inputs)


class Peer(Protocol):
    """What each peer gives."""

    def run(self, count: int) -> None: ...

    def check(self) -> Array: ...


class OnnxRuntime:
    """Buffers are bound once; a stream's two pairs of states change places from call to call."""

    def __init__(self, job: Job) -> None:
        import onnxruntime as ort

        self.job = job
        path = Path(job.y).with_suffix(f".{os.getpid()}.onnx")
        write_onnx(job.model, path, job.batch, job.steps, job.kind == "stream")
        if job.weights == "int8":
            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(path, path, op_types_to_quantize=["LSTM"], per_channel=True)
        options = ort.SessionOptions()
        options.intra_op_num_threads = job.threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        path.unlink()
        self.run_bound = session.run_with_iobinding
        value = ort.OrtValue.ortvalue_from_numpy
        self.x = [value(row[None].copy()) for row in job.input] if job.kind == "stream" else [value(job.input)]
        self.y: Array = np.zeros((job.steps, job.batch, job.units * job.directions), np.float32)
        self.out = value(self.y)
        kept = [] if job.kind != "stream" else ["h"] if job.cell == "gru" else ["h", "c"]
        self.states = [[value(np.zeros((1, job.batch, job.units), np.float32)) for _ in kept] for _ in range(2)]
        self.bindings = []
        for index in range(max(len(self.x), 2 if kept else 1)):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", self.x[index % len(self.x)])
            binding.bind_ortvalue_output("y", self.out)
            for name, old, new in zip(kept, self.states[index % 2], self.states[1 - index % 2]):
                binding.bind_ortvalue_input(name, old)
                binding.bind_ortvalue_output(f"{name}_new", new)
            self.bindings.append(binding)

    def run(self, count: int) -> None:
        bindings, run = self.bindings, self.run_bound
        period = len(bindings)
        for index in range(count):
            run(bindings[index % period])

    def check(self) -> Array:
        for state in self.states[0]:
            state.update_inplace(np.zeros((1, self.job.batch, self.job.units), np.float32))
        self.run(PERIOD if self.job.kind == "stream" else 1)
        return np.asarray(self.out.numpy())


class OpenVino:
    """Through its Python interface, tensors shared and bound once."""

    def __init__(self, job: Job) -> None:
        import openvino as ov

        self.job = job
        path = Path(job.y).with_suffix(f".{os.getpid()}.onnx")
        write_onnx(job.model, path, job.batch, job.steps, job.kind == "stream")
        core = ov.Core()
        hints = {"INFERENCE_NUM_THREADS": job.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(str(path), "CPU", hints)
        path.unlink()
        kept = [] if job.kind != "stream" else ["h"] if job.cell == "gru" else ["h", "c"]
        self.states = [[np.zeros((1, job.batch, job.units), np.float32) for _ in kept] for _ in range(2)]
        self.x = [ov.Tensor(row[None].copy()) for row in job.input] if job.kind == "stream" else [ov.Tensor(job.input)]
        self.requests = []
        for turn in range(2 if kept else 1):
            request = compiled.create_infer_request()
            request.set_tensor("x", self.x[0])
            for name, old, new in zip(kept, self.states[turn], self.states[1 - turn]):
                request.set_tensor(name, ov.Tensor(old, shared_memory=True))
                request.set_tensor(f"{name}_new", ov.Tensor(new, shared_memory=True))
            self.requests.append(request)
        self.last = self.requests[0]

    def run(self, count: int) -> None:
        requests, x = self.requests, self.x
        for index in range(count):
            request = requests[index % len(requests)]
            if len(x) > 1:
                request.set_tensor("x", x[index % len(x)])
            request.infer(share_inputs=True, share_outputs=True)
            self.last = request

    def check(self) -> Array:
        for state in self.states[0]:
            state[:] = 0
        self.run(PERIOD if self.job.kind == "stream" else 1)
        return np.array(self.last.get_tensor("y").data)


class Torch:
    """nn.LSTM or nn.GRU; a stream's step is the Cell class; training is Dense, mean squared error, Adam (foreach, as is the default).

    ε is so small everywhere that it does not matter where a framework adds it.
    """

    def __init__(self, job: Job) -> None:
        import torch

        torch.set_num_threads(job.threads)
        self.torch = torch
        self.job = job
        self.module = torch_module(job.model)
        self.x = torch.from_numpy(job.input)
        if job.kind == "stream":
            kind = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[job.cell]
            self.cell = kind(job.inputs, job.units)
            with torch.no_grad():
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(self.cell, name).copy_(getattr(self.module, f"{name}_l0"))
            self.state: Any = None
        if job.kind == "train":
            self.begin()

    def begin(self) -> None:
        torch = self.torch
        self.module = torch_module(self.job.model)
        self.dense = torch.nn.Linear(self.job.units, 1)
        kernel, bias = dense(self.job.model)
        self.dense.weight.data.copy_(torch.from_numpy(kernel.T.copy()))
        self.dense.bias.data.copy_(torch.from_numpy(bias))
        self.target = torch.from_numpy(np.fromfile(self.job.y, np.float32).reshape(self.job.batch, 1))
        self.loss = torch.nn.MSELoss()
        parameters = [*self.module.parameters(), *self.dense.parameters()]
        # Keras' LSTM has one bias.
        for name, parameter in self.module.named_parameters():
            if name.startswith("bias_hh"):
                parameter.requires_grad_(False)
        self.adam = torch.optim.Adam([p for p in parameters if p.requires_grad], lr=0.001, eps=1e-10)

    def train(self) -> Any:
        self.adam.zero_grad(set_to_none=True)
        y, _ = self.module(self.x)
        loss = self.loss(self.dense(y[-1]), self.target)
        loss.backward()
        self.adam.step()
        return loss

    def run(self, count: int) -> None:
        if self.job.kind == "train":
            for _ in range(count):
                self.train()
            return
        with self.torch.inference_mode():
            if self.job.kind == "stream":
                x, cell, state = self.x, self.cell, self.state
                for index in range(count):
                    state = cell(x[index % PERIOD], state)
                self.state = state
            else:
                for _ in range(count):
                    self.y, _ = self.module(self.x)

    def check(self) -> Array:
        if self.job.kind == "train":
            self.begin()
            return np.array([self.train().item() for _ in range(5)], np.float32)
        if self.job.kind == "stream":
            self.state = None
            self.run(PERIOD)
            return np.array((self.state[0] if self.job.cell == "lstm" else self.state).numpy())
        self.run(1)
        return np.array(self.y.numpy())


class TensorFlow:
    """Keras' layers and Adam in one function compiled by XLA."""

    def __init__(self, job: Job) -> None:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(job.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.tf = tf
        self.job = job
        self.x = tf.constant(np.ascontiguousarray(job.input.transpose(1, 0, 2)))
        self.target = tf.constant(np.fromfile(job.y, np.float32).reshape(job.batch, 1))
        self.begin()

    def begin(self) -> None:
        import keras

        from models import network

        tf = self.tf
        model = keras.Sequential([keras.Input((self.job.steps, self.job.inputs)), keras.layers.LSTM(self.job.units), keras.layers.Dense(1)])
        for layer, (_, numbers) in zip(model.layers, network(self.job.model)):
            layer.set_weights(numbers)
        adam = keras.optimizers.Adam(0.001, epsilon=1e-10)
        adam.build(model.trainable_variables)
        self.keep = (model, adam)

        @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
        def train(x: Any, target: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x, training=True) - target))
            adam.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
            return loss

        self.train = train

    def run(self, count: int) -> None:
        for _ in range(count):
            loss = self.train(self.x, self.target)
        loss.numpy()

    def check(self) -> Array:
        self.begin()
        return np.array([float(self.train(self.x, self.target).numpy()) for _ in range(5)], np.float32)


PEERS: dict[str, type[Any]] = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "torch": Torch, "tensorflow": TensorFlow}


def main() -> None:
    peer: Peer = PEERS[sys.argv[1]](Job(sys.argv[2:]))
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "check":
            peer.check().astype(np.float32).tofile(rest)
            print("ok", flush=True)
        else:
            start = time.perf_counter()
            peer.run(int(rest))
            print(f"{time.perf_counter() - start:.9f}", flush=True)


if __name__ == "__main__":
    main()
