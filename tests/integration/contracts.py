"""Calls the contracts as a foreign gRPC client: Debian's python3-grpcio, classes made by protoc."""
import importlib
import pathlib
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
_OUT = tempfile.mkdtemp(prefix="strata-proto-")


def _generate():
    protos = [str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto")]
    subprocess.run(["protoc", "-I", ".", f"--python_out={_OUT}", *protos], cwd=ROOT / "proto",
                   check=True)
    sys.path.insert(0, _OUT)


_generate()
data = importlib.import_module("strata.data.v1.data_pb2")
hosting = importlib.import_module("strata.hosting.v1.hosting_pb2")
core = importlib.import_module("strata.core.v1.core_pb2")
common = importlib.import_module("strata.common.v1.common_pb2")

_MODULES = {"data": data, "hosting": hosting, "core": core}


class Client:
    """client.call("data.Data/Read", data.ReadRequest(...)): one answer, or a list for a stream."""

    def __init__(self, address):
        self._channel = grpc.insecure_channel(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def call(self, name, request, timeout=30, metadata=()):
        package, rest = name.split(".")
        service, method = rest.split("/")
        module = _MODULES[package]
        descriptor = module.DESCRIPTOR.services_by_name[service].methods_by_name[method]
        answer_class = getattr(module, descriptor.output_type.name)
        streams_in = not isinstance(request, module.__dict__[descriptor.input_type.name])
        path = f"/strata.{package}.v1.{service}/{method}"
        kind = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, False): self._channel.stream_unary,
            (True, True): self._channel.stream_stream,
        }[(streams_in, _streams_out(module, service, method))]
        stub = kind(path, request_serializer=lambda m: m.SerializeToString(),
                    response_deserializer=answer_class.FromString)
        answer = stub(iter(request) if streams_in else request, timeout=timeout, metadata=metadata)
        return list(answer) if _streams_out(module, service, method) else answer


def _streams_out(module, service, method):
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    for s in file.service:
        for m in s.method:
            if s.name == service and m.name == method:
                return m.server_streaming
    raise KeyError(method)
