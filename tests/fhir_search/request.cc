#include "tests/fhir_search/request.h"

#include <algorithm>

#include "tests/fhir_search/corpus.h"

namespace strata::fhir::search {
namespace {

std::string_view TakeUntil(std::string_view* text, char separator) {
  const std::string_view head = text->substr(0, text->find(separator));
  text->remove_prefix(std::min(head.size() + 1, text->size()));
  return head;
}

// {{Type/id}} -> id
std::string WithIds(std::string_view text) {
  std::string out(text);
  for (std::size_t at = out.find("{{"); at != std::string::npos; at = out.find("{{", at)) {
    const std::size_t slash = out.find('/', at);
    const std::size_t end = out.find("}}", at);
    out = out.substr(0, at) + out.substr(slash + 1, end - slash - 1) + out.substr(end + 2);
  }
  return out;
}

}  // namespace

data::v1::SearchRequest RequestOf(std::string_view query) {
  const std::string text = WithIds(query);
  std::string_view rest = text;
  std::string_view path = TakeUntil(&rest, '?');
  data::v1::SearchRequest request;
  const std::string_view first = TakeUntil(&path, '/');
  if (path.empty()) {
    request.set_type(std::string(first));
  } else {
    request.set_compartment_type(std::string(first));
    request.set_compartment_id(std::string(TakeUntil(&path, '/')));
    if (path != "*") request.set_type(std::string(path));
  }
  while (!rest.empty()) {
    std::string_view value = TakeUntil(&rest, '&');
    auto* parameter = request.add_parameters();
    parameter->set_name(PercentDecode(TakeUntil(&value, '=')));
    parameter->set_value(PercentDecode(value));
  }
  return request;
}

}  // namespace strata::fhir::search
