"""Writes the files of a fixture: a small ONNX file and the JSON file with what to expect from it."""

import ast
import json

import numpy as np
import onnx

# Other metadata (dates, versions, notices) does not describe the output format. The README lists tools and versions.
KEPT_METADATA = ("names", "imgsz", "stride", "task", "end2end", "batch", "head", "kpt_shape", "kpt_names", "args")
# The options of the export, in the metadata `args`, that change the output.
KEPT_ARGS = ("batch", "dynamic", "nms")


def save_network(source, target):
    """Copy an ONNX file without what a runtime does not read, which takes up to half of a tiny model."""
    network = onnx.load(source)
    del network.graph.value_info[:]
    shorten_names(network.graph)
    read = [kept(entry) for entry in network.metadata_props if entry.key in KEPT_METADATA]
    del network.metadata_props[:]
    network.metadata_props.extend(read)
    onnx.checker.check_model(network)
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
    """Fail unless the saved file finds what the family's own network found, in the same order."""
    for first, second in zip(frames, again, strict=True):
        for key in second:
            if key in ("masks", "segments"):
                assert len(first[key]) == len(second[key]), f"{name}: {key} differ"
            else:
                np.testing.assert_allclose(second[key], first[key], rtol=1e-3, atol=0.02, err_msg=f"{name}: {key}")
