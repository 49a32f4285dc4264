#pragma once

#include <strata/context.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/store/records.h"

namespace strata::fhir::store {

// The store as of a commit, read through the hosting layer on behalf of one call. Single-threaded.
class HostingView final : public layout::View {
 public:
  // Without a moment it is that of whatever is read first.
  HostingView(const Records& records, const Context& cx, std::optional<std::uint64_t> as_of = {})
      : records_(records), cx_(cx), as_of_(as_of), definitions_(records.definitions().Snapshot()) {}

  // 0 when the hosting layer does not tell; every read answers why then.
  std::uint64_t as_of() const override;
  const model::CustomParameters* custom_parameters() const override {
    return &definitions_->custom;
  }
  const index::Extractor* extractor() const override { return &definitions_->extractor(); }
  bool has_id_order() const override {
    return definitions_->FormatAt(as_of_) > kFormatWithoutIdOrder;
  }
  bool has_derived() const override {
    return definitions_->FormatAt(as_of_) > kFormatWithoutDerived;
  }
  bool has_covered() const override { return definitions_->began <= kFormatWithoutDerived; }
  Status Get(std::span<const std::string> keys, const GetCallback& callback) override;
  Status Scan(std::string_view begin, std::string_view end, const layout::ScanOptions& options,
              const RowCallback& callback) override;
  Status ReadResources(std::span<const layout::ResourceNumber> numbers, bool with_json,
                       const ResourceCallback& callback) override;

 private:
  struct Kept {
    HostedRow hosted;
    layout::Row row;  // Borrows from `hosted`; nothing when that is absent.
  };
  using KeptRow = std::shared_ptr<const Kept>;

  Result<std::vector<HostedRow>> Read(std::span<const std::string> keys);
  Result<std::vector<HostedRow>> ReadCurrent(std::span<const layout::ResourceNumber> numbers);
  Result<std::vector<KeptRow>> Fetch(std::span<const layout::ResourceNumber> numbers);
  Status Answer(std::size_t index, layout::ResourceNumber n, std::uint64_t row_version,
                const layout::Row& row, bool with_json, const ResourceCallback& callback);
  Status AnswerFromHistory(std::size_t index, layout::ResourceNumber n, bool with_json,
                           const ResourceCallback& callback);

  const Records& records_;
  const Context& cx_;
  mutable std::optional<std::uint64_t> as_of_;
  mutable Status moment_known_;                             // not OK: why it is not
  const std::shared_ptr<const DefinitionSet> definitions_;  // shared with whoever reads now
  std::unordered_map<layout::ResourceNumber, KeptRow> kept_;
};

}  // namespace strata::fhir::store
