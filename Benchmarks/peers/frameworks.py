"""PyTorch and TensorFlow as peers."""
from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from exports import dense, torch_module
from job import PERIOD, Array, Job


class Torch:
    """nn.LSTM or nn.GRU; a stream's step is the Cell class; training is Dense, mean squared error, Adam (fused: the fastest one).

    In bf16 weights, inputs and states have that type (autocast is as fast or slower), but in training, which is autocast; int8 is quantize_dynamic.
    ε is so small everywhere that it does not matter where a framework adds it.
    """

    def __init__(self, job: Job) -> None:
        import torch

        torch.set_num_threads(job.threads)
        self.torch = torch
        self.job = job
        self.module: Any = torch_module(job.model)
        self.x = torch.from_numpy(job.input)
        if job.kind == "train":
            self.begin()
            return
        if job.kind == "stream":
            cell = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[job.cell](job.inputs, job.units)
            with torch.no_grad():
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(cell, name).copy_(getattr(self.module, f"{name}_l0"))
            self.module = cell
        self.module.eval()
        if job.weights == "bf16":
            self.module, self.x = self.module.bfloat16(), self.x.bfloat16()
        elif job.weights == "int8":
            # It says that it will move to another package.
            warnings.simplefilter("ignore")
            holder = torch.nn.Sequential(self.module)
            self.module = torch.ao.quantization.quantize_dynamic(holder, {type(self.module)}, torch.qint8)[0]
        self.rows = list(self.x)
        self.state: Any = None

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
        # Keras' LSTM has one bias, its GRU two.
        for name, parameter in self.module.named_parameters():
            if name.startswith("bias_hh") and self.job.cell == "lstm":
                parameter.requires_grad_(False)
        self.adam = torch.optim.Adam([p for p in parameters if p.requires_grad], lr=0.001, eps=1e-10, fused=True)

    def train(self) -> Any:
        self.adam.zero_grad(set_to_none=True)
        with self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.job.weights == "bf16"):
            y, _ = self.module(self.x)
            loss = self.loss(self.dense(y[-1]).float(), self.target)
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
                rows, cell, state = self.rows, self.module, self.state
                for index in range(count):
                    state = cell(rows[index % PERIOD], state)
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
            return np.array((self.state[0] if self.job.cell == "lstm" else self.state).float().numpy())
        self.run(1)
        return np.array(self.y.float().numpy())


class TensorFlow:
    """Keras' layers and Adam in one function; compiled by XLA where that is faster, which depends on the shape and the threads: both are tried."""

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
        seconds = {}
        for self.compiled in (False, True):
            self.begin()
            self.run(2)
            begun = time.perf_counter()
            self.run(3)
            seconds[self.compiled] = time.perf_counter() - begun
        self.compiled = seconds[True] < seconds[False]
        self.begin()

    def begin(self) -> None:
        import keras

        from models import network

        tf = self.tf
        recurrent = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[self.job.cell]
        model = keras.Sequential([keras.Input((self.job.steps, self.job.inputs)), recurrent(self.job.units), keras.layers.Dense(1)])
        for layer, (_, numbers) in zip(model.layers, network(self.job.model)):
            layer.set_weights(numbers)
        adam = keras.optimizers.Adam(0.001, epsilon=1e-10)
        adam.build(model.trainable_variables)
        self.keep = (model, adam)

        @tf.function(jit_compile=self.compiled)  # type: ignore[untyped-decorator]
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
