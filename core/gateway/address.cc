#include "core/gateway/address.h"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "core/gateway/http_head.h"

namespace strata::gateway {
namespace {

constexpr int kBacklog = 1024;

// "localhost" is not looked up: what it resolves to is not ours to trust.
std::string LiteralHost(std::string_view host) {
  if (host.empty() || EqualsIgnoreCase(host, "localhost")) return "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return std::string(host.substr(1, host.size() - 2));
  }
  return std::string(host);
}

// Not IPAddress::tryParse: that takes "::" for no address.
std::optional<Poco::Net::IPAddress> ParseIp(const std::string& host) {
  try {
    return Poco::Net::IPAddress(host);
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string ListenAddress::ToString() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  ListenAddress address;
  if (text.starts_with("unix:")) {
    address.unix_path = text.substr(5);
    if (address.unix_path.empty() || address.unix_path.front() != '/') {
      return InvalidArgument("a Unix socket needs an absolute path: unix:/path");
    }
    return address;
  }
  const std::size_t colon = text.rfind(':');
  std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return InvalidArgument("\"" + std::string(text) + "\" is no address: expected host:port");
  }
  address.host = LiteralHost(text.substr(0, colon));
  const std::optional<Poco::Net::IPAddress> ip = ParseIp(address.host);
  if (!ip) {
    return InvalidArgument("\"" + address.host + "\" is no IP address; expected one such as " +
                           "127.0.0.1 or [::1]");
  }
  if (!ip->isLoopback()) {
    return FailedPrecondition(
        "refusing to listen on " + address.ToString() +
        ": other machines could reach it, and there is no login yet; use 127.0.0.1:" +
        std::to_string(address.port) + " or [::1]:" + std::to_string(address.port));
  }
  return address;
}

bool IsLoopbackAuthority(std::string_view authority) {
  std::string_view host = authority;
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    host = host.substr(0, end + 1);
  } else {
    host = host.substr(0, host.rfind(':'));
  }
  if (host == "127.0.0.1" || EqualsIgnoreCase(host, "localhost")) return true;
  constexpr std::string_view kSuffix = ".localhost";  // RFC 6761 section 6.3
  if (host.size() > kSuffix.size() &&
      EqualsIgnoreCase(host.substr(host.size() - kSuffix.size()), kSuffix)) {
    return true;
  }
  if (host.empty()) return false;
  const std::optional<Poco::Net::IPAddress> ip = ParseIp(LiteralHost(host));
  return ip && ip->isLoopback();
}

Result<int> Listen(ListenAddress* address) {
  try {
    Poco::Net::ServerSocket socket;
    socket.bind(Poco::Net::SocketAddress(address->host, address->port), /*reuseAddress=*/true,
                /*reusePort=*/false);
    socket.listen(kBacklog);
    address->port = socket.address().port();
    const int descriptor = ::fcntl(socket.impl()->sockfd(), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0 || ::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) {
      if (descriptor >= 0) ::close(descriptor);
      return Unavailable("cannot listen on " + address->ToString());
    }
    return descriptor;
  } catch (const Poco::Exception& e) {
    return Unavailable("cannot listen on " + address->ToString() + ": " + e.displayText());
  }
}

Status PrepareUnixSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return FailedPrecondition("the path of the Unix socket is too long: " + path);
  }
  path.copy(address.sun_path, path.size());
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("cannot make the folder " + folder);
  }
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Unavailable(folder + " is no folder");
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & 0077) != 0) {
    return FailedPrecondition("the folder " + folder +
                              " of the Unix socket must be its owner's alone (chmod 0700)");
  }
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool taken =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(probe);
  return taken ? Unavailable("cannot listen on unix:" + path + ": the address is in use")
               : OkStatus();
}

}  // namespace strata::gateway
