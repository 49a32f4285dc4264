#!/usr/bin/python3
"""A gRPC server behind mutual TLS: hands every call on to another server, byte by byte.

    tls_relay.py FOLDER TARGET     prints its port; FOLDER has ca.pem, server.pem, server.key"""
import pathlib
import sys
from concurrent import futures

import grpc


class Relay(grpc.GenericRpcHandler):
    def __init__(self, target):
        self._channel = grpc.insecure_channel(target)
        # So that the first call that is handed on need not wait for it.
        grpc.channel_ready_future(self._channel).result(timeout=30)

    def service(self, details):
        # On the wire a call with one message is a stream of one.
        upstream = self._channel.stream_stream(details.method)

        def relay(requests, context):
            answers = upstream(requests, timeout=context.time_remaining())
            context.add_callback(answers.cancel)
            try:
                yield from answers
            except grpc.RpcError as error:
                context.set_trailing_metadata(answers.trailing_metadata() or ())
                context.abort(error.code(), error.details())

        return grpc.stream_stream_rpc_method_handler(relay)


def main():
    folder, target = pathlib.Path(sys.argv[1]), sys.argv[2]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((Relay(target),))
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials(
        [pair], root_certificates=(folder / "ca.pem").read_bytes(), require_client_auth=True)
    print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
