"""What include/lstm.h declares, word for word in ctypes: constants, structs, functions.

A test parses the header and compares every line of it with this file.
"""
from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

ABI_VERSION = 1

OK = 0
ERROR_ARGUMENT = -1
ERROR_HANDLE = -2
ERROR_MEMORY = -3
ERROR_IO = -4
ERROR_FORMAT = -5
ERROR_UNSUPPORTED = -6
ERROR_SHAPE = -7
ERROR_STATE = -8
ERROR_BUFFER = -9
ERROR_INTERNAL = -10

FLOAT32, FLOAT64, INT32, INT64 = 1, 2, 3, 4
MAX_RANK = 8

WEIGHTS_FLOAT32, WEIGHTS_BF16, WEIGHTS_INT8, WEIGHTS_W8A8 = 0, 1, 2, 3

FIT_COMPLETED, FIT_STOPPED, FIT_CANCELLED = 0, 1, 2

LOAD_BY_NAME, LOAD_INFER, LOAD_TRUSTED = 1, 2, 4

_SHAPE = c_int64 * MAX_RANK


class Array(Structure):
    _fields_ = [("struct_size", c_size_t), ("dtype", c_int32), ("rank", c_int32), ("shape", _SHAPE), ("data", c_void_p)]


class LoadOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("flags", c_uint32), ("reserved", c_uint32), ("max_bytes", c_uint64)]


FORMAT_AUTO = 0
FORMAT_KERAS_H5 = 1
FORMAT_KERAS2_H5 = 2
FORMAT_KERAS3_H5 = 3
FORMAT_KERAS2_WEIGHTS = 4
FORMAT_KERAS3_WEIGHTS = 5
FORMAT_KERAS = 6
FORMAT_TORCH_H5 = 7
FORMAT_SAFETENSORS = 8
SAVE_WITHOUT_TRAINING = 1


class SaveOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("flags", c_uint32), ("reserved", c_uint32)]


class FromJsonOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("seed", c_uint64), ("max_bytes", c_uint64)]


class ModelInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("writer", c_char_p), ("format", c_char_p),
                ("input_count", c_size_t), ("output_count", c_size_t), ("layer_count", c_size_t), ("weight_count", c_size_t),
                ("parameter_count", c_int64), ("stateful", c_int32), ("can_stream", c_int32),
                ("rows_independent", c_int32)]


class TensorInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("dtype", c_int32), ("rank", c_int32), ("shape", _SHAPE)]


class LayerInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("type", c_char_p), ("options", c_char_p),
                ("trainable", c_int32), ("traceable", c_int32), ("parameter_count", c_int64), ("weight_count", c_size_t),
                ("rank", c_int32), ("shape", _SHAPE)]


class WeightInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("layer", c_size_t), ("dtype", c_int32), ("rank", c_int32),
                ("shape", _SHAPE), ("count", c_int64)]


class SessionOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("precision", c_int32), ("threads", c_int32), ("weights", c_int32),
                ("reserved", c_int32)]


class StreamOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("precision", c_int32), ("threads", c_int32), ("weights", c_int32),
                ("reserved", c_int32)]


class PrecisionReport(Structure):
    _fields_ = [("struct_size", c_size_t), ("weights", c_int32), ("reserved", c_int32), ("output", c_size_t), ("count", c_int64),
                ("largest_error", c_double), ("mean_error", c_double), ("largest_value", c_double), ("weight_bytes", c_int64)]


class StateInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("offset", c_size_t), ("count", c_size_t)]


class SeriesInfo(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("dtype", c_int32), ("rank", c_int32), ("shape", _SHAPE),
                ("data", c_void_p)]


class TrainerOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("configuration", c_char_p), ("precision", c_int32), ("threads", c_int32),
                ("seed", c_uint64), ("tbptt_steps", c_int64), ("class_weights", c_void_p), ("class_count", c_size_t),
                ("weights", c_int32), ("reserved", c_int32)]


class Batch(Structure):
    _fields_ = [("struct_size", c_size_t), ("inputs", POINTER(POINTER(Array))), ("input_count", c_size_t),
                ("targets", POINTER(POINTER(Array))), ("target_count", c_size_t),
                ("weights", POINTER(POINTER(Array))), ("weight_count", c_size_t)]


class Progress(Structure):
    _fields_ = [("struct_size", c_size_t), ("epoch", c_int64), ("epochs", c_int64), ("batch", c_int64), ("batches", c_int64),
                ("values", c_void_p), ("value_count", c_size_t), ("end_of_epoch", c_int32)]


