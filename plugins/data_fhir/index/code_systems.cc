#include "plugins/data_fhir/index/code_systems.h"

#include <unordered_map>

extern "C" const char strata_fhir_code_systems[];
extern "C" const char strata_fhir_code_systems_end[];

namespace strata::fhir::index {
namespace {

using Table = std::unordered_map<std::string_view, std::string_view>;

Table ReadTable() {
  Table table;
  std::string_view text(strata_fhir_code_systems, strata_fhir_code_systems_end);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    const std::size_t tab = line.find('\t');
    table.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return table;
}

}  // namespace

std::string_view ImpliedSystem(std::string_view element) {
  static const Table table = ReadTable();
  const auto found = table.find(element);
  return found == table.end() ? std::string_view() : found->second;
}

}  // namespace strata::fhir::index
