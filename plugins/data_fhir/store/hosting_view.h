#pragma once

#include <strata/context.h>

#include <span>
#include <string>
#include <string_view>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/store/records.h"

namespace strata::fhir::store {

// The store as of a commit, read through the hosting layer on behalf of one call. Single-threaded.
class HostingView final : public layout::View {
 public:
  HostingView(const Records& records, const Context& cx, std::uint64_t as_of)
      : records_(records), cx_(cx), as_of_(as_of), definitions_(records.definitions().Snapshot()) {}

  std::uint64_t as_of() const override { return as_of_; }
  const model::CustomParameters* custom_parameters() const override {
    return &definitions_->custom;
  }
  const index::Extractor* extractor() const override { return &definitions_->extractor(); }
  Status Get(std::span<const std::string> keys, const GetCallback& callback) override;
  Status Scan(std::string_view begin, std::string_view end, const layout::ScanOptions& options,
              const RowCallback& callback) override;
  Status ReadResources(std::span<const layout::ResourceNumber> numbers, bool with_json,
                       const ResourceCallback& callback) override;

 private:
  Status Answer(std::size_t index, layout::ResourceNumber n, std::uint64_t row_version,
                std::string_view row, bool with_json, const ResourceCallback& callback);
  Status AnswerFromHistory(std::size_t index, layout::ResourceNumber n, bool with_json,
                           const ResourceCallback& callback);

  const Records& records_;
  const Context& cx_;
  const std::uint64_t as_of_;
  const std::shared_ptr<const DefinitionSet> definitions_;  // shared with whoever reads now
};

}  // namespace strata::fhir::store
