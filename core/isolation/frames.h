#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <string_view>

namespace strata::isolation {

// Header and trailer of forwarded calls (isolation.proto).
inline constexpr char kHeadKey[] = "strata-call-bin";
inline constexpr char kEndKey[] = "strata-end-bin";

// First byte of a message of a framed call. Who calls sends kData, kEnd or kBroken, and only as an
// answer to kMore: like in one process, the callee decides when the next request is read. Who is
// called sends kData and kMore.
enum class Frame : std::uint8_t {
  kData = 0,
  kMore = 1,
  kEnd = 2,     // The stream of requests has ended.
  kBroken = 3,  // It broke: what was sent is not everything.
};

inline grpc::ByteBuffer ToBuffer(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

inline grpc::ByteBuffer ToFrame(Frame frame, std::string_view bytes = {}) {
  const auto byte = static_cast<std::uint8_t>(frame);
  const grpc::Slice slices[2] = {grpc::Slice(&byte, 1), grpc::Slice(bytes.data(), bytes.size())};
  return grpc::ByteBuffer(slices, bytes.empty() ? 1 : 2);
}

// The bytes in one piece (a reference if they are so already).
inline grpc::Slice ToSlice(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok()) return {};
  return slice;
}

inline std::string_view View(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

}  // namespace strata::isolation