#: The functions that a fit calls.
NEXT_BATCH = CFUNCTYPE(c_int32, c_void_p, c_int64, c_int64, POINTER(Batch))
FIT_PROGRESS = CFUNCTYPE(c_int32, c_void_p, POINTER(Progress))


class FitOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("epochs", c_int64), ("batch_size", c_int64), ("shuffle", c_int32), ("resume", c_int32),
                ("validation_split", c_double), ("validation", POINTER(Batch)), ("monitor", c_char_p), ("patience", c_int64),
                ("min_delta", c_double), ("maximize", c_int32), ("restore_best", c_int32), ("plateau", c_char_p),
                ("next", NEXT_BATCH), ("progress", FIT_PROGRESS), ("context", c_void_p)]


class GradientReport(Structure):
    _fields_ = [("struct_size", c_size_t), ("checked", c_int64), ("worst", c_double), ("weight", c_size_t), ("element", c_int64),
                ("analytic", c_double), ("numeric", c_double)]


STRUCTS: dict[str, type[Structure]] = {
    "lstm_array": Array,
    "lstm_load_options": LoadOptions,
    "lstm_save_options": SaveOptions,
    "lstm_from_json_options": FromJsonOptions,
    "lstm_model_info": ModelInfo,
    "lstm_tensor_info": TensorInfo,
    "lstm_layer_info": LayerInfo,
    "lstm_weight_info": WeightInfo,
    "lstm_session_options": SessionOptions,
    "lstm_stream_options": StreamOptions,
    "lstm_precision_report": PrecisionReport,
    "lstm_state_info": StateInfo,
    "lstm_series_info": SeriesInfo,
    "lstm_trainer_options": TrainerOptions,
    "lstm_batch": Batch,
    "lstm_progress": Progress,
    "lstm_fit_options": FitOptions,
    "lstm_gradient_report": GradientReport,
}

# Handles, and the addresses of bytes and numbers, are plain addresses here: arrays are described by numpy, not by ctypes.
_Handle = c_void_p
_Address = c_void_p
_NewHandle = POINTER(c_void_p)
_Arrays = POINTER(POINTER(Array))
_Size = POINTER(c_size_t)
_Load = POINTER(LoadOptions)
_Save = POINTER(SaveOptions)

_INIT: dict[str, tuple[Any, list[Any]]] = {
    name + "_init": (None, [POINTER(struct)]) for name, struct in STRUCTS.items()
}

