#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/index/path.h"

namespace strata::fhir::index {

class Composite;

// The paths of many parameters merged into one tree, so that a resource is walked once and only
// where some parameter looks. Built once, then immutable and thread-safe.
class Program {
 public:
  Program();
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // What is found by `path` is converted so.
  void Add(const Path& path, const Conversion& conversion);
  // What is found by `path` is the context of a composite's components.
  void Add(const Path& path, std::shared_ptr<const Composite> composite);

  using Visitor = std::function<void(const Conversion& conversion, json::Value element)>;

  // Converts what the parameters of `only` find in `value` (sorted; empty for all parameters).
  // `resource` is what %resource means.
  void Run(json::Value value, json::Value resource, std::span<const layout::ParameterNumber> only,
           EntryList* out) const;
  // Shows what they find to `visit` instead; composites are left out.
  void Visit(json::Value resource, std::span<const layout::ParameterNumber> only,
             const Visitor& visit) const;

 private:
  struct Node;
  struct Walk;
  std::uint32_t NodeFor(const Path& path);
  void Follow(const Walk& walk, const Node& node, json::Value value) const;
  void Arrive(const Walk& walk, const Node& node, json::Value value) const;
  void Descend(const Walk& walk, const Node& node, json::Value object) const;

  std::vector<Node> nodes_;
};

// The components of a composite parameter on one type of context.
class Composite {
 public:
  // UNIMPLEMENTED or INVALID_ARGUMENT as CompilePaths.
  static Result<std::shared_ptr<const Composite>> Compile(const model::SearchParameter& parameter,
                                                          layout::ParameterNumber number,
                                                          const model::Type& context);

  layout::ParameterNumber number() const { return number_; }
  // Adds every combination of the components' values that `context` has.
  void Run(json::Value context, json::Value resource, EntryList* out) const;

 private:
  struct Component {
    Program program;
    Program resource_program;  // %resource
  };
  layout::ParameterNumber number_ = 0;
  std::vector<Component> components_;
};

// How what a path finds is converted for a parameter.
Conversion ConversionFor(const Path& path, model::SearchType search,
                         layout::ParameterNumber parameter);

}  // namespace strata::fhir::index
