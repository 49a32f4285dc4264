#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir::search {

// What is wrong with a search: one issue per parameter, all of them, so that a client mends its
// request in one go. Names, values of the request and what is allowed; never a value from a record.
// Single-threaded.
class Issues {
 public:
  // `code` of http://hl7.org/fhir/issue-type; `parameter` as the client wrote its name.
  void Add(std::string_view code, std::string_view parameter, std::string diagnostics);
  void Append(const Issues& other);
  bool empty() const { return issues_.empty(); }
  void Clear() { issues_.clear(); }

  // INVALID_ARGUMENT with all issues as errors.
  Status AsError() const;
  // The same as warnings: what lenient handling left out.
  void AppendWarnings(data::v1::Outcome* outcome) const;

 private:
  struct Entry {
    std::string code;
    std::string parameter;
    std::string diagnostics;
  };
  data::v1::Outcome AsOutcome(data::v1::Issue::Severity severity) const;
  std::vector<Entry> issues_;
};

// A fault of the search as a whole, with an Outcome as detail (data/v1/README.md).
Status SearchFault(Code code, std::string_view issue_code, std::string diagnostics);

}  // namespace strata::fhir::search
