#pragma once

#include <strata/context.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/bundle/processor.h"
#include "plugins/data_fhir/service/key_order.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/store/write_set.h"

namespace strata::fhir::service {

// A version as another store has it.
struct GivenVersion {
  store::ResourceKey key;
  layout::VersionId version_id = 0;
  std::int64_t last_updated_us = 0;
  layout::Change change = layout::Change::kCreated;
};

// A text of the client's stream.
struct ImportText {
  std::uint64_t item = 0;
  std::string json;
  // It is one resource, to be kept as exactly this version; the json of a deletion is empty.
  std::optional<GivenVersion> given = std::nullopt;
  Status fault;  // Why it is none.
};

// The text of an item that brings a version; takes its json.
ImportText GivenText(std::uint64_t item, data::v1::Resource& version);

// Some texts that are imported together, in the order of the stream.
struct ImportBatch {
  std::uint64_t number = 0;  // 0, 1, ... in the order of the stream
  std::vector<ImportText> texts;
  std::size_t bytes = 0;
};

// What came of a batch.
struct ImportProgress {
  std::uint64_t items = 0;
  std::uint64_t resources = 0;
  std::uint64_t bytes = 0;
  std::vector<data::v1::ImportFault> faults;
};

// Imports one batch: resources are put under their ids in commits of many, transactions each in
// their own, entries of batches one by one. Faults of single items go into the progress; an error
// is returned only when the store itself fails. Single-threaded; blocks.
class ImportJob final {
 public:
  ImportJob(store::Store& store, const Context& cx, KeyOrder& order,
            const bundle::Environment& environment);

  // Takes the texts out of `batch`.
  Status Run(ImportBatch& batch, ImportProgress* progress);

 private:
  // A resource that came by itself or in a bundle without requests.
  struct Resource {
    std::uint64_t item = 0;
    std::int64_t entry = -1;
    store::ClientResource client;
    store::ResourceKey key;
    std::optional<GivenVersion> given = std::nullopt;
  };
  // A parsed text: resources, or a bundle with requests.
  struct Parsed {
    std::uint64_t item = 0;
    std::optional<json::Document> document;
    std::optional<bundle::Bundle> bundle;
    std::vector<Resource> resources;
  };

  void Parse(ImportText& text, Parsed* parsed);
  void AddResource(json::Value root, std::int64_t entry, Parsed* parsed);
  void AddGiven(json::Value root, GivenVersion given, Parsed* parsed);
  std::vector<std::uint64_t> Keys() const;
  Status RunResources(std::vector<Resource> resources);
  Status PutAlone(const std::vector<Resource>& resources);
  Status PutOnce(const std::vector<Resource>& resources);
  // False: what is stored is as new already.
  Result<bool> Prepare(const Resource& resource, const store::Current& current,
                       std::optional<std::string>* current_json);
  store::Write MakeWrite(const Resource& resource, store::Current current) const;
  Status RunBundle(const Parsed& parsed, std::uint64_t batch);
  Status RunTransaction(const Parsed& parsed, std::uint64_t batch);
  Status Blame(std::uint64_t item, std::int64_t entry, const Status& status);

  store::Store& store_;
  const Context& cx_;
  KeyOrder& order_;
  const bundle::Environment environment_;
  ImportProgress* progress_ = nullptr;
  std::vector<Parsed> parsed_;
};

}  // namespace strata::fhir::service
