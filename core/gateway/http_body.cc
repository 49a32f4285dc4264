#include "core/gateway/http_body.h"

#include <algorithm>

namespace strata::gateway {
namespace {

constexpr std::uint8_t kMaxSizeDigits = 15;
constexpr std::uint32_t kMaxOverhead = 16 * 1024;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void BodyDecoder::Reset(std::optional<std::uint64_t> content_length, bool chunked) {
  *this = BodyDecoder();
  chunked_ = chunked;
  left_ = content_length.value_or(0);
  if (chunked) {
    state_ = State::kSize;
  } else if (left_ > 0) {
    state_ = State::kData;
  }
}

std::string_view BodyDecoder::Next(std::string_view* input) {
  while (!input->empty() && state_ != State::kDone && state_ != State::kMalformed) {
    if (state_ == State::kData) return TakeData(input);
    const char c = input->front();
    input->remove_prefix(1);
    TakeByte(c);
  }
  return {};
}

std::string_view BodyDecoder::TakeData(std::string_view* input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input->size()));
  const std::string_view piece = input->substr(0, size);
  input->remove_prefix(size);
  left_ -= size;
  if (left_ == 0) state_ = chunked_ ? State::kDataEnd : State::kDone;
  return piece;
}

void BodyDecoder::TakeByte(char c) {
  switch (state_) {
    case State::kDataEnd:
      if (!data_cr_ && c == '\r') {
        data_cr_ = true;
      } else if (data_cr_ && c == '\n') {
        data_cr_ = false;
        state_ = State::kSize;
      } else {
        state_ = State::kMalformed;
      }
      break;
    case State::kSize:
      TakeSizeDigit(c);
      break;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == '\n' || c == '\0' || ++overhead_ > kMaxOverhead) {
        state_ = State::kMalformed;
      }
      break;
    case State::kSizeLf:
      TakeSizeEnd(c);
      break;
    case State::kTrailer:
    case State::kTrailerLf:
      TakeTrailer(c);
      break;
    case State::kData:
    case State::kDone:
    case State::kMalformed:
      break;
  }
}

void BodyDecoder::TakeSizeDigit(char c) {
  const int digit = HexValue(c);
  if (digit >= 0 && digits_ < kMaxSizeDigits) {
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    ++digits_;
  } else if (digits_ > 0 && c == '\r') {
    state_ = State::kSizeLf;
  } else if (digits_ > 0 && c == ';') {
    state_ = State::kExtension;
  } else {
    state_ = State::kMalformed;
  }
}

void BodyDecoder::TakeSizeEnd(char c) {
  digits_ = 0;
  if (c != '\n') {
    state_ = State::kMalformed;
  } else {
    state_ = left_ > 0 ? State::kData : State::kTrailer;
  }
}

void BodyDecoder::TakeTrailer(char c) {
  if (state_ == State::kTrailerLf) {
    if (c != '\n') {
      state_ = State::kMalformed;
    } else {
      state_ = line_ == 0 ? State::kDone : State::kTrailer;
    }
    line_ = 0;
  } else if (c == '\r') {
    state_ = State::kTrailerLf;
  } else if (c == '\n' || c == '\0' || ++overhead_ > kMaxOverhead) {
    state_ = State::kMalformed;
  } else {
    ++line_;
  }
}

}  // namespace strata::gateway
