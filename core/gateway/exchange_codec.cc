#include "core/gateway/exchange_codec.h"

#include <algorithm>
#include <array>

#include "core/gateway/wire.h"

namespace strata::gateway {
namespace {

// proto/strata/service/v1/service.proto
constexpr std::uint32_t kPartHead = 1, kPartBody = 2, kPartEnd = 3;
constexpr std::uint32_t kMethod = 1, kPath = 2, kQuery = 3, kHeaders = 4, kScheme = 5;
constexpr std::uint32_t kAuthority = 6, kRoute = 7, kContentLength = 8, kMenu = 9;
constexpr std::uint32_t kHeaderName = 1, kHeaderValue = 2;
constexpr std::uint32_t kMenuLabel = 1, kMenuPath = 2, kMenuOrder = 3;
constexpr std::uint32_t kStatus = 1, kResponseHeaders = 2;
// proto/strata/common/v1/common.proto
constexpr std::uint32_t kAssurance = 1, kRequestId = 11, kClientAddress = 12;
constexpr std::uint64_t kAssuranceLocal = 1;

constexpr std::array<std::string_view, 16> kWithheld = {
    "authorization", "connection",          "content-length",
    "expect",        "forwarded",           "host",
    "keep-alive",    "proxy-authorization", "te",
    "trailer",       "transfer-encoding",   "upgrade",
    "x-request-id",  "proxy-connection",    "x-http-method-override",
    "x-original-url"};

bool Withheld(std::string_view name) {
  if (name.starts_with("x-forwarded-") || name.starts_with("strata-")) return true;
  return std::find(kWithheld.begin(), kWithheld.end(), name) != kWithheld.end();
}

void AppendOptional(std::uint32_t field, std::string_view value, std::string* out) {
  if (!value.empty()) AppendBytes(field, value, out);
}

void AppendHeader(const HeaderView& header, std::string* out) {
  const std::size_t size = 2 + VarintSize(header.name.size()) + header.name.size() +
                           VarintSize(header.value.size()) + header.value.size();
  AppendVarint(kHeaders << 3 | 2, out);
  AppendVarint(size, out);
  AppendBytes(kHeaderName, header.name, out);
  AppendBytes(kHeaderValue, header.value, out);
}

bool DecodeHeader(std::string_view message, HeaderView* out) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kHeaderName) out->name = reader.bytes();
    if (reader.field() == kHeaderValue) out->value = reader.bytes();
  }
  return reader.ok();
}

bool DecodeResponseHead(std::string_view message, ResponsePart* out) {
  WireReader reader(message);
  bool ok = true;
  while (ok && reader.Next()) {
    if (reader.field() == kStatus) out->status = static_cast<std::uint32_t>(reader.number());
    if (reader.field() == kResponseHeaders) {
      ok = DecodeHeader(reader.bytes(), &out->headers.emplace_back());
    }
  }
  return ok && reader.ok();
}

}  // namespace

void EncodeExchangeHead(const ExchangeHead& head, std::string* scratch, std::string* out) {
  const RequestHead& request = *head.request;
  scratch->clear();
  AppendBytes(kMethod, request.method, scratch);
  AppendBytes(kPath, request.path, scratch);
  AppendOptional(kQuery, request.query, scratch);
  for (const HeaderView& header : request.headers) {
    if (!Withheld(header.name)) AppendHeader(header, scratch);
  }
  AppendBytes(kScheme, head.scheme, scratch);
  AppendBytes(kAuthority, request.authority, scratch);
  AppendOptional(kRoute, head.route, scratch);
  if (request.content_length) AppendUint(kContentLength, *request.content_length, scratch);
  scratch->append(head.menu);
  AppendBytes(kPartHead, *scratch, out);
}

void EncodeBodyPart(std::string_view body, bool end, std::string* out) {
  AppendOptional(kPartBody, body, out);
  if (end) AppendUint(kPartEnd, 1, out);
}

std::string EncodeMenu(const std::vector<host::MenuItem>& menu) {
  std::string out;
  std::string entry;
  for (const host::MenuItem& item : menu) {
    entry.clear();
    AppendOptional(kMenuLabel, item.label, &entry);
    AppendOptional(kMenuPath, item.path, &entry);
    if (item.order != 0) {
      AppendUint(kMenuOrder, static_cast<std::uint64_t>(std::int64_t{item.order}), &entry);
    }
    AppendBytes(kMenu, entry, &out);
  }
  return out;
}

bool DecodeResponsePart(std::string_view message, ResponsePart* out) {
  out->has_head = false;
  out->status = 0;
  out->headers.clear();
  out->body = {};
  out->end = false;
  WireReader reader(message);
  bool ok = true;
  while (ok && reader.Next()) {
    switch (reader.field()) {
      case kPartHead:
        out->has_head = true;
        ok = DecodeResponseHead(reader.bytes(), out);
        break;
      case kPartBody:
        out->body = reader.bytes();
        break;
      case kPartEnd:
        out->end = reader.number() != 0;
        break;
      default:
        break;
    }
  }
  return ok && reader.ok();
}

void EncodeLocalAuth(std::string_view request_id, std::string_view client_address,
                     std::string* out) {
  AppendUint(kAssurance, kAssuranceLocal, out);
  AppendOptional(kRequestId, request_id, out);
  AppendOptional(kClientAddress, client_address, out);
}

}  // namespace strata::gateway
