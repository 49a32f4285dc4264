#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "strata/abi.h"

namespace strata::sdk {

// A buffer for one large message. Each thread keeps the last one that it used, so that messages of
// the same size do not go through the allocator; a nested call finds it taken and makes its own.
class LargeBuffer final {
 public:
  explicit LargeBuffer(std::size_t size);
  ~LargeBuffer();
  LargeBuffer(const LargeBuffer&) = delete;
  LargeBuffer& operator=(const LargeBuffer&) = delete;

  std::uint8_t* data() { return data_.get(); }

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t capacity_;
};

// The serialized form of one message: on the stack up to kInline bytes. Lives as long as the call
// that borrows it.
class Serialized final {
 public:
  explicit Serialized(const google::protobuf::MessageLite& message)
      : size_(message.ByteSizeLong()) {
    if (size_ > kInline) large_.emplace(size_);
    message.SerializeWithCachedSizesToArray(data());
  }
  Serialized(const Serialized&) = delete;
  Serialized& operator=(const Serialized&) = delete;

  strata_bytes bytes() { return {data(), size_}; }

 private:
  static constexpr std::size_t kInline = 4096;
  std::uint8_t* data() { return large_ ? large_->data() : inline_; }

  std::size_t size_;
  std::optional<LargeBuffer> large_;
  std::uint8_t inline_[kInline];
};

// Serialises into `buffer`, which keeps its capacity from message to message of a stream.
inline strata_bytes SerializeTo(const google::protobuf::MessageLite& message, std::string* buffer) {
  buffer->resize(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(buffer->data()));
  return abi::Bytes(*buffer);
}

inline bool Parse(strata_bytes bytes, google::protobuf::MessageLite* message) {
  constexpr std::size_t kMax = INT32_MAX;
  return bytes.size <= kMax && message->ParseFromArray(bytes.data, static_cast<int>(bytes.size));
}

}  // namespace strata::sdk
