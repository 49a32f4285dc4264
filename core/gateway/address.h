#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::gateway {

// Where a gateway listens: an address of this machine's loopback interface, or a Unix socket.
struct ListenAddress {
  std::string host;  // "127.0.0.1", "::1"; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path;

  // "127.0.0.1:8080", "[::1]:8080", "unix:/path".
  std::string ToString() const;
};

// Reads "host:port", "[v6]:port", ":port" (127.0.0.1) or "unix:/path". INVALID_ARGUMENT: it is none
// of these. FAILED_PRECONDITION: another machine could reach it, which is refused as long as there
// is no login.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// Whether an authority ("localhost:8080", "[::1]") names this machine's loopback interface: the
// guard against pages that make a browser call here under a name of their own (DNS rebinding).
bool IsLoopbackAuthority(std::string_view authority);

// A non-blocking listening TCP socket; *address gets the port that was taken. UNAVAILABLE: the port
// is in use or cannot be opened.
Result<int> Listen(ListenAddress* address);

// Makes the folder of a Unix socket if there is none, for its owner only. FAILED_PRECONDITION: the
// folder is open to others, or the path too long. UNAVAILABLE: a server is listening there, or the
// folder cannot be made.
Status PrepareUnixSocket(const std::string& path);

}  // namespace strata::gateway
