#include "plugins/data_fhir/fhirpath/machine.h"

#include <algorithm>

#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/fhirpath/lexer.h"

namespace strata::fhirpath {
namespace {

using fhir::model::Element;
using fhir::model::Type;

// The type of a value an element holds: resources say it themselves.
const Type* TypeOfValue(const Type* declared, json::Value value) {
  if (declared == nullptr || !declared->is_resource() || !declared->is_abstract()) return declared;
  const Type* actual = fhir::model::R4().FindResource(value["resourceType"].string());
  return actual == nullptr ? declared : actual;
}

Item ElementItem(json::Value value, json::Value sibling, const Type* type) {
  if (value.is_null()) value = {};
  if (!sibling.is_object()) sibling = {};
  return Item(ElementRef{value, sibling, TypeOfValue(type, value)});
}

// One item, or one per array element; a primitive and its `_name` sibling make one item together.
void AppendValues(json::Value value, json::Value sibling, const Type* type, Items& out) {
  if (!value.is_array() && !sibling.is_array()) {
    const Item item = ElementItem(value, sibling, type);
    if (item.element().value || item.element().sibling) out.push_back(item);
    return;
  }
  auto values = value.elements().begin();
  auto siblings = sibling.elements().begin();
  const std::size_t size = std::max(value.size(), sibling.size());
  for (std::size_t i = 0; i < size; ++i) {
    json::Value one, other;
    if (i < value.size()) {
      one = *values;
      ++values;
    }
    if (i < sibling.size()) {
      other = *siblings;
      ++siblings;
    }
    const Item item = ElementItem(one, other, type);
    if (item.element().value || item.element().sibling) out.push_back(item);
  }
}

// The member of a choice: `value` finds valueQuantity.
void AppendChoice(json::Value object, const Element& element, const Type& owner, Items& out) {
  for (const json::Member& member : object.members()) {
    std::string_view name = member.name;
    const bool sibling = name.starts_with('_');
    if (sibling) name.remove_prefix(1);
    if (!name.starts_with(element.name)) continue;
    const auto found = owner.FindJson(name);
    if (!found || found->element != &element) continue;
    if (!sibling) {
      json::Value extensions;
      if (found->type->is_primitive()) extensions = object["_" + std::string(name)];
      return AppendValues(member.value, extensions, found->type, out);
    }
    if (!object[name]) return AppendValues({}, member.value, found->type, out);
  }
}

void AppendAllChildren(json::Value object, const Type* type, Items& out) {
  for (const json::Member& member : object.members()) {
    std::string_view name = member.name;
    if (name == "resourceType" && (type == nullptr || type->is_resource())) continue;
    const bool sibling = name.starts_with('_');
    if (sibling) name.remove_prefix(1);
    if (sibling && object[name]) continue;  // Comes with the member itself.
    const auto found = type == nullptr ? std::nullopt : type->FindJson(name);
    const Type* child = found ? found->type : nullptr;
    if (sibling) {
      AppendValues({}, member.value, child, out);
    } else if (child == nullptr || child->is_primitive()) {
      AppendValues(member.value, object["_" + std::string(name)], child, out);
    } else {
      AppendValues(member.value, {}, child, out);
    }
  }
}

const Type* ExtensionType() {
  static const Type* const type = fhir::model::R4().Find("Extension");
  return type;
}
const Type* StringType() {
  static const Type* const type = fhir::model::R4().Find("string");
  return type;
}

// extension, id and value of a primitive.
void AppendPrimitiveChildren(const Item& item, const Step* step, Items& out) {
  const ElementRef& element = item.element();
  if (step == nullptr || step->name == "id") {
    if (const json::Value id = element.sibling["id"]) AppendValues(id, {}, StringType(), out);
  }
  if (step == nullptr || step->name == "extension") {
    if (const json::Value extension = element.sibling["extension"]) {
      AppendValues(extension, {}, ExtensionType(), out);
    }
  }
  if (step != nullptr && step->name == "value" && element.value) out.push_back(ToSystem(item));
}

bool AppendSystemChildren(const Item& item, const Step* step, Items& out) {
  if (const TypeName* type = item.As<TypeName>()) {
    if (step != nullptr && step->name == "name") out.push_back(Item(type->name));
    if (step != nullptr && step->name == "namespace") out.push_back(Item(type->space));
  } else if (const Quantity* quantity = item.As<Quantity>()) {
    if (step != nullptr && step->name == "value") out.push_back(Item(quantity->value));
    if (step != nullptr && step->name == "unit") out.push_back(Item(quantity->unit));
  }
  return true;
}

}  // namespace

Machine::Scratch::Scratch(Machine& machine) : machine_(machine) {
  if (machine.pool_.empty()) {
    items_ = std::make_unique<Items>();
  } else {
    items_ = std::move(machine.pool_.back());
    machine.pool_.pop_back();
  }
}

Machine::Scratch::~Scratch() {
  items_->clear();
  machine_.pool_.push_back(std::move(items_));
}

void Machine::SetVariable(std::string name, Items value) {
  for (auto& [known, items] : variables_) {
    if (known == name) {
      items = std::move(value);
      return;
    }
  }
  variables_.emplace_back(std::move(name), std::move(value));
}

Result<std::span<const Item>> Machine::Run(const Ast& ast, std::span<const Item> context,
                                           const Item& resource) {
  ast_ = &ast;
  resource_ = resource;
  context_.assign(context.begin(), context.end());
  result_.clear();
  status_ = OkStatus();
  steps_ = 0;
  text_bytes_ = 0;
  texts_.clear();
  now_.reset();
  scoped_.clear();
  if (!Eval(ast.root, Frame{context_, std::nullopt, nullptr}, result_)) return status_;
  return std::span<const Item>(result_);
}

bool Machine::Fail(std::uint32_t position, std::string_view reason) {
  if (status_.ok()) status_ = SyntaxError(reason, position);
  return false;
}

bool Machine::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
  return false;
}

