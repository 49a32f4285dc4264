#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gateway/http_head.h"
#include "core/host/ingress.h"

// The messages of strata.service.v1.DigitalService/Handle, and AuthContext, on the wire. Pure
// functions. What is decoded are views into the bytes given.
namespace strata::gateway {

// Appends the field HandleRequest.head. Headers that concern one connection, that the gateway has
// answered for itself, or that a client must not choose (forwarding, tokens) are left out.
// `menu` comes from EncodeMenu.
struct ExchangeHead {
  const RequestHead* request = nullptr;
  std::string_view scheme;
  std::string_view route;
  std::string_view menu;
};
void EncodeExchangeHead(const ExchangeHead& head, std::string* scratch, std::string* out);

// Appends HandleRequest.body and .end.
void EncodeBodyPart(std::string_view body, bool end, std::string* out);

// HttpRequestHead.menu, once per generation.
std::string EncodeMenu(const std::vector<host::MenuItem>& menu);

// One HandleResponse.
struct ResponsePart {
  bool has_head = false;
  std::uint32_t status = 0;
  std::vector<HeaderView> headers;
  std::string_view body;
  bool end = false;
};
// false: the bytes are no HandleResponse.
bool DecodeResponsePart(std::string_view message, ResponsePart* out);

// The AuthContext of a caller on this machine, while no login exists.
void EncodeLocalAuth(std::string_view request_id, std::string_view client_address,
                     std::string* out);

}  // namespace strata::gateway
