#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/criterion.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// The resources of some exact index values, in order of number, read in pieces from a place on.
// Single-threaded.
class OrderedWalk {
 public:
  // Behind `position` or, `backwards`, before it.
  OrderedWalk(layout::TypeNumber type, const std::vector<Criterion>& runs,
              layout::ResourceNumber position, bool backwards);

  // The next resources, after about `rows` rows more; empty at the end. In the order of the walk.
  Result<Numbers> Next(layout::View& view, std::uint64_t rows);
  bool done() const;
  std::uint64_t rows_read() const;

 private:
  struct Run {
    RangeReader reader;
    layout::ParameterNumber parameter;
    std::string value;
    bool begun;       // false: the row across the position has not been read.
    Numbers waiting;  // Read, but behind what another run has not reached yet.
  };
  // Reads on, into `waiting`.
  Status Fill(layout::View& view, std::uint64_t rows, Run* run);

  std::vector<Run> runs_;
  layout::TypeNumber type_;
  layout::ResourceNumber position_;
  bool backwards_;
};

}  // namespace strata::fhir::search
