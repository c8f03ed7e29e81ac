"""Writes the files of a fixture: a small ONNX file and the JSON file with what to expect from it."""

import ast
import json

import numpy as np
import onnx

# Other metadata (dates, versions, notices) does not describe the output format. The README lists tools and versions.
KEPT_METADATA = ("names", "imgsz", "stride", "task", "end2end", "batch", "head", "kpt_shape", "kpt_names", "args")
# The options of the export, in the metadata `args`, that change the output.
KEPT_ARGS = ("batch", "dynamic", "nms")


def save_network(source, target, added):
    """Copy an ONNX file without what a runtime does not read, which takes up to half of a tiny model.

    added: metadata that the exporter did not write, by key.
    """
    network = onnx.load(source)
    onnx.helper.set_model_props(network, {**{entry.key: entry.value for entry in network.metadata_props}, **added})
    del network.graph.value_info[:]
    shorten_names(network.graph)
    read = [kept(entry) for entry in network.metadata_props if entry.key in KEPT_METADATA]
    del network.metadata_props[:]
    network.metadata_props.extend(read)
    onnx.save(network, target)


def kept(entry):
    if entry.key == "args":
        options = ast.literal_eval(entry.value)
        entry.value = str({key: options[key] for key in KEPT_ARGS if key in options})
    return entry


def shorten_names(graph):
    """Number the values inside a graph instead of naming them by the path of their module."""
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    if any(attribute.type == onnx.AttributeProto.GRAPH for attribute in attributes):
        return  # An inner graph may refer to values of this one.
    public = {value.name for value in [*graph.input, *graph.output]} | {""}
    inner = [weights.name for weights in graph.initializer] + [name for node in graph.node for name in node.output]
    short = {name: f"v{number}" for number, name in enumerate(inner) if name not in public}
    for weights in graph.initializer:
        weights.name = short.get(weights.name, weights.name)
    for node in graph.node:
        node.name = node.doc_string = ""
        node.input[:] = [short.get(name, name) for name in node.input]
        node.output[:] = [short.get(name, name) for name in node.output]


def save_expected(expected, target):
    target.write_text(json.dumps(expected).replace("], [", "],\n[").replace("}, {", "},\n{") + "\n")


def check_same(name, frames, again):
    """Fail unless the saved file finds what the family's own network found. Equal scores may change places."""
    for first, second in zip(frames, again, strict=True):
        if "probabilities" in first:
            np.testing.assert_allclose(second["probabilities"], first["probabilities"], atol=1e-4, err_msg=name)
            continue
        boxes, others = np.array(first["boxes"]), np.array(second["boxes"])
        assert boxes.shape == others.shape, f"{name}: {len(others)} boxes instead of {len(boxes)}"
        apart = np.abs(boxes[:, None] - others[None]).max(2)
        place = apart.argmin(1)
        assert apart.min(1).max() < 0.05, f"{name}: the saved file finds other boxes"
        for key in {"keypoints", "rotated"} & first.keys():
            moved = np.array(second[key])[place]
            np.testing.assert_allclose(moved, first[key], atol=0.05, err_msg=f"{name}: {key}")
        for key in {"masks", "segments"} & first.keys():
            assert len(second[key]) == len(first[key]), f"{name}: {key}"