bool Machine::Spend(const Node& node, std::uint64_t steps) {
  steps_ += steps;
  return steps_ <= limits_.max_steps || Fail(node, "evaluation takes too many steps");
}

bool Machine::Push(const Node& node, const Item& item, Items& out) {
  if (out.size() >= limits_.max_items) return Fail(node, "collection too large");
  out.push_back(item);
  return Spend(node);
}

std::optional<std::string_view> Machine::Keep(const Node& node, std::string text) {
  text_bytes_ += text.size();
  if (text_bytes_ > limits_.max_text) {
    Fail(node, "too much text");
    return std::nullopt;
  }
  return texts_.emplace_back(std::move(text));
}

bool Machine::PushText(const Node& node, std::string text, Items& out) {
  const auto kept = Keep(node, std::move(text));
  return kept && Push(node, Item(*kept), out);
}

const Temporal& Machine::now() {
  if (!now_) {
    const auto time = hooks_.now ? hooks_.now() : std::chrono::system_clock::now();
    const auto epoch = *Temporal::Parse(TemporalKind::kDateTime, "1970-01-01T00:00:00.000Z");
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    now_ = epoch.Plus(since.count(), TimeUnit::kMillisecond).value_or(epoch);
  }
  return *now_;
}

bool Machine::Define(const Node& node, std::string_view name, const Items& value) {
  if (FindVariable(name) != nullptr) return Fail(node, "variable defined twice");
  scoped_.emplace_back(name, value);
  return true;
}

const Items* Machine::FindVariable(std::string_view name) const {
  for (const auto& [known, items] : scoped_) {
    if (known == name) return &items;
  }
  for (const auto& [known, items] : variables_) {
    if (known == name) return &items;
  }
  return nullptr;
}

bool Machine::Eval(NodeId id, const Frame& frame, Items& out) {
  const Node& n = node(id);
  if (!Spend(n)) return false;
  switch (n.op) {
    case Op::kLiteral:
      return Push(n, n.literal, out);
    case Op::kEmpty:
      return true;
    case Op::kThis:
      return EvalInput(n, frame, out);
    case Op::kIndex:
      if (!frame.index) return Fail(n, "$index outside of a lambda");
      return Push(n, Item(*frame.index), out);
    case Op::kTotal:
      if (frame.total == nullptr) return Fail(n, "$total outside of aggregate()");
      out.insert(out.end(), frame.total->begin(), frame.total->end());
      return true;
    case Op::kVariable:
      return EvalVariable(n, out);
    case Op::kPath:
      return EvalPath(n, frame, out);
    case Op::kCall: {
      Scratch input(*this);
      return EvalInput(n, frame, *input) && n.function->run({*this, n, frame, *input, out});
    }
    case Op::kIndexer:
      return EvalIndexer(n, frame, out);
    case Op::kIs:
    case Op::kAs:
      return EvalType(n, frame, out);
    default:
      return EvalOperator(*this, n, frame, out);
  }
}

bool Machine::EvalInput(const Node& n, const Frame& frame, Items& out) {
  if (n.input != kNoNode) return Eval(n.input, frame, out);
  out.insert(out.end(), frame.focus.begin(), frame.focus.end());
  return Spend(n, frame.focus.size());
}

bool Machine::EvalSingle(NodeId id, const Frame& frame, std::optional<Item>& out) {
  Scratch items(*this);
  if (!Eval(id, frame, *items)) return false;
  if (items->size() > 1) return Fail(node(id), "one item expected");
  if (!items->empty()) out = ToSystem(items->front());
  return true;
}

