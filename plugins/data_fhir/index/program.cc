#include "plugins/data_fhir/index/program.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/index/code_systems.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::index {
namespace {

// Combinations of a composite that are kept for one context; hostile resources have more.
constexpr std::size_t kMaxCombinations = 1000;

bool HasExtension(json::Value value, std::string_view url) {
  for (const json::Value extension : value["extension"].elements()) {
    if (extension["url"].string() == url) return true;
  }
  return false;
}

bool Passes(const Step& step, json::Value value) {
  switch (step.kind) {
    case Step::Kind::kEquals:
      return value[step.name].string() == step.literal;
    case Step::Kind::kHasExtension:
      return HasExtension(value, step.literal);
    case Step::Kind::kResolvesTo:
      return TargetTypeOf(value) == step.literal;
    case Step::Kind::kMember:
    case Step::Kind::kFirst:
      break;
  }
  return true;
}

}  // namespace

struct Program::Node {
  struct Edge {
    Step step;
    std::uint32_t to = 0;
  };
  std::vector<Edge> members;
  std::vector<Edge> guards;  // Conditions on what was found here.
  std::vector<Conversion> conversions;
  std::vector<std::shared_ptr<const Composite>> composites;
  std::uint32_t first = 0;  // Where only the first element goes on; 0 for nowhere.
};

struct Program::Walk {
  json::Value resource;
  std::span<const layout::ParameterNumber> only;
  EntryList* out = nullptr;        // Where entries go, or
  const Visitor* visit = nullptr;  // who looks at elements.

  void Take(const Conversion& conversion, json::Value value) const {
    if (visit != nullptr) return (*visit)(conversion, value);
    Convert(conversion, value, out);
  }
  bool Wants(layout::ParameterNumber parameter) const {
    return only.empty() || std::binary_search(only.begin(), only.end(), parameter);
  }
};

Program::Program() : nodes_(1) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

std::uint32_t Program::NodeFor(const Path& path) {
  std::uint32_t at = 0;
  for (const Step& step : path.steps) {
    std::uint32_t next = 0;
    if (step.kind == Step::Kind::kFirst) {
      next = nodes_[at].first;
      if (next == 0) next = nodes_[at].first = static_cast<std::uint32_t>(nodes_.size());
    } else {
      auto& edges = step.kind == Step::Kind::kMember ? nodes_[at].members : nodes_[at].guards;
      const auto found = std::find_if(edges.begin(), edges.end(),
                                      [&](const Node::Edge& edge) { return edge.step == step; });
      next = found != edges.end() ? found->to : static_cast<std::uint32_t>(nodes_.size());
      if (found == edges.end()) edges.push_back({step, next});
    }
    if (next == nodes_.size()) nodes_.emplace_back();
    at = next;
  }
  return at;
}

void Program::Add(const Path& path, const Conversion& conversion) {
  nodes_[NodeFor(path)].conversions.push_back(conversion);
}

void Program::Add(const Path& path, std::shared_ptr<const Composite> composite) {
  nodes_[NodeFor(path)].composites.push_back(std::move(composite));
}

void Program::Run(json::Value value, json::Value resource,
                  std::span<const layout::ParameterNumber> only, EntryList* out) const {
  Follow(Walk{resource, only, out, nullptr}, nodes_.front(), value);
}

void Program::Visit(json::Value resource, std::span<const layout::ParameterNumber> only,
                    const Visitor& visit) const {
  Follow(Walk{resource, only, nullptr, &visit}, nodes_.front(), resource);
}

void Program::Follow(const Walk& walk, const Node& node, json::Value value) const {
  if (!value.is_array()) {
    if (node.first != 0) Arrive(walk, nodes_[node.first], value);
    return Arrive(walk, node, value);
  }
  bool first = node.first != 0;
  for (const json::Value element : value.elements()) {
    if (std::exchange(first, false)) Arrive(walk, nodes_[node.first], element);
    Arrive(walk, node, element);
  }
}

void Program::Arrive(const Walk& walk, const Node& node, json::Value value) const {
  for (const Conversion& conversion : node.conversions) {
    if (walk.Wants(conversion.parameter)) walk.Take(conversion, value);
  }
  for (const auto& composite : node.composites) {
    if (walk.out != nullptr && walk.Wants(composite->number()))
      composite->Run(value, walk.resource, walk.out);
  }
  for (const Node::Edge& guard : node.guards) {
    if (Passes(guard.step, value)) Arrive(walk, nodes_[guard.to], value);
  }
  if (!node.members.empty() && value.is_object()) Descend(walk, node, value);
}

void Program::Descend(const Walk& walk, const Node& node, json::Value object) const {
  for (const json::Member member : object.members()) {
    for (const Node::Edge& edge : node.members) {
      if (edge.step.name == member.name) {
        Follow(walk, nodes_[edge.to], member.value);
        break;
      }
    }
  }
}

Result<std::shared_ptr<const Composite>> Composite::Compile(const model::SearchParameter& parameter,
                                                            layout::ParameterNumber number,
                                                            const model::Type& context) {
  auto composite = std::make_shared<Composite>();
  composite->number_ = number;
  for (const model::SearchComponent& part : parameter.components) {
    const model::SearchParameter* definition = model::R4Search().FindByUrl(part.definition);
    if (definition == nullptr) return InvalidArgument("a component is not defined");
    STRATA_ASSIGN_OR_RETURN(const auto paths, CompilePaths(part.expression, context));
    Component component;
    for (const Path& path : paths) {
      const Conversion conversion = ConversionFor(path, definition->type, number);
      if (conversion.data == DataType::kNone) continue;
      (path.from_resource ? component.resource_program : component.program).Add(path, conversion);
    }
    composite->components_.push_back(std::move(component));
  }
  return std::shared_ptr<const Composite>(std::move(composite));
}

void Composite::Run(json::Value context, json::Value resource, EntryList* out) const {
  std::vector<std::string> combinations = {std::string()};
  EntryList values;
  for (const Component& component : components_) {
    values.Clear();
    component.program.Run(context, resource, {}, &values);
    component.resource_program.Run(resource, resource, {}, &values);
    values.Finish();
    std::vector<std::string> longer;
    for (const std::string& start : combinations) {
      for (std::size_t i = 0; i < values.size() && longer.size() < kMaxCombinations; ++i) {
        const EntryList::Entry entry = values[i];
        if (entry.parameter != number_ || entry.value.empty()) continue;
        longer.emplace_back(start).append(entry.value);
      }
    }
    if (longer.empty()) return;
    combinations = std::move(longer);
  }
  for (const std::string& combination : combinations) out->Add(number_, combination);
}

Conversion ConversionFor(const Path& path, model::SearchType search,
                         layout::ParameterNumber parameter) {
  Conversion conversion;
  conversion.parameter = parameter;
  conversion.search = search;
  conversion.data = DataTypeOf(search, *path.type);
  if (conversion.data == DataType::kCode) conversion.implied_system = ImpliedSystem(path.element);
  return conversion;
}

}  // namespace strata::fhir::index
