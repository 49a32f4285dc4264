#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/gateway/http_gateway.h"
#include "strata/service/v1/service.pb.h"
#include "tests/gateway/http_client.h"
#include "tests/support/fake_ingress.h"

namespace strata::testing {

// A digital service on the plugin's side of the ABI, with the generated messages. Lives in a call.
class ServiceCall final {
 public:
  explicit ServiceCall(strata_call* call) : call_(call) {}

  // The next part of the request; false at its end or when it broke (code()).
  bool Read(service::v1::HandleRequest* part);
  // The head, with the whole body after it.
  service::v1::HandleRequest ReadAll();
  strata_code Write(const service::v1::HandleResponse& part);
  strata_code Fail(strata_code code, std::string_view message);
  strata_code code() const { return code_; }
  strata_call* call() const { return call_; }

 private:
  strata_call* call_;
  strata_code code_ = STRATA_OK;
};

service::v1::HandleResponse Answer(int status, std::string body, bool end = true);
void AddHeader(std::string name, std::string value, service::v1::HandleResponse* part);

using Service = std::function<strata_code(ServiceCall&)>;
FakeIngress::Handler AsHandler(Service service);

// Remembers the access log. Thread-safe.
class AccessLog final {
 public:
  struct Line {
    std::string request_id, method, route, slot;
    int status;
    bool complete;
    std::uint64_t bytes_in, bytes_out;
  };
  std::function<void(const gateway::AccessRecord&)> Sink();
  // Waits (ten seconds at most) until there are `count` lines.
  std::vector<Line> Wait(std::size_t count);

 private:
  base::Mutex mutex_;
  base::CondVar added_;
  std::vector<Line> lines_ STRATA_GUARDED_BY(mutex_);
};

// A gateway over a FakeIngress with the routes of the test.
class Server final {
 public:
  Server() { options.address = "127.0.0.1:0"; }
  // A route for `path`, all methods.
  Server& Serve(std::string path, Service service);
  Server& Serve(host::HttpRoute route, Service service);
  void Start();

  std::string address() const { return http->address(); }
  // One request on a connection of its own.
  HttpReply Once(std::string_view request) const;

  gateway::HttpOptions options;
  FakeIngress ingress;
  AccessLog log;
  std::unique_ptr<gateway::HttpGateway> http;
};

}  // namespace strata::testing
