// The parts of the HTTP entrance that see what strangers send: head and body framing.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/gateway/http_body.h"
#include "core/gateway/http_head.h"

namespace {

using strata::gateway::BodyDecoder;
using strata::gateway::HeadResult;
using strata::gateway::HeadState;
using strata::gateway::RequestHead;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Whatever the bytes are: the head lies inside of them, and the same bytes in two steps give the
// same head.
void CheckHead(std::string bytes, std::size_t cut) {
  std::string copy = bytes;
  RequestHead head;
  std::size_t searched = 0;
  const HeadResult whole = ParseHead(bytes.data(), bytes.size(), {}, &searched, &head);
  if (whole.state == HeadState::kRefused) Require(whole.status >= 400 && whole.status < 600);
  if (whole.state != HeadState::kComplete) return;
  Require(head.size <= bytes.size());
  Require(!(head.chunked && head.content_length));
  Require(!head.method.empty() && !head.path.empty() && !head.authority.empty());

  RequestHead again;
  searched = 0;
  HeadResult stepped = ParseHead(copy.data(), cut % (copy.size() + 1), {}, &searched, &again);
  if (stepped.state == HeadState::kIncomplete) {
    stepped = ParseHead(copy.data(), copy.size(), {}, &searched, &again);
  }
  Require(stepped.state != HeadState::kComplete || again.size == head.size);
}

std::string Decode(std::string_view bytes, std::size_t step, bool* done) {
  BodyDecoder decoder;
  decoder.Reset(std::nullopt, /*chunked=*/true);
  std::string body;
  while (!bytes.empty() && !decoder.done() && !decoder.malformed()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty() && !decoder.done() && !decoder.malformed()) {
      body.append(decoder.Next(&piece));
    }
  }
  *done = decoder.done();
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CheckHead(bytes, data[0]);
  bool whole = false;
  bool stepped = false;
  const std::string body = Decode(bytes, bytes.size() + 1, &whole);
  Require(body.size() <= bytes.size());
  Require(Decode(bytes, data[0] % 7 + 1u, &stepped) == body && stepped == whole);
  return 0;
}
