#include "plugins/data_fhir/model/search_parameters.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "plugins/data_fhir/model/table.h"

extern "C" const char strata_fhir_search_parameters[];
extern "C" const char strata_fhir_search_parameters_end[];
extern "C" const char strata_fhir_compartments[];
extern "C" const char strata_fhir_compartments_end[];

namespace strata::fhir::model {
namespace {

constexpr std::array<std::string_view, 9> kTypeNames = {
    "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};

SearchType TypeOf(std::string_view name) {
  const auto found = std::find(kTypeNames.begin(), kTypeNames.end(), name);
  return found == kTypeNames.end() ? SearchType::kSpecial
                                   : static_cast<SearchType>(found - kTypeNames.begin());
}

std::optional<bool> FlagOf(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text == "1";
}

std::vector<SearchComponent> ComponentsOf(std::string_view text) {
  constexpr std::string_view kSeparator = " && ";
  std::vector<SearchComponent> components;
  while (!text.empty()) {
    const std::size_t end = text.find(kSeparator);
    std::string_view component = text.substr(0, end);
    const std::string_view definition = Cut(component, '=');
    components.push_back({definition, component});
    text =
        end == std::string_view::npos ? std::string_view() : text.substr(end + kSeparator.size());
  }
  return components;
}

SearchParameter ReadParameter(std::string_view line) {
  SearchParameter parameter;
  parameter.code = Cut(line, '\t');
  parameter.type = TypeOf(Cut(line, '\t'));
  parameter.bases = Cut(line, '\t');
  parameter.url_tail = Cut(line, '\t');
  parameter.expression = Cut(line, '\t');
  parameter.targets = Cut(line, '\t');
  parameter.comparators = Cut(line, '\t');
  parameter.modifiers = Cut(line, '\t');
  parameter.multiple_or = FlagOf(Cut(line, '\t'));
  parameter.multiple_and = FlagOf(Cut(line, '\t'));
  parameter.components = ComponentsOf(line);
  return parameter;
}

}  // namespace

std::string_view SearchTypeName(SearchType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

SearchDefinitions::SearchDefinitions(const Model& model, std::string_view parameters,
                                     std::string_view compartments)
    : model_(model) {
  ReadParameters(parameters);
  ReadCompartments(compartments);
}

void SearchDefinitions::ReadParameters(std::string_view table) {
  parameters_.reserve(static_cast<std::size_t>(std::count(table.begin(), table.end(), '\n')));
  ForEach(table, '\n', [&](std::string_view line) {
    const auto index = static_cast<std::uint32_t>(parameters_.size());
    const SearchParameter& parameter = parameters_.emplace_back(ReadParameter(line));
    by_url_.push_back(index);
    ForEach(parameter.bases, ',', [&](std::string_view base) {
      by_base_.push_back({base, parameter.code, index});
    });
  });
  std::sort(by_base_.begin(), by_base_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.base, a.code) < std::tie(b.base, b.code);
  });
  std::sort(by_url_.begin(), by_url_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return parameters_[a].url_tail < parameters_[b].url_tail;
  });
}

void SearchDefinitions::ReadCompartments(std::string_view table) {
  ForEach(table, '\n', [&](std::string_view line) {
    Membership membership;
    membership.compartment = Cut(line, '\t');
    membership.type = Cut(line, '\t');
    membership.codes = line;
    membership_.push_back(membership);
    if (compartment_names_.empty() || compartment_names_.back() != membership.compartment) {
      compartment_names_.push_back(membership.compartment);
    }
  });
}

std::span<const SearchDefinitions::Entry> SearchDefinitions::EntriesOf(
    std::string_view base) const {
  const auto first = std::partition_point(by_base_.begin(), by_base_.end(),
                                          [&](const Entry& entry) { return entry.base < base; });
  const auto last = std::partition_point(first, by_base_.end(),
                                         [&](const Entry& entry) { return entry.base == base; });
  return {first, last};
}

const SearchParameter* SearchDefinitions::Find(std::string_view type, std::string_view code) const {
  for (const Type* t = model_.Find(type); t != nullptr; t = t->base()) {
    const std::span<const Entry> entries = EntriesOf(t->name());
    const auto found = std::partition_point(entries.begin(), entries.end(),
                                            [&](const Entry& entry) { return entry.code < code; });
    if (found != entries.end() && found->code == code) return &parameters_[found->index];
  }
  return nullptr;
}

const SearchParameter* SearchDefinitions::FindByUrl(std::string_view url) const {
  if (url.starts_with(SearchParameter::kUrlPrefix)) {
    url.remove_prefix(SearchParameter::kUrlPrefix.size());
  }
  const auto found = std::partition_point(by_url_.begin(), by_url_.end(), [&](std::uint32_t index) {
    return parameters_[index].url_tail < url;
  });
  if (found == by_url_.end() || parameters_[*found].url_tail != url) return nullptr;
  return &parameters_[*found];
}

std::vector<const SearchParameter*> SearchDefinitions::ForType(std::string_view type) const {
  std::vector<const SearchParameter*> found;
  for (const Type* t = model_.Find(type); t != nullptr; t = t->base()) {
    for (const Entry& entry : EntriesOf(t->name())) found.push_back(&parameters_[entry.index]);
  }
  return found;
}

std::string_view SearchDefinitions::CompartmentParameters(std::string_view compartment,
                                                          std::string_view type) const {
  const auto found = std::partition_point(
      membership_.begin(), membership_.end(), [&](const Membership& membership) {
        return std::tie(membership.compartment, membership.type) < std::tie(compartment, type);
      });
  const bool is_member =
      found != membership_.end() && found->compartment == compartment && found->type == type;
  return is_member ? found->codes : std::string_view();
}

const SearchDefinitions& R4Search() {
  static const SearchDefinitions definitions(
      R4(), {strata_fhir_search_parameters, strata_fhir_search_parameters_end},
      {strata_fhir_compartments, strata_fhir_compartments_end});
  return definitions;
}

}  // namespace strata::fhir::model