bool Machine::EvalPath(const Node& n, const Frame& frame, Items& out) {
  if (n.input == kNoNode) {
    for (const Item& item : frame.focus) {
      const Type* type = item.fhir_type();
      const bool selects = n.root_type != nullptr && type != nullptr && type->Is(*n.root_type);
      if (!Walk(item, n, selects ? 1 : 0, out)) return false;
    }
    return true;
  }
  Scratch input(*this);
  if (!Eval(n.input, frame, *input)) return false;
  for (const Item& item : *input) {
    if (!Walk(item, n, 0, out)) return false;
  }
  return true;
}

bool Machine::Walk(const Item& item, const Node& n, std::size_t step, Items& out) {
  if (step == n.steps.size()) return Push(n, item, out);
  if (step + 1 == n.steps.size()) {
    const std::size_t before = out.size();
    if (!AppendChildren(item, &n.steps[step], n.position, out)) return false;
    if (out.size() > limits_.max_items) return Fail(n, "collection too large");
    return Spend(n, 1 + out.size() - before);
  }
  Scratch children(*this);
  if (!AppendChildren(item, &n.steps[step], n.position, *children) ||
      !Spend(n, 1 + children->size())) {
    return false;
  }
  for (const Item& child : *children) {
    if (!Walk(child, n, step + 1, out)) return false;
  }
  return true;
}

bool Machine::AppendChildren(const Item& item, const Step* step, std::uint32_t position,
                             Items& out) {
  if (!item.is_element()) return AppendSystemChildren(item, step, out);
  const ElementRef& element = item.element();
  const Type* type = element.type;
  if (type != nullptr && type->is_primitive()) {
    AppendPrimitiveChildren(item, step, out);
    return true;
  }
  if (!element.value.is_object()) return true;
  if (step == nullptr) {
    AppendAllChildren(element.value, type, out);
    return true;
  }
  if (type == nullptr) {
    AppendValues(element.value[step->name], element.value[step->sibling], nullptr, out);
    return true;
  }
  const Element* definition = type->Find(step->name);
  if (definition == nullptr) {
    // A choice is named without its type (R4 fhirpath.html#polymorphism).
    const bool choice = type->FindJson(step->name).has_value();
    return !choice || Fail(position, "a choice element is named without its type");
  }
  if (definition->choice) {
    AppendChoice(element.value, *definition, *type, out);
    return true;
  }
  const json::Value value = element.value.Get(step->name);
  json::Value sibling;
  if (definition->type().is_primitive()) sibling = element.value.Get(step->sibling);
  if (value || sibling) AppendValues(value, sibling, &definition->type(), out);
  return true;
}

bool Machine::EvalVariable(const Node& n, Items& out) {
  if (const Items* items = FindVariable(n.name)) {
    out.insert(out.end(), items->begin(), items->end());
    return Spend(n, items->size());
  }
  if (n.name == "resource" || n.name == "rootResource") return Push(n, resource_, out);
  if (n.name == "context") {
    out.insert(out.end(), context_.begin(), context_.end());
    return true;
  }
  if (n.name == "ucum") return Push(n, Item(std::string_view("http://unitsofmeasure.org")), out);
  if (n.name == "sct") return Push(n, Item(std::string_view("http://snomed.info/sct")), out);
  if (n.name == "loinc") return Push(n, Item(std::string_view("http://loinc.org")), out);
  if (n.name.starts_with("vs-")) {
    return PushText(n, "http://hl7.org/fhir/ValueSet/" + n.name.substr(3), out);
  }
  if (n.name.starts_with("ext-")) {
    return PushText(n, "http://hl7.org/fhir/StructureDefinition/" + n.name.substr(4), out);
  }
  return Fail(n, "unknown variable");
}

bool Machine::EvalIndexer(const Node& n, const Frame& frame, Items& out) {
  Scratch input(*this);
  std::optional<Item> index;
  if (!Eval(n.input, frame, *input) || !EvalSingle(n.args[0], frame, index)) return false;
  if (!index) return true;
  const auto* number = index->As<std::int64_t>();
  if (number == nullptr) return Fail(n, "an index is an integer");
  if (*number < 0 || static_cast<std::uint64_t>(*number) >= input->size()) return true;
  return Push(n, (*input)[static_cast<std::size_t>(*number)], out);
}

bool Machine::EvalType(const Node& n, const Frame& frame, Items& out) {
  Scratch input(*this);
  if (!Eval(n.args[0], frame, *input)) return false;
  return n.op == Op::kIs ? TestType(*this, n, *input, out) : CastType(*this, n, *input, out);
}

}  // namespace strata::fhirpath
