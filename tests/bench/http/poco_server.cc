#include "tests/bench/http/poco_server.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

namespace strata::bench {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class Handler final : public Poco::Net::HTTPRequestHandler {
 public:
  Handler(const Headers& headers, const std::string& body) : headers_(headers), body_(body) {}
  void handleRequest(Poco::Net::HTTPServerRequest&,
                     Poco::Net::HTTPServerResponse& response) override {
    for (const auto& [name, value] : headers_) response.set(name, value);
    response.sendBuffer(body_.data(), body_.size());
  }

 private:
  const Headers& headers_;
  const std::string& body_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Factory(Headers headers, std::string body)
      : headers_(std::move(headers)), body_(std::move(body)) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest&) override {
    return new Handler(headers_, body_);  // Poco deletes it
  }

 private:
  const Headers headers_;
  const std::string body_;
};

Poco::Net::HTTPServerParams::Ptr Params() {
  Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
  params->setKeepAlive(true);
  params->setMaxKeepAliveRequests(0);
  params->setMaxThreads(64);
  return params;
}

}  // namespace

class PocoServer::Impl {
 public:
  Impl(Headers headers, std::string body)
      : socket_(Poco::Net::SocketAddress("127.0.0.1", 0)),
        server_(new Factory(std::move(headers), std::move(body)), pool_, socket_, Params()) {
    server_.start();
  }
  ~Impl() { server_.stopAll(true); }
  std::uint16_t port() const { return socket_.address().port(); }

 private:
  Poco::ThreadPool pool_{4, 64};
  Poco::Net::ServerSocket socket_;
  Poco::Net::HTTPServer server_;
};

PocoServer::PocoServer(Headers headers, std::string body)
    : impl_(std::make_unique<Impl>(std::move(headers), std::move(body))) {}
PocoServer::~PocoServer() = default;
std::uint16_t PocoServer::port() const { return impl_->port(); }

}  // namespace strata::bench
