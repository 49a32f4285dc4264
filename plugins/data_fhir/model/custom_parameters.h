#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::model {

// How far the index of a parameter has got. Thread-safe.
struct IndexProgress {
  std::atomic<std::uint64_t> done{0};      // resources looked at
  std::atomic<std::uint32_t> permille{0};  // of all there were
  std::atomic<std::uint64_t> per_second{0};
  std::atomic<std::int64_t> seconds_left{-1};  // -1: not known yet
};

// A search parameter that a store defines by a SearchParameter resource. Immutable once shared.
struct CustomParameter {
  CustomParameter() = default;
  CustomParameter(const CustomParameter&) = delete;
  CustomParameter& operator=(const CustomParameter&) = delete;

  std::string id;                // of the SearchParameter resource
  bool active = false;           // every resource is indexed; until then searches are refused
  std::uint64_t end_number = 0;  // resources below were there when the index was begun
  std::string code;
  std::string bases;  // joined by commas, like the texts of SearchParameter
  std::string url;
  std::string expression;
  std::string targets;
  std::vector<std::pair<std::string, std::string>> components;  // definition, expression
  SearchParameter definition;                                   // refers to the texts: see Bind
  std::shared_ptr<IndexProgress> progress;

  // Makes `definition` refer to the texts, once they are final.
  void Bind(SearchType type, std::uint16_t number);
  // Whether resources of that type have the parameter.
  bool AppliesTo(std::string_view type) const;
  // The same meaning: what is indexed for one is right for the other.
  bool MeansTheSame(const CustomParameter& other) const;
  // Why a search cannot use it yet, with how far the index is.
  std::string NotReady() const;
};

// The custom parameters of a store at one moment. Immutable once shared.
class CustomParameters final {
 public:
  CustomParameters() = default;
  // `since`: the commit that made them what they are.
  explicit CustomParameters(std::uint64_t since) : since_(since) {}

  // Before it, index rows of what is active now may not be complete.
  std::uint64_t since() const { return since_; }
  void Add(std::unique_ptr<CustomParameter> parameter) { all_.push_back(std::move(parameter)); }

  const CustomParameter* Find(std::string_view type, std::string_view code) const;
  std::vector<const CustomParameter*> ForType(std::string_view type) const;
  std::span<const std::unique_ptr<CustomParameter>> all() const { return all_; }

 private:
  std::uint64_t since_ = 0;
  std::vector<std::unique_ptr<CustomParameter>> all_;
};

// "date" -> kDate; nothing for what R4 search-param-type does not have.
std::optional<SearchType> SearchTypeNamed(std::string_view name);

}  // namespace strata::fhir::model
