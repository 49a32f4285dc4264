#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/criterion.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// The resources of one exact index value in order of number, forwards or backwards, by seeks: what
// lies between two places that are asked for is not read. Single-threaded.
class ValueCursor {
 public:
  ValueCursor(layout::TypeNumber type, layout::ParameterNumber parameter, std::string value,
              bool backwards);

  // The first resource at `n` or behind it (backwards: before it); nullopt: there is none. Calls go
  // on in the direction of the walk.
  Result<std::optional<layout::ResourceNumber>> Seek(layout::View& view, layout::ResourceNumber n);
  std::uint64_t rows_read() const { return rows_read_; }

 private:
  Status ReadForwards(layout::View& view, layout::ResourceNumber n);
  Status ReadBackwards(layout::View& view, layout::ResourceNumber n);
  Status Take(layout::View& view, const std::string& begin, const std::string& end, bool reverse,
              std::uint64_t rows, std::uint64_t* read);

  std::string prefix_;
  std::string value_;
  std::string end_;
  bool backwards_;
  bool ended_ = false;  // Nothing is left behind what was read.
  bool begun_ = false;
  layout::ResourceNumber read_to_ = 0;  // All up to there has been read.
  std::uint64_t rows_at_once_ = 1;
  std::uint64_t rows_read_ = 0;
  Numbers members_;  // Read, in the order of the walk.
  std::size_t at_ = 0;
};

// The resources that several conditions have in common, in order of number, from a place on. Each
// condition is a few exact index values, of which a resource has one. The conditions are led from
// the place where one stands to the next one's ("leapfrog"), so what is read follows the one of
// them that is rarest there. Single-threaded.
class OrderedWalk {
 public:
  using Values = std::vector<Criterion>;

  // Behind `position` or, `backwards`, before it.
  OrderedWalk(layout::TypeNumber type, const std::vector<Values>& conditions,
              layout::ResourceNumber position, bool backwards);

  // The next resources, `most` at most, after about `rows` rows more; in the order of the walk.
  // Empty at the end, and when that many rows have none.
  Result<Numbers> Next(layout::View& view, std::uint64_t rows, std::size_t most);
  bool done() const { return done_; }
  std::uint64_t rows_read() const;

 private:
  using Condition = std::vector<ValueCursor>;  // Any of them.
  Result<std::optional<layout::ResourceNumber>> Seek(layout::View& view, Condition* condition);
  void StepBehind(layout::ResourceNumber n);

  std::vector<Condition> conditions_;
  layout::ResourceNumber at_;  // Where the next one may be.
  bool backwards_;
  bool done_ = false;
  std::size_t turn_ = 0;      // The condition that is asked next.
  std::size_t agreeing_ = 0;  // How many conditions stand at at_.
};

}  // namespace strata::fhir::search
