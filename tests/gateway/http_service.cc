#include "tests/gateway/http_service.h"

#include <gtest/gtest.h>

namespace strata::testing {

using service::v1::HandleRequest;
using service::v1::HandleResponse;

bool ServiceCall::Read(HandleRequest* part) {
  strata_bytes bytes{};
  code_ = call_->ops->read(call_, &bytes);
  return code_ == STRATA_OK && part->ParseFromArray(bytes.data, static_cast<int>(bytes.size));
}

HandleRequest ServiceCall::ReadAll() {
  HandleRequest all;
  HandleRequest part;
  if (!Read(&all)) return all;
  while (!all.end() && Read(&part)) {
    all.mutable_body()->append(part.body());
    all.set_end(part.end());
  }
  return all;
}

strata_code ServiceCall::Write(const HandleResponse& part) {
  const std::string bytes = part.SerializeAsString();
  return call_->ops->write(call_,
                           {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

strata_code ServiceCall::Fail(strata_code code, std::string_view message) {
  strata_status status{};
  status.struct_size = sizeof(status);
  status.code = code;
  status.message = {message.data(), message.size()};
  call_->ops->set_status(call_, &status);
  return code;
}

HandleResponse Answer(int status, std::string body, bool end) {
  HandleResponse part;
  part.mutable_head()->set_status(static_cast<std::uint32_t>(status));
  part.set_body(std::move(body));
  part.set_end(end);
  return part;
}

void AddHeader(std::string name, std::string value, HandleResponse* part) {
  service::v1::Header* header = part->mutable_head()->add_headers();
  header->set_name(std::move(name));
  header->set_value(std::move(value));
}

FakeIngress::Handler AsHandler(Service service) {
  return [service = std::move(service)](strata_call* raw) {
    ServiceCall call(raw);
    return service(call);
  };
}

std::function<void(const gateway::AccessRecord&)> AccessLog::Sink() {
  return [this](const gateway::AccessRecord& r) {
    const base::MutexLock lock(mutex_);
    lines_.push_back({std::string(r.request_id), std::string(r.method), std::string(r.route),
                      std::string(r.slot), r.status, r.complete, r.bytes_in, r.bytes_out});
    added_.NotifyAll();
  };
}

std::vector<AccessLog::Line> AccessLog::Wait(std::size_t count) {
  const base::MutexLock lock(mutex_);
  while (lines_.size() < count && added_.WaitFor(mutex_, std::chrono::seconds(10))) {
  }
  return lines_;
}

Server& Server::Serve(std::string path, Service service) {
  host::HttpRoute route;
  route.path = std::move(path);
  return Serve(std::move(route), std::move(service));
}

Server& Server::Serve(host::HttpRoute route, Service service) {
  ingress.AddRoute(std::move(route), AsHandler(std::move(service)));
  return *this;
}

void Server::Start() {
  options.access_log = log.Sink();
  auto started = gateway::HttpGateway::Start(options, &ingress);
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  http = *std::move(started);
}

HttpReply Server::Once(std::string_view request) const {
  HttpClient client(address());
  return client.Exchange(request);
}

}  // namespace strata::testing
