#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::trial {

// The messages of the contracts and of every plugin that ships its descriptors, and how two answers
// of one method compare. Thread-safe.
class MessageCompare final {
 public:
  static constexpr std::string_view kWhole = "answer";

  // `descriptor_sets`: serialized google.protobuf.FileDescriptorSet (Ingress::DescriptorSets).
  // What does not parse or does not fit is left out: its methods are compared byte by byte.
  explicit MessageCompare(const std::vector<std::string>& descriptor_sets);
  ~MessageCompare();
  MessageCompare(const MessageCompare&) = delete;
  MessageCompare& operator=(const MessageCompare&) = delete;

  // Where two answers of `full_method` differ, each place once: fields by their names in the
  // contract, JSON within them, indexes replaced by "[*]", no values. The messages of a stream are
  // joined first: its lists are appended to each other, since chunks may be cut anywhere. An answer
  // that does not parse differs at kWhole.
  std::set<std::string> Compare(std::string_view full_method, const std::vector<std::string>& a,
                                const std::vector<std::string>& b) const;

 private:
  class Types;
  const std::unique_ptr<Types> types_;
};

}  // namespace strata::trial
