#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/form.h"
#include "plugins/service_fhir_api/exchange.h"

namespace strata::data::v1 {
class Outcome;
class Resource;
class SearchEntry;
class TransactionEntry;
}  // namespace strata::data::v1

namespace strata::fhir_api {

// Writes a Bundle (FHIR R4 bundle.html) while its entries arrive. The bytes of resources are copied
// as they are. Links and total come last, because they are known last. Single-threaded.
class BundleWriter final {
 public:
  explicit BundleWriter(Exchange& exchange) : exchange_(exchange) {}

  // Writes the beginning; "searchset", "history", "transaction-response", "batch-response".
  void Begin(std::string_view type);
  bool begun() const { return begun_; }

  // Each false: the client has gone.
  bool SearchEntry(const data::v1::SearchEntry& entry);
  bool HistoryEntry(const data::v1::Resource& resource);
  // `with_resource`: the client wants the resulting resource, not only its address.
  bool TransactionEntry(const data::v1::TransactionEntry& entry, bool with_resource);
  // Warnings beside results, as an entry of mode "outcome".
  bool OutcomeEntry(const data::v1::Outcome& outcome);

  void AddLink(std::string_view relation, std::string_view url);
  void SetTotal(std::uint64_t total) { total_ = total; }

  // Writes what is left and ends the answer.
  void Finish();

 private:
  bool Entry(const std::string& before, std::string_view resource, const std::string& after);

  Exchange& exchange_;
  bool begun_ = false;
  bool has_entry_ = false;
  std::string links_;
  std::optional<std::uint64_t> total_;
};

// "Patient?name=x&_count=10&_page=..." below the base, with everything encoded.
std::string LinkUrl(const Exchange& exchange, const web::Parameters& parameters,
                    std::string_view page_token);

// Parameter in which page tokens travel; opaque to clients (FHIR R4 http.html#paging).
inline constexpr std::string_view kPageParameter = "_page";

}  // namespace strata::fhir_api
