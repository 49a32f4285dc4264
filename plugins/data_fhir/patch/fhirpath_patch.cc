// FHIRPath Patch: FHIR R4 fhirpatch.html.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/data_fhir/fhirpath/fhirpath.h"
#include "plugins/data_fhir/patch/draft.h"
#include "plugins/data_fhir/patch/patch.h"
#include "plugins/data_fhir/patch/patch_value.h"
#include "plugins/data_fhir/patch/property.h"
#include "plugins/data_fhir/patch/target.h"

namespace strata::fhir::patch {
namespace {

using fhirpath::Evaluator;
using fhirpath::Expression;
using fhirpath::Item;
using model::Element;
using model::Type;

// One operation, as its parts say it.
struct Operation {
  std::string_view type;
  std::string_view path;
  std::string_view name;
  json::Value value;  // the part
  std::optional<std::size_t> index;
  std::optional<std::size_t> source;
  std::optional<std::size_t> destination;
};

Status ReadIndex(json::Value part, std::optional<std::size_t>* index) {
  for (const std::string_view member : {"valueInteger", "valueUnsignedInt", "valuePositiveInt"}) {
    const auto number = part[member].int_value();
    if (number && *number >= 0) *index = static_cast<std::size_t>(*number);
  }
  return *index ? OkStatus() : Malformed("an index is a valueInteger, 0 or more");
}

std::string_view TextOf(json::Value part) {
  for (const std::string_view member : {"valueString", "valueCode"}) {
    if (const json::Value text = part[member]) return text.string();
  }
  return {};
}

Status ReadPart(json::Value part, Operation* operation) {
  const std::string_view name = part["name"].string();
  if (name == "type")
    operation->type = TextOf(part);
  else if (name == "path")
    operation->path = TextOf(part);
  else if (name == "name")
    operation->name = TextOf(part);
  else if (name == "value")
    operation->value = part;
  else if (name == "index")
    return ReadIndex(part, &operation->index);
  else if (name == "source")
    return ReadIndex(part, &operation->source);
  else if (name == "destination")
    return ReadIndex(part, &operation->destination);
  else
    return Malformed("an operation has no such part");
  return {};
}

Result<Operation> ReadOperation(json::Value parameter) {
  Operation operation;
  if (parameter["name"].string() != "operation") {
    return Malformed("the parameters of a patch are named operation");
  }
  for (const json::Value part : parameter["part"].elements()) {
    STRATA_RETURN_IF_ERROR(ReadPart(part, &operation));
  }
  if (operation.path.empty()) return Malformed("path is missing");
  const bool needs_value =
      operation.type == "add" || operation.type == "insert" || operation.type == "replace";
  if (needs_value && !operation.value) return Malformed("value is missing");
  return operation;
}

// "a.b(c.d).e" -> {"a.b(c.d)", "e"}; nothing when the last step is no plain name.
std::optional<std::pair<std::string_view, std::string_view>> SplitPath(std::string_view path) {
  int depth = 0;
  char quote = '\0';
  std::size_t dot = std::string_view::npos;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    } else if (c == '.' && depth == 0) {
      dot = i;
    }
  }
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view name = path.substr(dot + 1);
  const bool plain = !name.empty() && name.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyz"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_") == name.npos;
  if (!plain) return std::nullopt;
  return std::pair(path.substr(0, dot), name);
}

// Carries out one operation on a resource.
class Step {
 public:
  Step(json::Value resource, const Operation& operation)
      : resource_(resource), operation_(operation), root_(resource) {}

  Result<std::string> Run() {
    Status done = Malformed("type is none of add, insert, delete, replace and move");
    if (operation_.type == "add") done = Add();
    if (operation_.type == "insert") done = Insert();
    if (operation_.type == "delete") done = Delete();
    if (operation_.type == "replace") done = Replace();
    if (operation_.type == "move") done = Move();
    STRATA_RETURN_IF_ERROR(done);
    root_.PruneEmptied();
    return root_.Text();
  }

 private:
  Status Add();
  Status Insert();
  Status Delete();
  Status Replace();
  Status Move();

