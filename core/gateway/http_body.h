#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::gateway {

// Takes a request body out of the bytes of a connection: by length or by chunks (RFC 9112 section
// 6 and 7.1). Chunk extensions and trailers are read, limited and ignored. Thread-compatible.
class BodyDecoder final {
 public:
  // A body of that length, or a chunked one.
  void Reset(std::optional<std::uint64_t> content_length, bool chunked);

  // Takes framing and body from the front of *input and returns the next piece of the body (a view
  // into *input). Empty: *input was used up, or the body is done, or it is malformed.
  std::string_view Next(std::string_view* input);

  bool done() const { return state_ == State::kDone; }
  bool malformed() const { return state_ == State::kMalformed; }

 private:
  enum class State {
    kData,
    kDataEnd,
    kSize,
    kExtension,
    kSizeLf,
    kTrailer,
    kTrailerLf,
    kDone,
    kMalformed
  };

  std::string_view TakeData(std::string_view* input);
  void TakeByte(char c);
  void TakeSizeDigit(char c);
  void TakeSizeEnd(char c);
  void TakeTrailer(char c);

  State state_ = State::kDone;
  bool chunked_ = false;
  bool data_cr_ = false;
  std::uint8_t digits_ = 0;
  std::uint32_t line_ = 0;      // bytes of the current trailer line
  std::uint32_t overhead_ = 0;  // bytes of extensions and trailers so far
  std::uint64_t left_ = 0;
};

}  // namespace strata::gateway
