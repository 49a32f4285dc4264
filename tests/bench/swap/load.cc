#include "tests/bench/swap/load.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "strata/data/v1/data.grpc.pb.h"
#include "tests/gateway/http_client.h"

namespace strata::bench {
namespace {

using std::chrono::steady_clock;

std::string Body(const std::string& id, std::uint64_t number) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","active":true,"multipleBirthInteger":)" +
         std::to_string(number) + "}";
}

bool Shows(const std::string& body, std::uint64_t number) {
  return body.find("\"multipleBirthInteger\":" + std::to_string(number) + "}") != std::string::npos;
}

// A record by one of the two ways in. Empty fault: it went well.
class Door {
 public:
  virtual ~Door() = default;
  virtual std::string Write(const std::string& id, std::uint64_t number,
                            std::uint64_t* version) = 0;
  virtual std::string Read(const std::string& id, std::string* body, std::uint64_t* version) = 0;
};

class HttpDoor final : public Door {
 public:
  explicit HttpDoor(std::string address) : address_(std::move(address)) {}

  std::string Write(const std::string& id, std::uint64_t number, std::uint64_t* version) override {
    const std::string body = Body(id, number);
    return Exchange("PUT /fhir/Patient/" + id +
                        " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n"
                        "Content-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body,
                    nullptr, version);
  }
  std::string Read(const std::string& id, std::string* body, std::uint64_t* version) override {
    return Exchange("GET /fhir/Patient/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n", body,
                    version);
  }

 private:
  std::string Exchange(const std::string& request, std::string* body, std::uint64_t* version) {
    if (client_ == nullptr) client_ = std::make_unique<testing::HttpClient>(address_);
    testing::HttpReply reply = client_->Exchange(request);
    if (reply.status == 0 || !reply.whole || reply.headers["connection"] == "close") {
      client_ = nullptr;
    }
    const std::string etag = reply.headers["etag"];  // W/"12"
    const std::size_t quote = etag.find('"');
    *version =
        quote == std::string::npos ? 0 : std::strtoull(etag.c_str() + quote + 1, nullptr, 10);
    if (reply.status / 100 != 2) return "HTTP " + std::to_string(reply.status) + " " + reply.body;
    if (body != nullptr) *body = std::move(reply.body);
    return {};
  }

  const std::string address_;
  std::unique_ptr<testing::HttpClient> client_;
};

class GrpcDoor final : public Door {
 public:
  explicit GrpcDoor(const std::string& address)
      : stub_(data::v1::Data::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

  std::string Write(const std::string& id, std::uint64_t number, std::uint64_t* version) override {
    data::v1::UpdateRequest request;
    request.set_type("Patient");
    request.set_id(id);
    request.set_json(Body(id, number));
    grpc::ClientContext context;
    data::v1::WriteResponse response;
    const grpc::Status status = stub_->Update(&context, request, &response);
    *version = std::strtoull(response.resource().version_id().c_str(), nullptr, 10);
    return Fault(status);
  }
  std::string Read(const std::string& id, std::string* body, std::uint64_t* version) override {
    data::v1::ReadRequest request;
    request.set_type("Patient");
    request.set_id(id);
    grpc::ClientContext context;
    data::v1::ReadResponse response;
    const grpc::Status status = stub_->Read(&context, request, &response);
    *version = std::strtoull(response.resource().version_id().c_str(), nullptr, 10);
    *body = response.resource().json();
    return Fault(status);
  }

 private:
  static std::string Fault(const grpc::Status& status) {
    if (status.ok()) return {};
    return "gRPC " + std::to_string(status.error_code()) + " " + status.error_message();
  }

  const std::unique_ptr<data::v1::Data::Stub> stub_;
};

}  // namespace

// One record and who writes it. Its own thread's, until that has ended.
class Load::Client {
 public:
  Client(std::unique_ptr<Door> door, std::string id) : door_(std::move(door)), id_(std::move(id)) {}

