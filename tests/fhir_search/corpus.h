#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/run_builder.h"
#include "tests/fhir_layout/map_view.h"

namespace strata::fhir::search {

// Resources in a MapStore with all their rows, as if they had been PUT: they keep their ids.
// Single-threaded.
class Corpus {
 public:
  explicit Corpus(const index::Extractor& extractor = index::Extractor::R4())
      : extractor_(extractor) {}

  // One resource as JSON, its type and id in place. Put again, it is updated.
  void Put(std::string_view json) { PutAll({std::string(json)}); }
  // Different resources in one commit, as a transaction stores them.
  void PutAll(const std::vector<std::string>& jsons);
  void Delete(std::string_view type, std::string_view id);

  // Synthea's bundles in a folder (*.json, *.json.zst), in order of name. urn:uuid references and
  // conditional ones (Practitioner?identifier=...) become Type/id. `copies` > 1 stores everything
  // as often, each time under new ids, which patients' identifiers follow, and a minute later:
  // different patients are not seen at the same second, unless `same_times`.
  Status Load(const std::string& folder, int copies = 1, bool same_times = false);

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
  // The index values of a text, or of what is stored, into *entries.
  void Extract(layout::TypeNumber type, std::string_view json, index::EntryList* entries);
  void ExtractStored(layout::ResourceNumber n, index::EntryList* entries);
  void Update(layout::TypeNumber type, layout::ResourceNumber n);

  const index::Extractor& extractor_;
  layout::MapStore store_;
  std::unordered_map<std::string, layout::ResourceNumber> numbers_;  // By "Type/id".
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::string> references_;  // urn:uuid:... and conditional ones.
  index::EntryList entries_;
  index::EntryList old_entries_;
  layout::RunBuilder new_rows_;
  std::string suffix_;
  int seconds_later_ = 0;
  double extract_seconds_ = 0;
};

// The bytes of a file, unpacked when its name ends in .zst.
Result<std::string> ReadFile(const std::string& path);

// "a%20b" -> "a b"
std::string PercentDecode(std::string_view text);

}  // namespace strata::fhir::search
