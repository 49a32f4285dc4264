#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"
#include "plugins/data_fhir/search/sorting.h"

namespace strata::fhir::search {

// The resources of a type in the order of their values of the first sort key, read in pieces from a
// place on, so that a sorted page does not need all matches. Resources without a value do not come
// by. Single-threaded.
class SortedWalk {
 public:
  // Along the rows of a composite instead, behind these values of its first component: only
  // resources that have one of them come by.
  struct Within {
    layout::ParameterNumber composite = 0;
    std::vector<std::string> values;
  };

  // Only where the values of `bounds` are, if it is not nullptr.
  // nullopt: the index is not in the order of that key. `from` with an empty first key is not
  // supported either: there are only resources without a value from there on.
  static std::optional<SortedWalk> Along(const Query& query, const std::optional<SortRow>& from,
                                         bool backwards, const std::optional<Within>& within,
                                         const Criterion* bounds);

  // A value to sort by and a resource that has it, in the order of the walk, resources of one value
  // by number. Values are whole: the next call answers others. Empty at the end, or when more must
  // be read.
  using Step = std::pair<std::string, layout::ResourceNumber>;
  Result<std::vector<Step>> Next(layout::View& view, std::uint64_t rows);
  bool done() const;
  std::uint64_t rows_read() const;

  // The value that comes next, when so many resources have it that they should not be read one by
  // one, and going past it.
  std::optional<std::string> LongValue() const;
  void Skip(const std::string& value);

 private:
  struct Range {
    RangeReader reader;
    std::vector<Step> waiting;
    int stretch = 0;
    layout::ParameterNumber parameter = 0;
    std::string prefix;  // In front of the values that are sorted by.
  };
  bool AddRange(int stretch, layout::ParameterNumber parameter, const std::string& prefix,
                const std::optional<SortRow>& from, const Criterion* bounds);
  SortedWalk(const SortKey& sort, layout::TypeNumber type, bool backwards)
      : sort_(sort), type_(type), reverse_(sort.descending != backwards), backwards_(backwards) {}
  bool ComesFirst(const std::string& a, const std::string& b) const {
    return reverse_ ? a > b : a < b;
  }
  void Order(std::vector<Step>* steps) const;
  std::string KeyAt(layout::ParameterNumber parameter, const std::string& prefix,
                    const std::string& value) const;

  SortKey sort_;
  layout::TypeNumber type_;
  bool reverse_;
  bool backwards_;
  std::size_t many_of_one_value_ = 0;
  std::vector<Range> ranges_;
};

}  // namespace strata::fhir::search
