#!/usr/bin/env python3
"""Writes the files of this folder with a real Keras: small models of layers that the corpus in ../Fixtures has none of.

    python3 generate.py k3        in an environment with keras 3.15 and tensorflow 2.21
    python3 generate.py k2        in one with tf_keras 2.21
    python3 generate.py k2 frames thresholded        these cases alone

For each case: `<case>.<writer>.keras` or `.h5`, and `<case>.<writer>.npz` with inputs `x0`, `x1`, … and outputs `y0`, `y1`, … that
Keras computed in float32. Seeds are fixed; weights and inputs are the same in each run, file dates are not.
"""
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

WRITER = sys.argv[1]
if WRITER == "k2":
    import tf_keras as keras
else:
    import keras
L = keras.layers
HERE = os.path.dirname(os.path.abspath(__file__))


def sequential(shape, *layers, dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype)] + list(layers))


def adapted():
    layer = L.Normalization()
    layer.adapt(np.random.default_rng(5).normal(3, 2, (40, 6, 4)).astype("f4"))
    return layer


def grouped():
    a, b = keras.Input((5, 6)), keras.Input((7, 4))
    q, v = L.LSTM(6, return_sequences=True)(a), L.GRU(6, return_sequences=True)(b)
    y = L.GroupQueryAttention(4, 6, 2)(q, v)
    return keras.Model([a, b], y)


def frames():
    x = keras.Input((3, 8, 6, 2))
    y = L.TimeDistributed(L.Conv2D(4, 3, padding="same", activation="relu"))(x)
    y = L.TimeDistributed(L.MaxPooling2D(2))(y)
    y = L.TimeDistributed(L.Conv2D(3, (2, 3), strides=(2, 1), padding="valid"))(y)
    y = L.TimeDistributed(L.GlobalAveragePooling2D())(y)
    return keras.Model(x, L.LSTM(4)(y))


def pooling():
    x, y = keras.Input((4, 5, 4, 2)), keras.Input((6, 5, 3))
    a = L.GlobalMaxPooling3D()(L.AveragePooling3D((1, 2, 2), padding="same")(L.SpatialDropout3D(0.2)(x)))
    b = L.GlobalAveragePooling2D()(L.MaxPooling2D(2, strides=1)(L.SpatialDropout2D(0.1)(y)))
    return keras.Model([x, y], L.Dense(2)(L.Concatenate()([a, b])))


CASES = {
    "frames": frames,
    "conv2d_options": lambda: sequential((9, 8, 4), L.Conv2D(6, (3, 2), dilation_rate=2, groups=2, use_bias=False),
                                         L.Conv2D(5, 3, strides=2, padding="same"), L.AveragePooling2D((2, 2), 1, "same"),
                                         L.Reshape((-1, 5)), L.GRU(3)),
    "resize2d": lambda: sequential((5, 4, 2), L.ZeroPadding2D(((1, 2), (0, 3))), L.UpSampling2D((2, 1)), L.Cropping2D(((3, 1), (1, 0))),
                                   L.GlobalMaxPooling2D(keepdims=True), L.Flatten(), L.Dense(2)),
    "conv3d": lambda: sequential((4, 5, 4, 2), L.Conv3D(3, 2, strides=(1, 2, 1), padding="same"), L.MaxPooling3D(2), L.GlobalAveragePooling3D(),
                                 L.Dense(2)),
    "convlstm3d": lambda: sequential((3, 4, 3, 2, 2), L.ConvLSTM3D(2, 2, padding="same", return_sequences=True), L.ConvLSTM3D(2, (2, 1, 1))),
    "convlstm2d_options": lambda: sequential((4, 6, 5, 2), L.ConvLSTM2D(3, (3, 2), strides=(2, 1), recurrent_activation="sigmoid",
                                                                        activation="softsign", use_bias=False, return_sequences=True),
                                             L.ConvLSTM2D(2, 2, padding="same", go_backwards=True)),
    "convlstm1d_dilated": lambda: sequential((4, 9, 2), L.ConvLSTM1D(3, 3, dilation_rate=2, return_sequences=True), L.ConvLSTM1D(2, 2)),
    "group_norm": lambda: sequential((6, 8), L.LSTM(8, return_sequences=True), L.GroupNormalization(4, epsilon=1e-2), L.GroupNormalization(-1),
                                     L.UnitNormalization(), L.UnitNormalization(axis=1), L.Dense(2)),
    "rescaling": lambda: sequential((6, 4), L.Rescaling(0.5, offset=-1.0), L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 0.25, 2]),
                                    L.LSTM(3)),
    "adapted_normalization": lambda: sequential((6, 4), adapted(), L.LSTM(3, return_sequences=True), L.Dense(2)),
    "discretization": lambda: sequential((6,), L.Discretization(bin_boundaries=[-1.0, 0.0, 0.5]), L.Embedding(4, 3), L.LSTM(4)),
    "category": lambda: sequential((5,), L.CategoryEncoding(8, output_mode="multi_hot"), L.Dense(3), dtype="int32"),
    "category_count": lambda: sequential((5,), L.CategoryEncoding(8, output_mode="count"), L.Dense(3), dtype="int32"),
}
if WRITER == "k3":
    CASES.update({
        "rms_norm": lambda: sequential((6, 5), L.RMSNormalization(), L.LSTM(4, return_sequences=True), L.RMSNormalization(axis=[1, 2], epsilon=1e-3),
                                       L.Identity(), L.Dense(2)),
        "grouped_attention": grouped,
        "inverse_normalization": lambda: sequential((6, 2), L.LSTM(2, return_sequences=True),
                                                    L.Normalization(mean=[10.0, -2.0], variance=[9.0, 0.0], invert=True)),
    })
else:
    CASES["thresholded"] = lambda: sequential((6, 3), L.LSTM(5, return_sequences=True), L.ThresholdedReLU(0.05), L.GRU(4, return_sequences=True),
                                              L.ThresholdedReLU(), L.Dense(2))
CASES["pooling"] = pooling


def main():
    for number, (name, make) in enumerate(CASES.items()):
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        keras.backend.clear_session()
        keras.utils.set_random_seed(100 + number)
        model = make()
        rng = np.random.default_rng(number)
        for layer in model.layers:
            if not layer.name.startswith("normalization"):
                layer.set_weights([rng.normal(0, 0.4, w.shape).astype("f4") if w.dtype != "int32" else w for w in layer.get_weights()])
        inputs = []
        for x in model.inputs:
            shape = [3] + [int(d) for d in x.shape[1:]]
            inputs.append(rng.integers(0, 8, shape) if "int" in str(x.dtype) else rng.normal(0, 1.5, shape).astype("f4"))
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        for extension in ["keras", "h5"]:
            model.save(os.path.join(HERE, "%s.%s.%s" % (name, WRITER, extension)))
        arrays = {"x%d" % i: x for i, x in enumerate(inputs)}
        arrays.update({"y%d" % i: y for i, y in enumerate(outputs)})
        np.savez(os.path.join(HERE, "%s.%s.npz" % (name, WRITER)), **arrays)
        print(name, [y.shape for y in outputs])


main()
