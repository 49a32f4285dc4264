#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

#include "strata/abi.h"
#include "strata/function_ref.h"
#include "strata/status.h"

namespace strata {

// What a client of a client-streaming or bidi method supplies: fills the next request and returns
// true, or returns false at the end. Called on the thread of the call, while it runs.
template <typename M>
using Source = FunctionRef<bool(M*)>;

// What a client of a streaming method gives for the responses: called with each one (which it may
// move from); returns false to stop, which ends the call with OK.
template <typename M>
using Sink = FunctionRef<bool(M&)>;

namespace sdk {

// The untyped halves of Reader and Writer.
class RawReader {
 public:
  explicit RawReader(strata_call* call) : call_(call) {}
  Result<bool> ReadInto(google::protobuf::MessageLite* message);
  // The serialized message, valid until the next read; nothing at the end of the stream.
  Result<bool> ReadBytes(std::string_view* bytes);

 private:
  strata_call* call_;
};

class RawWriter {
 public:
  explicit RawWriter(strata_call* call) : call_(call) {}
  bool WriteMessage(const google::protobuf::MessageLite& message);
  // For who holds the serialized form already (a proxy): saves parse and serialise.
  [[nodiscard]] bool WriteBytes(std::string_view serialized);

 private:
  strata_call* call_;
  std::string buffer_;
};

}  // namespace sdk

// Requests of a client stream, in a handler. Single-threaded; blocks for the next message.
template <typename M>
class Reader final : public sdk::RawReader {
 public:
  using RawReader::RawReader;

  // true: *message is the next one. false: the client ended the stream. An error: the stream broke
  // (CANCELLED, DEADLINE_EXCEEDED, INVALID_ARGUMENT for bytes that are no M), what was read is not
  // everything: return it, and keep nothing of a half-read request.
  Result<bool> Read(M* message) { return ReadInto(message); }

  // Calls fn(M&) -> Status with each message until the end or the first error.
  template <typename F>
  Status ForEach(F&& fn) {
    M message;
    while (true) {
      STRATA_ASSIGN_OR_RETURN(const bool more, ReadInto(&message));
      if (!more) return {};
      STRATA_RETURN_IF_ERROR(fn(message));
    }
  }
};

// Responses of a server stream, in a handler. Single-threaded; blocks for back-pressure.
template <typename M>
class Writer final : public sdk::RawWriter {
 public:
  using RawWriter::RawWriter;

  // false: the client is gone or has heard enough; stop and return OK.
  [[nodiscard]] bool Write(const M& message) { return WriteMessage(message); }
};

}  // namespace strata
