"""PEER MODEL INPUT_COUNT NAME...: runs the model in PEER on input_K.npy and saves its outputs as peer_K.npy, for `skipc verify`.

inner.txt, where it is not empty, names inner values, each ended by a zero byte: value K is saved as inner_K.npy if the model has it.
"""
import sys
from pathlib import Path

NO_MODULE = 3  # exit status


def varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at


def fields(data):
    """(number, bytes) of each length-delimited field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 2:
            size, at = varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        elif kind == 0:
            at = varint(data, at)[1]
        else:
            at += {1: 8, 5: 4}[kind]


def field(number, data):
    size, text = len(data), bytes([number << 3 | 2])
    while size > 127:
        text += bytes([size & 127 | 128])
        size >>= 7
    return text + bytes([size]) + data


# Fields of onnx.proto: what a model calls its graph, and so on.
GRAPH, NODE, OUTPUT, NODE_OUTPUT, VALUE_NAME = 7, 1, 12, 2, 1


def with_outputs(model, wanted):
    """The model with more outputs, and those of `wanted` that it has now. A second graph field is merged into the first, list by list:
    so says protobuf, and no package is needed to edit a model of any size."""
    inner, outer = set(), set()
    for number, graph in fields(memoryview(model)):
        for part, data in fields(graph) if number == GRAPH else ():
            if part == NODE:
                inner.update(bytes(name).decode() for number, name in fields(data) if number == NODE_OUTPUT)
            elif part == OUTPUT:
                outer.update(bytes(name).decode() for number, name in fields(data) if number == VALUE_NAME)
    there = [name for name in wanted if name in inner]
    added = [name for name in dict.fromkeys(there) if name not in outer]
    return model + field(GRAPH, b"".join(field(OUTPUT, field(VALUE_NAME, name.encode())) for name in added)), there


# name: a function (path or bytes of the model, folder of its external data) -> run(output names, {input name: array}).


def open_onnxruntime(model, folder, level="ORT_DISABLE_ALL"):
    """Without optimisations: each node as the model has it, so that inner values are what it computes anyway, and a fault of a rewrite is
    not taken for the model's meaning. One thread, for the same bits every time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.log_severity_level = 4
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run


def open_optimised(model, folder):
    return open_onnxruntime(model, folder, "ORT_ENABLE_ALL")


def open_onnx(model, folder):
    import onnx
    from onnx.external_data_helper import load_external_data_for_model
    from onnx.reference import ReferenceEvaluator

    proto = onnx.load(model) if isinstance(model, str) else onnx.ModelProto.FromString(model)
    load_external_data_for_model(proto, folder)
    return ReferenceEvaluator(proto).run


PEERS = {"onnxruntime": open_onnxruntime, "onnxruntime-optimised": open_optimised, "onnx": open_onnx}


def main(peer, path, input_count, *names):
    import numpy

    input_count = int(input_count)
    feed = {name: numpy.load(f"input_{k}.npy") for k, name in enumerate(names[:input_count])}
    outputs = list(names[input_count:])
    model, wanted, there = path, [], []
    if names_of_inner := Path("inner.txt").read_bytes():
        wanted = names_of_inner.decode().split("\0")[:-1]
        model, there = with_outputs(Path(path).read_bytes(), wanted)
    results = PEERS[peer](model, str(Path(path).parent))(outputs + there, feed)
    for k, result in enumerate(results[: len(outputs)]):
        numpy.save(f"peer_{k}.npy", numpy.asarray(result, order="C"))
    number_of = {name: k for k, name in enumerate(wanted)}
    for name, result in zip(there, results[len(outputs) :]):
        if result is not None:
            numpy.save(f"inner_{number_of[name]}.npy", numpy.asarray(result, order="C"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(NO_MODULE)
    except Exception as reason:  # whatever a peer raises is what the user is told, in one line
        sys.exit(f"error: {type(reason).__name__}: {' '.join(str(reason).split())}")
