#pragma once

#include <array>
#include <string>
#include <string_view>

// Proof that a form was sent from one of our own pages (cross-site request forgery). A page sets a
// random session in a cookie that no script and no other site can read or send (HttpOnly,
// SameSite=Strict; RFC 6265bis), and its forms carry a token that is an HMAC of that session.
// Nothing is kept on the server.
namespace strata::console {

// HMAC-SHA256 (RFC 2104) under a key of this process. Thread-safe.
class Sessions final {
 public:
  // A random key; StatusError INTERNAL when the system has no randomness.
  Sessions();

  // The session in a Cookie header, or a new one where there is none of ours.
  std::string Find(std::string_view cookie_header) const;
  // Value of Set-Cookie.
  static std::string Cookie(std::string_view session);

  // The token for forms of that session, and whether one is.
  std::string Token(std::string_view session) const;
  bool Check(std::string_view session, std::string_view token) const;

 private:
  std::array<unsigned char, 32> key_;
};

// 128 random bits in hexadecimal, for request ids of forms.
std::string RandomText();

}  // namespace strata::console
