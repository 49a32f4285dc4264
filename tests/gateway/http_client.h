#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace strata::testing {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool chunked = false;
  bool whole = false;  // the body came to its end
};

// A client that sends exactly the bytes that it is told to. Single-threaded. No operation takes
// longer than ten seconds.
class HttpClient final {
 public:
  explicit HttpClient(const std::string& address, int receive_buffer = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False: the connection broke.
  bool Send(std::string_view bytes);
  void FinishSending();
  void Close();

  // The next answer; status 0 if the connection ended before its head. `head_only`: to a HEAD.
  HttpReply Receive(bool head_only = false);
  // Send, then Receive.
  HttpReply Exchange(std::string_view bytes);
  // One more piece, at most `size`; empty at the end of the connection.
  std::string ReceiveSome(std::size_t size);
  // The peer has closed (or cut) the connection, and nothing is left to read.
  bool Closed();

 private:
  bool Fill();
  std::optional<std::string> Line();
  std::string Take(std::size_t size);
  void ReceiveChunked(HttpReply* reply);

  int descriptor_ = -1;
  std::string buffer_;
};

// "GET path HTTP/1.1" with a Host and the lines given (each ending in CRLF).
std::string Get(std::string_view path, std::string_view lines = {});
std::string Post(std::string_view path, std::string_view body, std::string_view lines = {});

}  // namespace strata::testing