  Result<std::vector<Target>> Find(std::string_view path);
  Result<Target> FindOne(std::string_view path);
  // All elements of one list, in their order.
  Result<std::vector<Target>> FindList();
  Status AddTo(const Target& parent, std::string_view name, bool must_repeat);
  Draft& ObjectAt(const Target& target);
  Status CheckDepth(const Target& target, const NewElement& element) const;

  const json::Value resource_;
  const Operation& operation_;
  Draft root_;
};

Result<std::vector<Target>> Step::Find(std::string_view path) {
  Result<Expression> expression = Expression::Compile(path);
  if (!expression.ok()) return Malformed("path: " + expression.status().message());
  Evaluator evaluator;
  const auto items = evaluator.Evaluate(*expression, Item::Resource(resource_));
  if (!items.ok()) return Inapplicable("path: " + items.status().message());
  std::vector<Target> targets;
  for (const Item& item : *items) {
    STRATA_ASSIGN_OR_RETURN(Target target, Locate(resource_, item));
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<Target> Step::FindOne(std::string_view path) {
  STRATA_ASSIGN_OR_RETURN(auto targets, Find(path));
  if (targets.empty()) return Inapplicable("the path finds nothing");
  if (targets.size() > 1) return Inapplicable("the path finds more than one element");
  return std::move(targets.front());
}

Result<std::vector<Target>> Step::FindList() {
  STRATA_ASSIGN_OR_RETURN(auto targets, Find(operation_.path));
  if (targets.empty()) return targets;
  Draft& owner = OwnerOf(targets.front(), root_);
  const bool one_list = std::all_of(targets.begin(), targets.end(), [&](const Target& target) {
    return target.index && target.SameList(targets.front());
  });
  if (!one_list || Property(owner, targets.front().member).size() != targets.size()) {
    return Inapplicable("the path must find a list: one element that repeats, all of it");
  }
  return targets;
}

// The object that the elements of the target's own are members of.
Draft& Step::ObjectAt(const Target& target) {
  if (target.is_root()) return root_;
  Draft& owner = OwnerOf(target, root_);
  const bool primitive = target.type != nullptr && target.type->is_primitive();
  const std::string member = (primitive ? "_" : "") + target.member;
  Draft* object = owner.Find(member);
  if (!target.index) return object != nullptr ? *object : owner.Set(member, Draft::Object());
  if (primitive) {
    if (object == nullptr) object = &owner.Set(member, Draft::Array());
    while (object->size() <= *target.index) object->Insert(object->size(), Draft());
    if (object->At(*target.index)->is_null()) *object->At(*target.index) = Draft::Object();
  }
  return *object->At(*target.index);
}

Status Step::CheckDepth(const Target& target, const NewElement& element) const {
  const std::size_t height = element.text.value ? element.text.value->Height() : 0;
  if (target.owner.size() + 3 + height <= kMaxDepth) return {};
  return Inapplicable("the result nests too deep");
}

Status Step::AddTo(const Target& parent, std::string_view name, bool must_repeat) {
  const Element* const element = parent.type == nullptr ? nullptr : FindElement(*parent.type, name);
  if (element == nullptr) return Inapplicable("the element that the path finds has no such child");
  if (must_repeat && !element->repeats()) return Inapplicable("the element does not repeat");
  STRATA_ASSIGN_OR_RETURN(NewElement made, ReadValue(operation_.value, name, element));
  STRATA_RETURN_IF_ERROR(CheckDepth(parent, made));
  Draft& object = ObjectAt(parent);
  Property property(object, made.member);
  if (element->repeats()) {
    if (property.exists() && !property.is_list()) return Inapplicable("there is no list");
    property.Insert(property.size(), std::move(made.text));
    return {};
  }
  // Add needs a place that is empty: of a choice, whatever its type is.
  const auto is_there = [&](const model::TypeRef& ref) {
    std::string member(element->name);
    if (element->choice) member.append(ref.type->name());
    if (element->choice) {
      char& first = member[element->name.size()];
      if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
    }
    return Property(object, member).exists();
  };
  if (std::any_of(element->types.begin(), element->types.end(), is_there)) {
    return Inapplicable("the element is there already and does not repeat: use replace");
  }
  property.Set(made.member, std::move(made.text));
  return {};
}

Status Step::Add() {
  if (operation_.name.empty()) return Malformed("name is missing");
  STRATA_ASSIGN_OR_RETURN(const Target parent, FindOne(operation_.path));
  return AddTo(parent, operation_.name, /*must_repeat=*/false);
}

Status Step::Insert() {
  if (!operation_.index) return Malformed("index is missing");
  STRATA_ASSIGN_OR_RETURN(const auto list, FindList());
  if (*operation_.index > list.size()) {
    return Inapplicable("the index is beyond the end of the list");
  }
  if (list.empty()) {
    // An empty list is none: what the path would find is made.
    const auto split = SplitPath(operation_.path);
    if (!split) return Inapplicable("the path finds nothing");
    STRATA_ASSIGN_OR_RETURN(const Target parent, FindOne(split->first));
    return AddTo(parent, split->second, /*must_repeat=*/true);
  }
  const Target& first = list.front();
  STRATA_ASSIGN_OR_RETURN(NewElement made,
                          ReadValue(operation_.value, first.member, first.element));
  STRATA_RETURN_IF_ERROR(CheckDepth(first, made));
  Property(OwnerOf(first, root_), first.member).Insert(*operation_.index, std::move(made.text));
  return {};
}

Status Step::Delete() {
  STRATA_ASSIGN_OR_RETURN(const auto targets, Find(operation_.path));
  if (targets.empty()) return {};  // nothing to delete is no error
  if (targets.size() > 1) return Inapplicable("the path finds more than one element");
  const Target& target = targets.front();
  if (target.is_root()) return Inapplicable("the resource itself cannot be deleted by a patch");
  if (IsServersOwn(target.Place())) return ServersOwn();
  Property property(OwnerOf(target, root_), target.member);
  if (target.index) {
    property.RemoveAt(*target.index);
  } else {
    property.Remove();
  }
  return {};
}

Status Step::Replace() {
  STRATA_ASSIGN_OR_RETURN(const Target target, FindOne(operation_.path));
  if (target.is_root()) return Inapplicable("the resource itself cannot be replaced by a patch");
  STRATA_ASSIGN_OR_RETURN(NewElement made,
                          ReadValue(operation_.value, target.member, target.element));
  STRATA_RETURN_IF_ERROR(CheckDepth(target, made));
  Draft& owner = OwnerOf(target, root_);
  if (IsServersOwn(target.Place())) {
    const Draft* const current = owner.Find(target.member);
    const bool same = current != nullptr && made.text.value && current->Equals(*made.text.value);
    return same ? OkStatus() : ServersOwn();
  }
  Property property(owner, target.member);
  if (target.index) {
    property.Replace(*target.index, std::move(made.text));
  } else {
    property.Set(made.member, std::move(made.text));
  }
  return {};
}

Status Step::Move() {
  if (!operation_.source || !operation_.destination) {
    return Malformed("source and destination are needed");
  }
  STRATA_ASSIGN_OR_RETURN(const auto list, FindList());
  if (std::max(*operation_.source, *operation_.destination) >= list.size()) {
    return Inapplicable("source or destination is beyond the end of the list");
  }
  const Target& first = list.front();
  Property(OwnerOf(first, root_), first.member).Move(*operation_.source, *operation_.destination);
  return {};
}

}  // namespace

Result<std::string> ApplyFhirPathPatch(json::Value resource, json::Value parameters) {
  if (parameters["resourceType"].string() != "Parameters") {
    return Malformed("a FHIRPath Patch is a Parameters resource");
  }
  const json::Value list = parameters["parameter"];
  if (list.size() > kMaxOperations) {
    return ResourceExhausted("a patch has at most 10,000 operations");
  }
  std::string text(resource.raw());
  Budget budget;
  std::size_t index = 0;
  for (const json::Value parameter : list.elements()) {
    STRATA_RETURN_IF_ERROR(budget.Spend(text.size() / 8 + 64));
    const Result<Operation> operation = ReadOperation(parameter);
    if (!operation.ok()) return InOperation(index, {}, operation.status());
    const Result<json::Document> document = json::Document::ParseOwned(std::move(text));
    if (!document.ok()) return InOperation(index, {}, document.status());
    Result<std::string> changed = Step(document->root(), *operation).Run();
    if (!changed.ok()) return InOperation(index, {}, changed.status());
    text = *std::move(changed);
    ++index;
  }
  return text;
}

}  // namespace strata::fhir::patch
