#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/view.h"

namespace strata::fhir::search {

// Resource numbers; sorted and unique unless said otherwise.
using Numbers = std::vector<layout::ResourceNumber>;
void SortUnique(Numbers* numbers);

// Whether there is a row whose key begins so: one seek. Codes as View::Scan.
Result<bool> HasRows(layout::View& view, const std::string& prefix);

// A range of index keys that is read in pieces. Single-threaded.
class RangeReader {
 public:
  // A value and resources that have it, in the order of reading; false ends the reading.
  using Callback =
      std::function<bool(std::string_view value, std::span<const layout::ResourceNumber> members)>;

  // Keys [begin, end), from the end to the beginning when `reverse`.
  RangeReader(std::string begin, std::string end, bool reverse = false)
      : begin_(std::move(begin)), end_(std::move(end)), reverse_(reverse) {}

  bool done() const { return done_; }
  std::uint64_t rows_read() const { return rows_read_; }

  // Reads up to `rows` further rows and shows the resources of each as of the view's moment, until
  // `callback` answers false. Codes as View::Scan.
  Status Read(layout::View& view, std::uint64_t rows, const Callback& callback);

  // Leaves out keys before `key`, or from `key` on, that have not been read yet.
  void BeginAt(std::string key);
  void EndAt(std::string key);

 private:
  std::string begin_;
  std::string end_;
  bool reverse_;
  bool done_ = false;
  std::uint64_t rows_read_ = 0;
  Numbers members_;  // Of a row.
};

// Marks those of `candidates` (sorted) that have an index value at the view's moment, going along
// the value's rows from candidate to candidate: the work is the smaller one of theirs and the rows'
// number. Adds the rows that were read. Codes as View::Scan.
Status MarkHolders(layout::View& view, layout::TypeNumber type, layout::ParameterNumber parameter,
                   std::string_view value, const Numbers& candidates, std::vector<char>* holds,
                   std::uint64_t* rows_read);

// The current resources (not deleted at the view's moment) among "Type" and ids, in order of
// number. Codes as View::Get.
struct ResourceName {
  std::string type;
  std::string id;
};
Result<Numbers> NumbersOf(layout::View& view, const std::vector<ResourceName>& names);

}  // namespace strata::fhir::search
