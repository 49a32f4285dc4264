#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "strata/common/v1/common.pb.h"
#include "strata/service/v1/service.strata.h"
#include "tests/support/fake_host.h"

namespace strata::testing {

struct HttpAnswer {
  Status status;  // of the call itself
  std::uint32_t code = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::size_t parts = 0;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// Sends requests to a digital service as the gateway would.
class Browser final {
 public:
  Browser(FakeHost& host, std::string_view slot, std::string route)
      : client_(host.Client(), slot), route_(std::move(route)) {}

  HttpAnswer Get(std::string_view target, HttpHeaders headers = {}) {
    return Send("GET", target, std::move(headers), {});
  }
  HttpAnswer Send(std::string_view method, std::string_view target, HttpHeaders headers,
                  std::string_view body) {
    return SendParts(method, target, std::move(headers), {std::string(body)});
  }

  // The body in pieces; without any, no end is told.
  HttpAnswer SendParts(std::string_view method, std::string_view target, HttpHeaders headers,
                       std::vector<std::string> pieces) {
    common::v1::AuthContext auth;
    auth.set_request_id(request_id);
    auth.set_subject(subject);
    FakeRequest request({.auth = auth.SerializeAsString()});
    std::size_t next_piece = 0;
    const auto source = [&](service::v1::HandleRequest* part) {
      part->Clear();
      if (next_piece == pieces.size()) return false;
      if (next_piece == 0) FillHead(method, target, headers, part->mutable_head());
      part->set_body(pieces[next_piece++]);
      part->set_end(next_piece == pieces.size());
      return true;
    };
    HttpAnswer answer;
    answer.status =
        client_.Handle(request.context(), source, [&](service::v1::HandleResponse& part) {
          if (part.has_head()) {
            answer.code = part.head().status();
            for (const auto& header : part.head().headers()) {
              answer.headers.emplace_back(header.name(), header.value());
            }
          }
          answer.body += part.body();
          ++answer.parts;
          return true;
        });
    return answer;
  }

  std::string request_id = "request-1";
  std::string subject = "tester";

 private:
  void FillHead(std::string_view method, std::string_view target, const HttpHeaders& headers,
                service::v1::HttpRequestHead* head) const {
    const std::size_t mark = target.find('?');
    head->set_method(std::string(method));
    head->set_path(std::string(target.substr(0, mark)));
    if (mark != std::string_view::npos) head->set_query(std::string(target.substr(mark + 1)));
    head->set_scheme("http");
    head->set_authority("strata.test");
    head->set_route(route_);
    service::v1::MenuEntry* entry = head->add_menu();
    entry->set_label("Find a patient");
    entry->set_path("/");
    for (const auto& [name, value] : headers) {
      service::v1::Header* header = head->add_headers();
      header->set_name(name);
      header->set_value(value);
    }
  }

  service::v1::DigitalServiceClient client_;
  std::string route_;
};

}  // namespace strata::testing
