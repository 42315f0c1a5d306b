#!/usr/bin/env python3
"""Writes the small checkpoints of this folder as torch.save and safetensors would, with the standard library only.

Element i of a tensor is value(name, i); tests/io/torch_checkpoint.cpp knows the same rule.
"""
import argparse, collections, io, json, pickle, struct, sys, types, zlib

FORMATS = {"Double": "d", "Float": "f", "Half": "e", "Long": "q", "Int": "i", "Short": "h", "Char": "b", "Byte": "B",
           "Bool": "?", "BFloat16": None}


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    for key, member in members.items():
        if hasattr(member, "__module__"):
            member.__module__, member.__qualname__, member.__name__ = name, key, key
        setattr(sys.modules[name], key, member)


def function():
    return lambda *arguments: None


module("torch", **{kind + "Storage": type(kind, (), {}) for kind in FORMATS})
module("torch._utils", _rebuild_tensor_v2=function(), _rebuild_parameter=function())
module("pytorch_lightning")
module("pytorch_lightning.callbacks", ModelCheckpoint=type("ModelCheckpoint", (), {}))


def value(name, i):
    """A multiple of 1/8 in [-16, 16), exact in every floating-point type."""
    return ((sum(name.encode()) * 7 + i * 37) % 256 - 128) / 8


def pack(kind, values):
    if kind == "BFloat16":
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    convert = float if FORMATS[kind] in "dfe" else bool if kind == "Bool" else lambda v: int(v) & (255 if kind == "Byte" else -1)
    return struct.pack(f"<{len(values)}{FORMATS[kind]}", *map(convert, values))


class Storage:
    def __init__(self, kind, values, view=None):
        self.kind, self.count, self.bytes, self.view = kind, len(values), pack(kind, values), view


class Tensor:
    def __init__(self, storage, shape, strides, offset=0):
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce_ex__(self, protocol):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce_ex__(self, protocol):
        return sys.modules["torch._utils"]._rebuild_parameter, (self.tensor, True, collections.OrderedDict())


def row_major(shape):
    strides, count = [], 1
    for extent in reversed(shape):
        strides.insert(0, count)
        count *= extent
    return tuple(strides), count


def tensor(name, *shape, kind="Float"):
    strides, count = row_major(shape)
    return Tensor(Storage(kind, [value(name, i) for i in range(count)]), shape, strides)


def pickled(root, protocol, legacy=False):
    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            if not isinstance(item, Storage):
                return None
            key = str(storages.setdefault(id(item), (len(storages), item))[0])
            id_ = ("storage", getattr(sys.modules["torch"], item.kind + "Storage"), key, "cpu", item.count)
            return id_ + (item.view,) if legacy else id_

    out = io.BytesIO()
    Pickler(out, protocol).dump(root)
    return out.getvalue(), [item for _, item in storages.values()]


def save_zip(path, root, protocol=2, zip64=False, byteorder=None):
    """Stored entries, each aligned to 64 bytes; zip64=True puts every number into the 64-bit records."""
    data, storages = pickled(root, protocol)
    entries = {"data.pkl": data, **{f"data/{i}": s.bytes for i, s in enumerate(storages)}, "version": b"3\n"}
    if byteorder:
        entries["byteorder"] = byteorder
    out, directory, big = b"", b"", 0xFFFFFFFF
    for name, content in entries.items():
        name, at = b"archive/" + name.encode(), len(out)
        padding = -(at + 30 + len(name) + 4) % 64
        common = struct.pack("<HHHHI", 0x808, 0, 0, 0, zlib.crc32(content))
        out += b"PK\3\4\0\0" + common + struct.pack("<IIHH", 0, 0, len(name), padding + 4) + name
        out += b"FB" + struct.pack("<H", padding) + b"Z" * padding + content
        size, extra = len(content), b""
        if zip64:
            extra = struct.pack("<HHQQQ", 1, 24, size, size, at)
        sizes = (big, big) if zip64 else (size, size)
        directory += b"PK\1\2\0\0\0\0" + common + struct.pack("<IIHHHHHII", *sizes, len(name), len(extra), 0, 0, 0, 0,
                                                              big if zip64 else at) + name + extra
    count, at = len(entries), len(out)
    out += directory
    if zip64:
        out += b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), at)
        out += b"PK\6\7" + struct.pack("<IQI", 0, at + len(directory), 1)
    out += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), big if zip64 else at, 0)
    open(path, "wb").write(out)


def save_legacy(path, root):
    data, storages = pickled(root, 2, legacy=True)
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    heads = [pickle.dumps(head, 2) for head in (0x1950A86A20F9469CFC6C, 1001, facts)]
    keys = pickle.dumps([str(i) for i in range(len(storages))], 2)
    contents = [struct.pack("<q", s.count) + s.bytes for s in storages]
    open(path, "wb").write(b"".join(heads) + data + keys + b"".join(contents))


def save_safetensors(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, kind, shape) in tensors.items():
        content = pack(kind, [value(name, i) for i in range(row_major(shape)[1])])
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


shared = Storage("Float", [value("shared", i) for i in range(24)])
save_zip("lightning.ckpt", {
    "epoch": 3, "global_step": 12345, "pytorch-lightning_version": "1.0.8",
    "callbacks": {sys.modules["pytorch_lightning.callbacks"].ModelCheckpoint: {"best_model_score": tensor("score"), "path": "x"}},
    "optimizer_states": [{"state": {0: {"step": 7, "exp_avg": tensor("exp_avg", 4)}}, "param_groups": [{"lr": 1e-4}]}],
    "lr_schedulers": [], "hyper_parameters": argparse.Namespace(rate=0.5, names={"a", "b"}, raw=b"bytes"),
    "state_dict": collections.OrderedDict([
        ("vqvae.encoder.conv_in.weight", tensor("weight", 4, 3, 3, 3)), ("vqvae.encoder.conv_in.bias", tensor("bias", 4)),
        ("vqvae.first_half", Tensor(shared, (3, 4), (4, 1))), ("vqvae.second_half", Tensor(shared, (3, 4), (4, 1), 12)),
        ("vqvae.empty", tensor("empty", 0, 3)), ("loss.num", tensor("num", kind="Long"))])})

half = Storage("Half", [value("weight", i) for i in range(2 * 3 * 2 * 2)])
save_zip("half.pth", {"params_ema": {"weight": Tensor(half, (2, 3, 2, 2), (12, 4, 2, 1)),
                                     "view": Tensor(half, (3, 2, 2, 2), (4, 12, 2, 1)),
                                     "expanded": Tensor(half, (2, 3), (0, 1), 6)}}, zip64=True)
save_zip("dtypes.pth", {kind: tensor(kind, 2, 3, kind=kind) for kind in FORMATS}, protocol=4, byteorder=b"little")
state = collections.OrderedDict([
    ("conv.weight", Parameter(tensor("conv.weight", 2, 2, 3, 3))), ("conv.bias", tensor("conv.bias", 2)),
    ("part", Tensor(Storage("Float", [value("part", i) for i in range(8)], view=("view", 2, 4)), (2, 2), (2, 1)))])
state._metadata = {"": {"version": 1}}
save_legacy("legacy.pth", state)
save_safetensors("example.safetensors", {
    "double": ("F64", "Double", [2]), "weight": ("F32", "Float", [2, 3, 2, 2]), "scalar": ("F32", "Float", []),
    "half": ("F16", "Half", [3]), "empty": ("F32", "Float", [0, 4]), "long": ("I64", "Long", [1])}, {"format": "pt", "note": "caf\u00e9"})
