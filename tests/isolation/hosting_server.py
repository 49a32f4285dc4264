#!/usr/bin/python3
"""A gRPC server in another language that implements a little of the hosting contract.

    hosting_server.py ADDRESS      (or the address in STRATA_LISTEN)

Needs no generated code: requests and responses stay bytes, with the two fields that it needs read
by hand."""
import os
import signal
import sys
import threading
from concurrent import futures

import grpc


def echo(request, context):
    """Get: the request as the response, unless it asks for something else."""
    if request == b"fail":
        context.set_trailing_metadata((("x-reason", "because"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"auth":
        return dict(context.invocation_metadata()).get("strata-auth-bin", b"none")
    if request == b"pid":
        return str(os.getpid()).encode()
    if request == b"crash":
        os._exit(3)
    return request


def scan(request, context):
    for i in range(int(request or b"0")):
        yield str(i).encode()


def commit_stream(requests, context):
    return b"".join(requests)


def chat(requests, context):
    for request in requests:
        if request == b"bye":
            return
        yield b"re:" + request


HANDLERS = {
    "Get": grpc.unary_unary_rpc_method_handler(echo),
    "Scan": grpc.unary_stream_rpc_method_handler(scan),
    "CommitStream": grpc.stream_unary_rpc_method_handler(commit_stream),
}


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else os.environ["STRATA_LISTEN"]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("strata.hosting.v1.Hosting", HANDLERS),
        grpc.method_handlers_generic_handler(
            "strata.data.v1.Data", {"Import": grpc.stream_stream_rpc_method_handler(chat)}),
    ))
    if not server.add_insecure_port(address):
        sys.exit("cannot listen on " + address)
    server.start()
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    end.wait()
    server.stop(1)


if __name__ == "__main__":
    main()
