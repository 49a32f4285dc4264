#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/view.h"

namespace strata::fhir::bundle {

// A view with resources on top that are not stored yet: those of the transaction being carried out,
// so that a search finds them. They have numbers from the top of the range, which the store never
// gives out. Single-threaded.
class OverlayView final : public layout::View {
 public:
  explicit OverlayView(layout::View& base) : base_(base) {}

  // `resource` is borrowed for the life of the view.
  layout::ResourceNumber Add(layout::TypeNumber type, std::string_view id, json::Value resource,
                             const index::Extractor& extractor);
  bool IsPending(layout::ResourceNumber n) const { return pending_.contains(n); }

  std::uint64_t as_of() const override { return base_.as_of(); }
  const model::CustomParameters* custom_parameters() const override {
    return base_.custom_parameters();
  }
  const index::Extractor* extractor() const override { return base_.extractor(); }
  bool has_covered() const override { return base_.has_covered(); }
  Status Get(std::span<const std::string> keys, const GetCallback& callback) override;
  Status Scan(std::string_view begin, std::string_view end, const layout::ScanOptions& options,
              const RowCallback& callback) override;
  Status ReadResources(std::span<const layout::ResourceNumber> numbers, bool with_json,
                       const ResourceCallback& callback) override;

 private:
  struct Pending {
    layout::RowHeader header;
    std::string_view json;
  };

  layout::View& base_;
  std::map<layout::ResourceNumber, Pending> pending_;
  std::map<std::string, std::string, std::less<>> rows_;
  index::EntryList entries_;
};

}  // namespace strata::fhir::bundle
