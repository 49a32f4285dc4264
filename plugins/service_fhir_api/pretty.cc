#include "plugins/service_fhir_api/pretty.h"

#include <algorithm>
#include <cstddef>

namespace strata::fhir_api {

void PrettyPrinter::NewLine(std::string* out) {
  out->push_back('\n');
  out->append(static_cast<std::size_t>(std::max(depth_, 0)) * 2, ' ');
}

void PrettyPrinter::Put(char c, std::string* out) {
  if (in_string_) {
    out->push_back(c);
    if (!escaped_ && c == '"') in_string_ = false;
    escaped_ = !escaped_ && c == '\\';
    return;
  }
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return;
  const bool closes = c == '}' || c == ']';
  if (closes) --depth_;
  // An empty pair of brackets stays together.
  if (after_comma_ || opened_ != closes) NewLine(out);
  opened_ = c == '{' || c == '[';
  after_comma_ = c == ',';
  out->push_back(c);
  if (opened_) ++depth_;
  if (c == ':') out->push_back(' ');
  in_string_ = c == '"';
}

void PrettyPrinter::Write(std::string_view json, std::string* out) {
  for (const char c : json) Put(c, out);
}

}  // namespace strata::fhir_api
