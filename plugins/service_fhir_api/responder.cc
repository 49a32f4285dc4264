#include "plugins/service_fhir_api/responder.h"

#include <algorithm>

namespace strata::fhir_api {
namespace {

constexpr std::string_view kContentType = "application/fhir+json; charset=utf-8";

void SetHeader(std::string_view name, std::string value, service::v1::HttpResponseHead* head) {
  service::v1::Header* header = head->add_headers();
  header->set_name(std::string(name));
  header->set_value(std::move(value));
}

}  // namespace

void Responder::Reset() {
  status_ = 200;
  headers_.clear();
  buffer_.clear();
  pretty_ = PrettyPrinter();
}

bool Responder::Write(std::string_view text) {
  if (options_.pretty) {
    pretty_.Write(text, &buffer_);
  } else {
    buffer_.append(text);
  }
  return buffer_.size() < kPiece || Flush(/*end=*/false);
}

void Responder::Finish() {
  if (options_.pretty && (started_ || !buffer_.empty())) buffer_.push_back('\n');
  Flush(/*end=*/true);
}

void Responder::Send(std::string body) {
  if (options_.pretty || body.size() > kPiece) {
    for (std::string_view rest = body; !rest.empty() && !gone_;) {
      Write(rest.substr(0, kPiece));
      rest.remove_prefix(std::min(kPiece, rest.size()));
    }
  } else {
    buffer_ = std::move(body);
  }
  Finish();
}

// Compresses what is in the buffer. Whether it pays is decided once, when the first piece goes.
bool Responder::Flush(bool end) {
  if (gone_) return false;
  if (!started_ && options_.gzip && buffer_.size() >= options_.gzip_min_bytes) {
    gzip_ = std::make_unique<web::GzipWriter>();
    AddHeader("content-encoding", "gzip");
  }
  if (!gzip_) return SendMessage(std::move(buffer_), end);
  std::string compressed;
  gzip_->Write(buffer_, &compressed);
  if (end) gzip_->Finish(&compressed);
  buffer_.clear();
  return SendMessage(std::move(compressed), end);
}

bool Responder::SendMessage(std::string body, bool end) {
  service::v1::HandleResponse message;
  if (!started_) {
    service::v1::HttpResponseHead* head = message.mutable_head();
    head->set_status(status_);
    if (!body.empty() || !end) {
      SetHeader("content-type", std::string(kContentType), head);
      SetHeader("vary", "accept, accept-encoding, prefer", head);
    }
    for (auto& [name, value] : headers_) SetHeader(name, std::move(value), head);
    started_ = true;
  }
  message.set_body(std::move(body));
  message.set_end(end);
  buffer_.clear();
  gone_ = !writer_.Write(message);
  return !gone_;
}

}  // namespace strata::fhir_api
