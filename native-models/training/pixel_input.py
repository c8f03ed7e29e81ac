"""Converts the float input of an exported network to uint8 NHWC, so that decoded pixels need no preprocessing.

Usage: python pixel_input.py FLOAT.onnx UINT8.onnx, for any model with an RGB NCHW input, 0-1, whose first layer is a convolution.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLORS = 3


def take_pixels(model):
    """Convert the float `[1, 3, H, W]` input of `model`, 0-1, to uint8 `[1, H, W, 3]`, in place.

    The network must begin with one convolution. A row of interleaved pixels equals a row of one channel that is three
    times as wide. A convolution over it, with the weights of the three channels interleaved and three times the stride,
    reads the same samples, so no transpose is needed. The division by 255 is folded into the weights. Padding is zero in
    both cases.
    """
    graph = model.graph
    (picture,) = graph.input
    height, width = (side.dim_value or side.dim_param for side in picture.type.tensor_type.shape.dim[2:])
    first, *others = (node for node in graph.node if picture.name in node.input)
    if first.op_type != "Conv" or others:
        kinds = ", ".join(node.op_type for node in (first, *others))
        raise ValueError(f"the input must feed exactly one convolution, but feeds {kinds}")
    weights = next(value for value in graph.initializer if value.name == first.input[1])
    kernel = numpy_helper.to_array(weights) / np.float32(255)
    outputs, _, tall, wide = kernel.shape
    side_by_side = kernel.transpose(0, 2, 3, 1).reshape(outputs, 1, tall, wide * COLORS)
    weights.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(side_by_side), weights.name))
    for attribute in first.attribute:
        if attribute.name == "kernel_shape":
            attribute.ints[:] = (tall, wide * COLORS)
        elif attribute.name == "strides":
            attribute.ints[1] *= COLORS
        elif attribute.name == "pads":
            attribute.ints[1] *= COLORS
            attribute.ints[3] *= COLORS
        elif attribute.name == "dilations" and list(attribute.ints) != [1, 1]:
            raise ValueError("a dilated first convolution is not supported")
    first.input[0] = "rows_of_one_channel"
    graph.initializer.append(numpy_helper.from_array(np.array([0, 1], np.int64), "batch_and_channel"))
    into_rows = (
        helper.make_node("Flatten", [picture.name], ["rows_of_bytes"], axis=2),
        helper.make_node("Cast", ["rows_of_bytes"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["rows", "batch_and_channel"], ["rows_of_one_channel"]),
    )
    for position, node in enumerate(into_rows):
        graph.node.insert(position, node)
    picture.CopyFrom(helper.make_tensor_value_info(picture.name, TensorProto.UINT8, [1, height, width, COLORS]))


def main():
    source, target = sys.argv[1:]
    model = onnx.load(source)
    take_pixels(model)
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    main()
