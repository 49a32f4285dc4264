#pragma once

#include <stdexcept>
#include <utility>

#include "core/base/status.h"

namespace strata {

// Carries a Status out of code that cannot return one, such as a plugin's constructor. The entry
// points of the SDK turn it back into the Status; any other exception becomes INTERNAL.
class StatusError final : public std::runtime_error {
 public:
  explicit StatusError(Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}

  const Status& status() const { return status_; }

 private:
  Status status_;
};

// The Status for the exception being handled: StatusError's own, RESOURCE_EXHAUSTED for
// std::bad_alloc, else INTERNAL with what(). Call it in a catch block only.
Status CurrentExceptionStatus();

}  // namespace strata
