#include <algorithm>
#include <cstdlib>

#include "core/base/json.h"
#include "tests/gateway/http_client.h"
#include "tests/history/register_client.h"

namespace strata::history {
namespace {

using Outcome = Operation::Outcome;

std::uint64_t Number(std::string_view text) {
  return std::strtoull(std::string(text).c_str(), nullptr, 10);
}

// W/"3"
std::uint64_t VersionOf(const testing::HttpReply& reply) {
  const auto etag = reply.headers.find("etag");
  return etag == reply.headers.end() ? 0 : Number(std::string_view(etag->second).substr(3));
}

std::uint64_t ValueOf(const json::Value& resource) {
  return Number(resource["code"]["text"].string());
}

class FhirClient final : public RegisterClient {
 public:
  explicit FhirClient(StrataProcess& process) : process_(process) {}

  Answer Read(const std::string& key) override {
    const testing::HttpReply reply = Exchange(testing::Get("/fhir/Basic/" + key));
    if (!reply.whole) return {};
    if (reply.status == 404) return {Outcome::kOk, 0, 0, {}};
    if (reply.status != 200) return NoAnswer(reply);
    const auto body = json::Document::Parse(reply.body);
    return {Outcome::kOk, VersionOf(reply), body.ok() ? ValueOf(body->root()) : 0, {}};
  }

  Answer Write(const std::string& key, std::uint64_t value, std::optional<std::uint64_t> expected,
               const std::string& request_id) override {
    const std::string body = R"({"resourceType":"Basic","id":")" + key + R"(","code":{"text":")" +
                             std::to_string(value) + R"("}})";
    std::string request = "PUT /fhir/Basic/" + key + " HTTP/1.1\r\nHost: localhost\r\n" +
                          "Content-Type: application/fhir+json\r\nPrefer: return=minimal\r\n" +
                          "X-Request-Id: " + request_id + "\r\n";
    if (expected) {
      request += *expected == 0 ? "If-None-Match: *\r\n"
                                : "If-Match: W/\"" + std::to_string(*expected) + "\"\r\n";
    }
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const testing::HttpReply reply = Exchange(request);
    if (!reply.whole) return {};
    if (reply.status == 200 || reply.status == 201) {
      return {Outcome::kOk, VersionOf(reply), value, {}};
    }
    if (reply.status == 412) return {Outcome::kConflict, 0, 0, {}};
    return NoAnswer(reply);
  }

  Listing List(const std::vector<std::string>& keys) override {
    Listing out;
    for (const std::string& key : keys) {
      Listing versions;
      std::string path = "/fhir/Basic/" + key + "/_history?_count=200";
      while (!path.empty()) path = ListPage(key, path, &versions);
      out.insert(out.end(), versions.rbegin(), versions.rend());
    }
    return out;
  }

 private:
  // 503 and 409 (two writers of one row met): nothing has happened that the client could know of.
  static Answer NoAnswer(const testing::HttpReply& reply) {
    Answer answer;
    if (reply.status != 503 && reply.status != 409) {
      answer.fault = "HTTP " + std::to_string(reply.status) + " " + reply.body;
    }
    return answer;
  }

  testing::HttpReply Exchange(const std::string& request) {
    const Endpoints where = process_.Where();
    if (where.life == 0) return {};
    if (connection_ == nullptr || life_ != where.life) {
      connection_ = std::make_unique<testing::HttpClient>(where.http);
      life_ = where.life;
    }
    testing::HttpReply reply = connection_->Exchange(request);
    const auto connection = reply.headers.find("connection");
    const bool closing = connection != reply.headers.end() && connection->second == "close";
    if (!reply.whole || closing) connection_.reset();
    return reply;
  }

  // The path of the next page; empty at the end.
  std::string ListPage(const std::string& key, const std::string& path, Listing* out) {
    const testing::HttpReply reply = Exchange(testing::Get(path));
    const auto body = json::Document::Parse(reply.body);
    if (reply.status != 200 || !body.ok()) return {};
    for (const json::Value entry : body->root()["entry"].elements()) {
      const json::Value resource = entry["resource"];
      out->push_back({key, Number(resource["meta"]["versionId"].string()), ValueOf(resource)});
    }
    for (const json::Value link : body->root()["link"].elements()) {
      const std::string_view url = link["url"].string();
      if (link["relation"].string() == "next") return std::string(url.substr(url.find("/fhir/")));
    }
    return {};
  }

  StrataProcess& process_;
  std::unique_ptr<testing::HttpClient> connection_;
  std::uint64_t life_ = 0;
};

}  // namespace

std::unique_ptr<RegisterClient> MakeFhirClient(StrataProcess& process) {
  return std::make_unique<FhirClient>(process);
}

}  // namespace strata::history