  void Step(int phase, int phase_after) {
    std::uint64_t version = 0;
    ++number_;
    const std::string fault = Timed(phase, [&] { return door_->Write(id_, number_, &version); });
    if (!fault.empty()) {
      Failed(phase, phase_after, fault);
      return;
    }
    ++writes;
    if (sure_ && version != version_ + 1)
      Wrong("version " + std::to_string(version) + " after " + std::to_string(version_));
    version_ = version;
    sure_ = true;
  }

  void Look(int phase, int phase_after) {
    std::string body;
    std::uint64_t version = 0;
    const std::string fault = Timed(phase, [&] { return door_->Read(id_, &body, &version); });
    if (!fault.empty()) return Failed(phase, phase_after, fault);
    if (!sure_) {  // A write whose end is not known: this tells.
      version_ = version;
      sure_ = true;
    } else if (version != version_ || !Shows(body, number_)) {
      Wrong("read version " + std::to_string(version) + " after " + std::to_string(version_));
    }
  }

  std::uint64_t writes = 0;
  std::uint64_t wrong = 0;
  std::array<std::uint64_t, kPhases> failed{};
  std::array<std::vector<std::int64_t>, kPhases> latencies;
  std::string first_fault;

 private:
  template <typename F>
  std::string Timed(int phase, F&& call) {
    const auto begun = steady_clock::now();
    std::string fault = call();
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun);
    latencies[static_cast<std::size_t>(phase)].push_back(took.count());
    return fault;
  }

  // A request that began before a broken candidate served may fail by it too.
  void Failed(int phase, int phase_after, const std::string& fault) {
    sure_ = false;
    const int counts = phase_after == kExcused ? phase_after : phase;
    ++failed[static_cast<std::size_t>(counts)];
    if (counts != kExcused && first_fault.empty()) first_fault = id_ + ": " + fault.substr(0, 300);
  }

  void Wrong(const std::string& what) {
    ++wrong;
    if (first_fault.empty()) first_fault = id_ + ": " + what;
  }

  const std::unique_ptr<Door> door_;
  const std::string id_;
  std::uint64_t number_ = 0;
  std::uint64_t version_ = 0;
  bool sure_ = true;
};

Load::Load(std::string http, std::string grpc, int clients) {
  for (int i = 0; i < clients; ++i) {
    std::unique_ptr<Door> door;
    if (i % 2 == 0) {
      door = std::make_unique<HttpDoor>(http);
    } else {
      door = std::make_unique<GrpcDoor>(grpc);
    }
    clients_.push_back(std::make_unique<Client>(std::move(door), "swap-" + std::to_string(i)));
  }
  for (const auto& client : clients_) threads_.emplace_back([this, &client] { Run(*client); });
}

Load::~Load() { Stop(); }

void Load::Run(Client& client) {
  while (!stop_) {
    const int writing = phase_;
    client.Step(writing, phase_);
    const int reading = phase_;
    client.Look(reading, phase_);
    requests_ += 2;
  }
}

void Load::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

LoadFigures Load::Figures(Phase phase) const {
  LoadFigures out;
  std::vector<std::int64_t> all;
  for (const auto& client : clients_) {
    const auto& some = client->latencies[static_cast<std::size_t>(phase)];
    all.insert(all.end(), some.begin(), some.end());
    out.failed += client->failed[static_cast<std::size_t>(phase)];
  }
  out.requests = all.size();
  if (all.empty()) return out;
  std::sort(all.begin(), all.end());
  out.p50_us = static_cast<double>(all[all.size() / 2]);
  out.p99_us = static_cast<double>(all[all.size() * 99 / 100]);
  return out;
}

std::uint64_t Load::writes() const {
  std::uint64_t sum = 0;
  for (const auto& client : clients_) sum += client->writes;
  return sum;
}

std::uint64_t Load::lost_or_doubled() const {
  std::uint64_t sum = 0;
  for (const auto& client : clients_) sum += client->wrong;
  return sum;
}

std::string Load::first_fault() const {
  for (const auto& client : clients_) {
    if (!client->first_fault.empty()) return client->first_fault;
  }
  return {};
}

}  // namespace strata::bench
