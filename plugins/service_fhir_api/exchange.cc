#include "plugins/service_fhir_api/exchange.h"

#include <algorithm>

#include "plugins/service_fhir_api/outcome.h"

namespace strata::fhir_api {
namespace {

Status TooLong(std::uint64_t max_bytes) {
  return MakeError(Code::kResourceExhausted, "too-long",
                   "the body is longer than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace

Result<bool> BodyReader::NextPart(std::string* piece) {
  if (ended_) return false;
  if (!first_) {
    part_.Clear();
    STRATA_ASSIGN_OR_RETURN(const bool more, reader_.Read(&part_));
    if (!more) {
      ended_ = true;
      return false;
    }
  }
  first_ = false;
  ended_ = part_.end();
  *piece = std::move(*part_.mutable_body());
  if (piece->size() > left_) return TooLong(max_bytes_);
  left_ -= piece->size();
  return true;
}

Result<bool> BodyReader::Next(std::string* piece) {
  while (true) {
    STRATA_ASSIGN_OR_RETURN(const bool more, NextPart(piece));
    if (!more) {
      if (gunzip_ && !gunzip_->complete()) {
        return MakeError(Code::kInvalidArgument, "structure", "the gzip body is cut short");
      }
      return false;
    }
    if (gunzip_ && !piece->empty()) {
      std::string plain;
      const Status status = gunzip_->Write(*piece, &plain);
      if (status.code() == Code::kResourceExhausted) return TooLong(max_bytes_);
      if (!status.ok()) {
        return MakeError(Code::kInvalidArgument, "structure", "the body is not valid gzip");
      }
      *piece = std::move(plain);
    }
    if (!piece->empty()) return true;
  }
}

Result<std::string> BodyReader::ReadAll(std::size_t max_bytes) {
  std::string all;
  std::string piece;
  while (true) {
    STRATA_ASSIGN_OR_RETURN(const bool more, Next(&piece));
    if (!more) return all;
    if (all.size() + piece.size() > max_bytes) return TooLong(max_bytes);
    if (all.empty()) {
      all = std::move(piece);
    } else {
      all += piece;
    }
  }
}

std::string_view FindHeader(const service::v1::HttpRequestHead& head, std::string_view name) {
  for (const service::v1::Header& header : head.headers()) {
    if (header.name() == name) return header.value();
  }
  return {};
}

Status Refuse(Exchange& exchange, std::uint32_t http_status, const std::string& diagnostics) {
  exchange.responder.SetStatus(http_status);
  exchange.responder.Send(
      OutcomeJson(MakeError(Code::kInvalidArgument, "not-supported", diagnostics)));
  return {};
}

std::string_view Exchange::Header(std::string_view name) const { return FindHeader(head, name); }

std::string Exchange::Url(std::string_view type, std::string_view id,
                          std::string_view version) const {
  std::string out;
  out.reserve(base.size() + type.size() + id.size() + version.size() + 12);
  out.append(base).append("/").append(type).append("/").append(id);
  if (!version.empty()) out.append("/_history/").append(version);
  return out;
}

std::string Exchange::TakeParameter(std::string_view name) {
  std::string value;
  std::erase_if(query, [&](auto& parameter) {
    if (parameter.first != name) return false;
    value = std::move(parameter.second);
    return true;
  });
  return value;
}

}  // namespace strata::fhir_api
