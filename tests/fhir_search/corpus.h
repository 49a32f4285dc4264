#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/index/extract.h"
#include "tests/fhir_layout/map_view.h"

namespace strata::fhir::search {

// Resources in a MapStore with all their rows, as if they had been PUT: they keep their ids.
// Single-threaded.
class Corpus {
 public:
  // One resource as JSON, its type and id in place. Put again, it is updated.
  void Put(std::string_view json);
  void Delete(std::string_view type, std::string_view id);

  // Synthea's bundles in a folder (*.json, *.json.zst), in order of name. urn:uuid references and
  // conditional ones (Practitioner?identifier=...) become Type/id. `copies` > 1 stores everything
  // as often, each time under new ids.
  Status Load(const std::string& folder, int copies = 1);

  layout::MapStore& store() { return store_; }
  // Version of the last commit.
  std::uint64_t Moment() const { return store_.version() - 1; }
  std::size_t size() const { return numbers_.size(); }
  const std::string& NameOf(layout::ResourceNumber n) const { return names_[n - 1]; }
  double extract_seconds() const { return extract_seconds_; }

 private:
  std::string Resolved(std::string_view json) const;
  Status AddBundle(std::string_view text);
  void Learn(std::string_view text);
  void Index(std::string_view type, json::Value root, layout::ResourceNumber n,
             std::vector<std::pair<layout::ParameterNumber, std::string>>* entries);

  layout::MapStore store_;
  std::unordered_map<std::string, layout::ResourceNumber> numbers_;  // By "Type/id".
  std::vector<std::string> names_;
  std::map<layout::ResourceNumber, std::vector<std::pair<layout::ParameterNumber, std::string>>>
      indexed_;
  std::unordered_map<std::string, std::string> references_;  // urn:uuid:... and conditional ones.
  index::EntryList entries_;
  std::string suffix_;
  double extract_seconds_ = 0;
};

// The bytes of a file, unpacked when its name ends in .zst.
Result<std::string> ReadFile(const std::string& path);

// "a%20b" -> "a b"
std::string PercentDecode(std::string_view text);

}  // namespace strata::fhir::search
