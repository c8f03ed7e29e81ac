"""Owns the input of bytes: lets an exported network take pixels as a decoder gives them, without a pass over them before it.

python pixel_input.py FLOATS.onnx BYTES.onnx does it to any model that takes RGB planes of 0 to 1 and begins with a convolution.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLOURS = 3


def take_pixels(model):
    """Turn the float `[1, 3, H, W]` input of `model`, 0 to 1, into uint8 `[1, H, W, 3]`, in place.

    The network must begin with one convolution. A row of interleaved pixels is a row of one channel that is three times
    as wide, so a convolution over it with the weights of the colours side by side and three times the stride sees the same
    samples: nothing needs to be transposed. The division by 255 goes into the weights; padding is zero either way.
    """
    graph = model.graph
    (picture,) = graph.input
    height, width = (side.dim_value or side.dim_param for side in picture.type.tensor_type.shape.dim[2:])
    first, *others = (node for node in graph.node if picture.name in node.input)
    if first.op_type != "Conv" or others:
        kinds = ", ".join(node.op_type for node in (first, *others))
        raise ValueError(f"the input goes into {kinds}, not into one convolution")
    weights = next(value for value in graph.initializer if value.name == first.input[1])
    kernel = numpy_helper.to_array(weights) / np.float32(255)
    outputs, _, tall, wide = kernel.shape
    side_by_side = kernel.transpose(0, 2, 3, 1).reshape(outputs, 1, tall, wide * COLOURS)
    weights.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(side_by_side), weights.name))
    for attribute in first.attribute:
        if attribute.name == "kernel_shape":
            attribute.ints[:] = (tall, wide * COLOURS)
        elif attribute.name == "strides":
            attribute.ints[1] *= COLOURS
        elif attribute.name == "pads":
            attribute.ints[1] *= COLOURS
            attribute.ints[3] *= COLOURS
        elif attribute.name == "dilations" and list(attribute.ints) != [1, 1]:
            raise ValueError("the first convolution is dilated")
    first.input[0] = "rows_of_one_channel"
    graph.initializer.append(numpy_helper.from_array(np.array([0, 1], np.int64), "batch_and_channel"))
    into_rows = (
        helper.make_node("Flatten", [picture.name], ["rows_of_bytes"], axis=2),
        helper.make_node("Cast", ["rows_of_bytes"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["rows", "batch_and_channel"], ["rows_of_one_channel"]),
    )
    for position, node in enumerate(into_rows):
        graph.node.insert(position, node)
    picture.CopyFrom(helper.make_tensor_value_info(picture.name, TensorProto.UINT8, [1, height, width, COLOURS]))


def main():
    source, target = sys.argv[1:]
    model = onnx.load(source)
    take_pixels(model)
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    main()