#: Every function: what it returns and what it takes.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    **_INIT,
    "lstm_version": (c_char_p, []),
    "lstm_abi_version": (c_int32, []),
    "lstm_cpu": (c_char_p, []),
    "lstm_status_name": (c_char_p, [c_int32]),
    "lstm_last_error": (c_char_p, []),
    "lstm_model_load": (c_int32, [c_char_p, _Load, _NewHandle]),
    "lstm_model_load_memory": (c_int32, [_Address, c_size_t, _Load, _NewHandle]),
    "lstm_model_from_json": (c_int32, [c_char_p, c_size_t, POINTER(FromJsonOptions), _NewHandle]),
    "lstm_model_load_weights": (c_int32, [_Handle, c_char_p, _Load]),
    "lstm_model_save": (c_int32, [_Handle, c_char_p, c_int32, _Save]),
    "lstm_model_save_memory": (c_int32, [_Handle, c_int32, _Save, _Address, c_size_t, _Size]),
    "lstm_model_free": (None, [_Handle]),
    "lstm_check_file": (c_int32, [c_char_p, _Address, c_size_t, _Size, POINTER(c_int32)]),
    "lstm_model_get_info": (c_int32, [_Handle, POINTER(ModelInfo)]),
    "lstm_model_get_input": (c_int32, [_Handle, c_size_t, POINTER(TensorInfo)]),
    "lstm_model_get_output": (c_int32, [_Handle, c_size_t, POINTER(TensorInfo)]),
    "lstm_model_get_layer": (c_int32, [_Handle, c_size_t, POINTER(LayerInfo)]),
    "lstm_model_get_weight_info": (c_int32, [_Handle, c_size_t, POINTER(WeightInfo)]),
    "lstm_model_find_weight": (c_int32, [_Handle, c_char_p, _Size]),
    "lstm_model_get_weight": (c_int32, [_Handle, c_size_t, c_int32, _Address, c_size_t]),
    "lstm_model_set_weight": (c_int32, [_Handle, c_size_t, c_int32, _Address, c_size_t]),
    "lstm_model_summary": (c_int32, [_Handle, _Address, c_size_t, _Size]),
    "lstm_session_create": (c_int32, [_Handle, POINTER(SessionOptions), _NewHandle]),
    "lstm_session_free": (None, [_Handle]),
    "lstm_session_output_shapes": (c_int32, [_Handle, _Arrays, c_size_t, _Arrays, c_size_t]),
    "lstm_session_predict": (c_int32, [_Handle, _Arrays, c_size_t, _Arrays, c_size_t]),
    "lstm_session_predict_float": (c_int32, [_Handle, _Address, c_int64, c_int64, _Address, c_size_t]),
    "lstm_session_reset": (c_int32, [_Handle]),
    "lstm_compare_precision": (c_int32, [_Handle, _Arrays, c_size_t, POINTER(POINTER(PrecisionReport)), c_size_t]),
    "lstm_stream_create": (c_int32, [_Handle, POINTER(StreamOptions), _NewHandle]),
    "lstm_stream_free": (None, [_Handle]),
    "lstm_stream_get_sizes": (c_int32, [_Handle, _Size, _Size]),
    "lstm_stream_step": (c_int32, [_Handle, _Address, c_size_t, _Address, c_size_t]),
    "lstm_stream_step_double": (c_int32, [_Handle, _Address, c_size_t, _Address, c_size_t]),
    "lstm_stream_steps": (c_int32, [_Handle, c_int64, _Address, c_size_t, _Address, c_size_t]),
    "lstm_stream_steps_double": (c_int32, [_Handle, c_int64, _Address, c_size_t, _Address, c_size_t]),
    "lstm_stream_reset": (c_int32, [_Handle]),
    "lstm_stream_get_state_size": (c_int32, [_Handle, _Size, _Size]),
    "lstm_stream_get_state_info": (c_int32, [_Handle, c_size_t, POINTER(StateInfo)]),
    "lstm_stream_get_state": (c_int32, [_Handle, c_int32, _Address, c_size_t]),
    "lstm_stream_set_state": (c_int32, [_Handle, c_int32, _Address, c_size_t]),
    "lstm_stream_copy": (c_int32, [_Handle, _NewHandle]),
    "lstm_trace_create": (c_int32, [_Handle, c_char_p, _Arrays, c_size_t, _NewHandle]),
    "lstm_trace_get_count": (c_int32, [_Handle, _Size]),
    "lstm_trace_get_series": (c_int32, [_Handle, c_size_t, POINTER(SeriesInfo)]),
    "lstm_trace_free": (None, [_Handle]),
    "lstm_trainer_create": (c_int32, [_Handle, POINTER(TrainerOptions), _NewHandle]),
    "lstm_trainer_free": (None, [_Handle]),
    "lstm_trainer_get_value_count": (c_int32, [_Handle, _Size]),
    "lstm_trainer_get_value_name": (c_int32, [_Handle, c_size_t, POINTER(c_char_p)]),
    "lstm_trainer_train_batch": (c_int32, [_Handle, POINTER(Batch), _Address, c_size_t]),
    "lstm_trainer_evaluate": (c_int32, [_Handle, POINTER(Batch), _Address, c_size_t]),
    "lstm_trainer_fit": (c_int32, [_Handle, POINTER(Batch), POINTER(FitOptions), POINTER(c_int32)]),
    "lstm_trainer_get_history_size": (c_int32, [_Handle, _Size, _Size]),
    "lstm_trainer_get_history_name": (c_int32, [_Handle, c_size_t, POINTER(c_char_p)]),
    "lstm_trainer_get_history": (c_int32, [_Handle, _Address, c_size_t]),
    "lstm_trainer_get_learning_rate": (c_int32, [_Handle, _Address]),
    "lstm_trainer_set_learning_rate": (c_int32, [_Handle, c_double]),
    "lstm_trainer_save": (c_int32, [_Handle, c_char_p]),
    "lstm_trainer_restore": (c_int32, [_Handle, c_char_p]),
    "lstm_trainer_get_gradient_count": (c_int32, [_Handle, _Size]),
    "lstm_trainer_compute_gradients": (c_int32, [_Handle, POINTER(Batch), _Address, c_size_t]),
    "lstm_trainer_get_gradients": (c_int32, [_Handle, c_int32, _Address, c_size_t]),
    "lstm_trainer_apply_gradients": (c_int32, [_Handle, c_int32, _Address, c_size_t]),
    "lstm_trainer_update_model": (c_int32, [_Handle, _Handle]),
    "lstm_trainer_reset_states": (c_int32, [_Handle]),
    "lstm_trainer_cancel": (c_int32, [_Handle]),
    "lstm_trainer_check_gradients": (c_int32, [_Handle, POINTER(Batch), c_int64, POINTER(GradientReport)]),
}
