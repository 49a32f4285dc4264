#pragma once

#include <strata/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/form.h"
#include "core/base/gzip.h"
#include "plugins/service_fhir_api/negotiate.h"
#include "plugins/service_fhir_api/responder.h"
#include "plugins/service_fhir_api/target.h"
#include "strata/service/v1/service.pb.h"

namespace strata::fhir_api {

// The body of a request, in pieces and decompressed. Single-threaded.
class BodyReader final {
 public:
  using Reader = strata::Reader<service::v1::HandleRequest>;

  // `first` is the part that carried the head. RESOURCE_EXHAUSTED and INVALID_ARGUMENT come from
  // Next.
  BodyReader(Reader& reader, service::v1::HandleRequest first, std::uint64_t max_bytes)
      : reader_(reader), part_(std::move(first)), left_(max_bytes), max_bytes_(max_bytes) {}

  void ExpectGzip() { gunzip_ = std::make_unique<web::GunzipReader>(max_bytes_); }

  // Puts the next piece into `piece` and returns true; false at the end. RESOURCE_EXHAUSTED: longer
  // than allowed; INVALID_ARGUMENT: broken gzip; what the stream says when it breaks.
  Result<bool> Next(std::string* piece);

  // Everything; RESOURCE_EXHAUSTED (issue code too-long) when it is longer than `max_bytes`.
  Result<std::string> ReadAll(std::size_t max_bytes);

 private:
  Result<bool> NextPart(std::string* piece);

  Reader& reader_;
  service::v1::HandleRequest part_;
  std::uint64_t left_;
  const std::uint64_t max_bytes_;
  std::unique_ptr<web::GunzipReader> gunzip_;
  bool first_ = true;
  bool ended_ = false;
};

// One request on its way, with what was understood of it. Lives as long as the exchange.
struct Exchange {
  Context& context;
  const service::v1::HttpRequestHead& head;
  BodyReader& body;
  Responder& responder;
  Target target;
  Format format;
  Preferences prefer;
  web::Parameters query;  // decoded, without _format and _pretty
  bool encoding_known;    // of the body
  std::string base;       // "http://127.0.0.1:8080/fhir", without "/" at the end

  // Value of a header (lower-case name); empty when absent.
  std::string_view Header(std::string_view name) const;
  // Absolute URL of a resource or version.
  std::string Url(std::string_view type, std::string_view id, std::string_view version = {}) const;
  // Takes the last parameter of that name out of the query; empty when there is none.
  std::string TakeParameter(std::string_view name);
};

// Answers with an OperationOutcome and a status that only HTTP knows (405, 406, 415).
Status Refuse(Exchange& exchange, std::uint32_t http_status, const std::string& diagnostics);

std::string_view FindHeader(const service::v1::HttpRequestHead& head, std::string_view name);

}  // namespace strata::fhir_api
