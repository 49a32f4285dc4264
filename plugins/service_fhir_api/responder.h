#pragma once

#include <strata/plugin.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/gzip.h"
#include "plugins/service_fhir_api/pretty.h"
#include "strata/service/v1/service.pb.h"

namespace strata::fhir_api {

struct ResponderOptions {
  bool pretty = false;
  bool gzip = false;  // the client takes it
  std::size_t gzip_min_bytes = 4096;
};

// The answer to one exchange. Small ones go out in one message (the gateway then knows their
// length), large ones in pieces as they are written; until the first piece has gone, the answer can
// still be replaced by another. Single-threaded.
class Responder final {
 public:
  using Writer = strata::Writer<service::v1::HandleResponse>;

  Responder(Writer& writer, const ResponderOptions& options) : writer_(writer), options_(options) {}

  // Before anything is written.
  void SetPretty(bool pretty) { options_.pretty = pretty; }

  void SetStatus(std::uint32_t status) { status_ = status; }
  void AddHeader(std::string_view name, std::string value) {
    headers_.emplace_back(name, std::move(value));
  }

  // Appends to the body. false: the client has gone, so stop.
  bool Write(std::string_view text);
  // Ends the answer.
  void Finish();
  // The whole body at once, without a copy when nothing has to be done to it.
  void Send(std::string body);

  // The head has gone: a failure can only cut the connection now.
  bool started() const { return started_; }
  // Forgets what was written so far; only before it has started.
  void Reset();

 private:
  static constexpr std::size_t kPiece = 64 * 1024;

  bool Flush(bool end);
  bool SendMessage(std::string body, bool end);

  Writer& writer_;
  ResponderOptions options_;
  std::uint32_t status_ = 200;
  std::vector<std::pair<std::string_view, std::string>> headers_;
  std::string buffer_;
  PrettyPrinter pretty_;
  std::unique_ptr<web::GzipWriter> gzip_;
  bool started_ = false;
  bool gone_ = false;
};

}  // namespace strata::fhir_api
