#!/usr/bin/env python3
"""CenterFace with this library and with ONNX Runtime: the same network, weights and threads, in one run.

bench/detect.py BUILD/bench/bench_detect [--threads 2]      needs numpy, onnx and onnxruntime

Prints milliseconds of wall time and of processor time, the least of all rounds; the two take turns.
"""
import argparse
import json
import os
import struct
import subprocess
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BLOCKS = [(16, 24, 2, 0), (24, 24, 1, 1), (24, 32, 2, 0), (32, 32, 1, 1), (32, 32, 1, 1), (32, 64, 2, 0),
          (64, 64, 1, 1), (64, 64, 1, 1), (64, 64, 1, 1), (64, 96, 1, 0), (96, 96, 1, 1), (96, 96, 1, 1),
          (96, 160, 2, 0), (160, 160, 1, 1), (160, 160, 1, 1), (160, 320, 1, 0)]  # in, out, stride, adds input


def read_weights(path):
    """float32 arrays by name, from a safetensors file of float16."""
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length:]
    return {name: np.frombuffer(body[slice(*t["data_offsets"])], np.float16).reshape(t["shape"]).astype(np.float32)
            for name, t in header.items()}


def build_model(weights, height, width):
    """The network as ONNX."""
    nodes, initializers = [], []

    def node(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(name, array):
        initializers.append(numpy_helper.from_array(array, name))
        return name

    def conv(x, name, stride=1, activate=True):
        weight = weights[name + ".weight"]
        kernel = weight.shape[2]
        # A channel of its own for each: all depthwise layers but none of the others have one input.
        group = weight.shape[0] if weight.shape[1] == 1 else 1
        inputs = [x, constant(name + ".weight", weight), constant(name + ".bias", weights[name + ".bias"])]
        y = node("Conv", inputs, name, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4,
                 group=group)
        return node("Relu", [y], name + ".relu") if activate else y

    def up(x, name):
        weight = np.ascontiguousarray(weights[name + ".weight"].transpose(1, 0, 2, 3))
        y = node("ConvTranspose", [x, constant(name + ".weight", weight), constant(name + ".bias", weights[name + ".bias"])],
                 name, kernel_shape=[2, 2], strides=[2, 2])
        return node("Relu", [y], name + ".relu")

    x = conv("image", "stem", 2)
    x = conv(conv(x, "backbone.0.depthwise"), "backbone.0.project", activate=False)
    taps = {}
    for i, (_, _, stride, adds) in enumerate(BLOCKS, 1):
        name = f"backbone.{i}"
        y = conv(conv(x, name + ".expand"), name + ".depthwise", stride)
        y = conv(y, name + ".project", activate=False)
        x = node("Add", [y, x], name + ".sum") if adds else y
        taps[i] = x
    t = conv(taps[16], "neck.lateral.32")
    for coarse, fine, tap in ((32, 16, 12), (16, 8, 5), (8, 4, 2)):
        t = node("Add", [up(t, f"neck.up.{coarse}"), conv(taps[tap], f"neck.lateral.{fine}")], f"sum.{fine}")
    t = conv(t, "neck.smooth")
    outputs = {node("Sigmoid", [conv(t, "head.heatmap", activate=False)], "heatmap"): 1}
    outputs |= {conv(t, "head." + name, activate=False): channels
                for name, channels in (("scale", 2), ("offset", 2), ("landmarks", 10))}
    graph = helper.make_graph(
        nodes, "centerface", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, height // 4, width // 4])
         for name, channels in outputs.items()], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="bench_detect")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weights", default=os.path.join(os.path.dirname(__file__), "../weights/centerface.safetensors"))
    args = parser.parse_args()
    height, width = 768, 1024
    model = build_model(read_weights(args.weights), height, width)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    # Noise of a linear congruential generator: what bench_detect makes.
    state, values = 1, np.empty(height * width * 3, np.float32)
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = state >> 24
    image = np.ascontiguousarray(values.reshape(1, height, width, 3).transpose(0, 3, 1, 2))
    session.run(None, {"image": image})

    theirs, ours = [], []
    for _ in range(args.rounds):
        for _ in range(3):
            wall, processor = time.perf_counter(), time.process_time()
            heatmap = session.run(None, {"image": image})[0]
            theirs.append((time.perf_counter() - wall, time.process_time() - processor))
        text = subprocess.run([args.program, str(args.threads), "3", args.weights], check=True, capture_output=True,
                              text=True).stdout
        found = json.loads(text)
        ours.append((found["network"], found["network_processor"], found["photo"], found["photo_processor"]))
    difference = abs(found["heatmap_sum"] - float(heatmap.astype(np.float64).sum()))
    assert difference < 1e-3 * abs(found["heatmap_sum"]), "the networks differ"
    theirs, ours = np.array(theirs).min(0) * 1e3, np.array(ours).min(0) * 1e3
    print(f"{width}x{height}, {args.threads} threads     wall   processor")
    print(f"ONNX Runtime {onnxruntime.__version__:8}     {theirs[0]:6.1f} {theirs[1]:8.1f} ms")
    print(f"rfpp, network             {ours[0]:6.1f} {ours[1]:8.1f} ms, {theirs[0] / ours[0]:.2f} and {theirs[1] / ours[1]:.2f} times as fast")
    print(f"rfpp, photo to faces      {ours[2]:6.1f} {ours[3]:8.1f} ms")


if __name__ == "__main__":
    main()
