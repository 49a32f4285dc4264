#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/view.h"

namespace strata::fhir::search {

// Resource numbers; sorted and unique unless said otherwise.
using Numbers = std::vector<layout::ResourceNumber>;

// A range of index keys that is read in pieces. Single-threaded.
class RangeReader {
 public:
  using Callback = std::function<bool(std::string_view value, layout::ResourceNumber n)>;

  // Keys [begin, end), from the end to the beginning when `reverse`.
  RangeReader(std::string begin, std::string end, bool reverse = false)
      : begin_(std::move(begin)), end_(std::move(end)), reverse_(reverse) {}

  bool done() const { return done_; }
  std::uint64_t rows_read() const { return rows_read_; }

  // Reads up to `rows` further rows and shows those that were alive at the view's moment, until
  // `callback` answers false (the row it saw counts as read). Codes as View::Scan.
  Status Read(layout::View& view, std::uint64_t rows, const Callback& callback);

 private:
  std::string begin_;
  std::string end_;
  bool reverse_;
  bool done_ = false;
  std::uint64_t rows_read_ = 0;
};

// The current resources (not deleted at the view's moment) among "Type" and ids, in order of
// number. Codes as View::Get.
struct ResourceName {
  std::string type;
  std::string id;
};
Result<Numbers> NumbersOf(layout::View& view, const std::vector<ResourceName>& names);

}  // namespace strata::fhir::search
