"""ONNX Runtime and OpenVINO as peers, on the same ONNX file."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from exports import write_onnx
from job import PERIOD, Array, Job


class OnnxRuntime:
    """Buffers are bound once; a stream's two pairs of states change places from call to call. It has no LSTM in bf16; int8 is its DynamicQuantizeLSTM."""

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
        self.out = value(np.zeros(session.get_outputs()[0].shape, np.float32))
        kept = [] if job.kind != "stream" else ["h"] if job.cell == "gru" else ["h", "c"]
        self.states = [[value(np.zeros((1, job.batch, job.units), np.float32)) for _ in kept] for _ in range(2)]
        self.bindings = []
        for index in range(len(self.x)):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", self.x[index])
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
    """Through its Python interface, tensors shared and bound once. In bf16 it computes with that type; what comes and goes is float32.

    A stream has a request for each of its inputs: setting them anew would cost 2 µs a step.
    """

    def __init__(self, job: Job) -> None:
        import openvino as ov

        self.job = job
        path = Path(job.y).with_suffix(f".{os.getpid()}.onnx")
        write_onnx(job.model, path, job.batch, job.steps, job.kind == "stream")
        core = ov.Core()
        precision = "bf16" if job.weights == "bf16" else "f32"
        hints = {"INFERENCE_NUM_THREADS": job.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        compiled = core.compile_model(str(path), "CPU", hints)
        path.unlink()
        kept = [] if job.kind != "stream" else ["h"] if job.cell == "gru" else ["h", "c"]
        self.states = [[np.zeros((1, job.batch, job.units), np.float32) for _ in kept] for _ in range(2)]
        self.x = [ov.Tensor(row[None].copy()) for row in job.input] if job.kind == "stream" else [ov.Tensor(job.input)]
        self.requests = []
        for index, x in enumerate(self.x):
            request = compiled.create_infer_request()
            request.set_tensor("x", x)
            for name, old, new in zip(kept, self.states[index % 2], self.states[1 - index % 2]):
                request.set_tensor(name, ov.Tensor(old, shared_memory=True))
                request.set_tensor(f"{name}_new", ov.Tensor(new, shared_memory=True))
            self.requests.append(request)
        self.last = self.requests[0]

    def run(self, count: int) -> None:
        requests = self.requests
        period = len(requests)
        for index in range(count):
            request = requests[index % period]
            request.infer(share_inputs=True, share_outputs=True)
        self.last = request

    def check(self) -> Array:
        for state in self.states[0]:
            state[:] = 0
        self.run(PERIOD if self.job.kind == "stream" else 1)
        return np.array(self.last.get_tensor("y").data)
