// JSON Patch: RFC 6902 over JSON Pointer, RFC 6901.

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/data_fhir/patch/draft.h"
#include "plugins/data_fhir/patch/patch.h"

namespace strata::fhir::patch {
namespace {

using Pointer = std::vector<std::string>;

// "~1" is "/", "~0" is "~": RFC 6901 section 3 and 4.
Result<std::string> Unescape(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out.push_back(token[i]);
      continue;
    }
    const char next = i + 1 < token.size() ? token[i + 1] : '\0';
    if (next != '0' && next != '1') return Malformed("a path has '~' without 0 or 1 behind it");
    out.push_back(next == '0' ? '~' : '/');
    ++i;
  }
  return out;
}

Result<Pointer> ParsePointer(std::string_view text) {
  Pointer tokens;
  if (text.empty()) return tokens;
  if (text.front() != '/') return Malformed("a path is empty or begins with '/' (RFC 6901)");
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t slash = std::min(text.find('/'), text.size());
    STRATA_ASSIGN_OR_RETURN(std::string token, Unescape(text.substr(0, slash)));
    tokens.push_back(std::move(token));
    text.remove_prefix(slash);
  }
  return tokens;
}

// RFC 6901 section 4: digits without leading zeros.
std::optional<std::size_t> ParseIndex(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != token.data() + token.size()) return std::nullopt;
  return index;
}

Status Missing() { return Inapplicable("nothing is at the path"); }

class Patcher {
 public:
  Patcher(json::Value document, const JsonPatchOptions& options)
      : root_(document), options_(options) {}

  Status Apply(json::Value operation);
  std::string Finish() {
    if (options_.resource) root_.PruneEmptied();
    return root_.Text();
  }

 private:
  Status Add(const Pointer& path, Draft value);
  Status Put(Draft* parent, const std::string& token, Draft value);
  Status Remove(const Pointer& path);
  Status Replace(const Pointer& path, Draft value);
  Status Move(const Pointer& from, const Pointer& path);
  Status Copy(const Pointer& from, const Pointer& path);
  Status Test(const Pointer& path, const Draft& value);

  // The value at the first `length` tokens; nullptr when there is none.
  Draft* Find(const Pointer& path, std::size_t length);
  Draft* Find(const Pointer& path) { return Find(path, path.size()); }
  Result<Draft> Take(const Pointer& path);
  // What must hold of a value before it goes to a place.
  Status Admit(const Pointer& path, const Draft& value);
  Status RefuseServersOwn(const Pointer& path, const Draft* value);

  Draft root_;
  const JsonPatchOptions& options_;
  Budget budget_;
};

Draft* Patcher::Find(const Pointer& path, std::size_t length) {
  Draft* at = &root_;
  for (std::size_t i = 0; i < length && at != nullptr; ++i) {
    if (!budget_.Spend(at->size()).ok()) return nullptr;
    if (at->is_array()) {
      const auto index = ParseIndex(path[i]);
      at = index ? at->At(*index) : nullptr;
    } else {
      at = at->Find(path[i]);
    }
  }
  return at;
}

Status Patcher::RefuseServersOwn(const Pointer& path, const Draft* value) {
  if (!options_.resource || !IsServersOwn(path)) return {};
  const Draft* current = Find(path);
  if (value != nullptr && current != nullptr && current->Equals(*value)) return {};
  return ServersOwn();
}

Status Patcher::Admit(const Pointer& path, const Draft& value) {
  STRATA_RETURN_IF_ERROR(budget_.Spend(value.Bytes()));
  if (path.size() + value.Height() > kMaxDepth) return Inapplicable("the result nests too deep");
  return RefuseServersOwn(path, &value);
}

Status Patcher::Add(const Pointer& path, Draft value) {
  STRATA_RETURN_IF_ERROR(Admit(path, value));
  if (path.empty()) {
    root_ = std::move(value);
    return {};
  }
  Draft* const parent = Find(path, path.size() - 1);
  if (parent == nullptr) return Inapplicable("there is nothing that the value could be added to");
  return Put(parent, path.back(), std::move(value));
}

Status Patcher::Put(Draft* parent, const std::string& token, Draft value) {
  if (parent->is_object()) {
    parent->Set(token, std::move(value));
    return {};
  }
  if (!parent->is_array()) return Inapplicable("only an object or a list can be added to");
  const std::size_t size = parent->size();
  const auto index = token == "-" ? std::optional(size) : ParseIndex(token);
  if (!index) return Inapplicable("the path names a member, but there is a list");
  if (*index > size) return Inapplicable("the index is beyond the end of the list");
  STRATA_RETURN_IF_ERROR(budget_.Spend((size - *index) * 4));
  parent->Insert(*index, std::move(value));
  return {};
}

Result<Draft> Patcher::Take(const Pointer& path) {
  if (path.empty()) return Inapplicable("the whole document cannot be removed");
  Draft* const parent = Find(path, path.size() - 1);
  if (parent == nullptr) return Missing();
  STRATA_RETURN_IF_ERROR(budget_.Spend(parent->size() * 4));
  if (parent->is_array()) {
    const auto index = ParseIndex(path.back());
    if (!index || *index >= parent->size()) return Missing();
    return parent->Take(*index);
  }
  Draft* const member = parent->Find(path.back());
  if (member == nullptr) return Missing();
  Draft taken = std::move(*member);
  parent->Remove(path.back());
  return taken;
}

Status Patcher::Remove(const Pointer& path) {
  STRATA_RETURN_IF_ERROR(RefuseServersOwn(path, nullptr));
  return Take(path).status();
}

Status Patcher::Replace(const Pointer& path, Draft value) {
  STRATA_RETURN_IF_ERROR(Admit(path, value));
  Draft* const target = Find(path);
  if (target == nullptr) return Missing();
  *target = std::move(value);
  return {};
}

Status Patcher::Move(const Pointer& from, const Pointer& path) {
  if (Find(from) == nullptr) return Inapplicable("nothing is at from");
  if (from == path) return {};
  STRATA_RETURN_IF_ERROR(RefuseServersOwn(from, nullptr));
  const bool within =
      path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin());
  if (within) return Inapplicable("a value cannot be moved into itself");
  STRATA_ASSIGN_OR_RETURN(Draft value, Take(from));
  return Add(path, std::move(value));
}

Status Patcher::Copy(const Pointer& from, const Pointer& path) {
  const Draft* const source = Find(from);
  if (source == nullptr) return Inapplicable("nothing is at from");
  STRATA_RETURN_IF_ERROR(budget_.Spend(source->Bytes()));
  return Add(path, *source);
}

Status Patcher::Test(const Pointer& path, const Draft& value) {
  const Draft* const target = Find(path);
  if (target == nullptr) return Missing();
  STRATA_RETURN_IF_ERROR(budget_.Spend(target->Bytes() + value.Bytes()));
  return target->Equals(value) ? OkStatus() : Inapplicable("the value is another one");
}

Result<Pointer> PointerOf(json::Value operation, std::string_view member) {
  const json::Value text = operation[member];
  if (!text.is_string()) return Malformed(std::string(member).append(" is missing"));
  return ParsePointer(text.string());
}

// The operation's name; empty when there is no such operation.
std::string_view NameOf(json::Value operation) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"add", "replace", "test", "move", "copy", "remove"});
  const auto* const found = std::find(kNames.begin(), kNames.end(), operation["op"].string());
  return found == kNames.end() ? std::string_view() : *found;
}

Status Patcher::Apply(json::Value operation) {
  if (!operation.is_object()) return Malformed("an operation is an object");
  const std::string_view name = NameOf(operation);
  if (name.empty()) return Malformed("op is none of add, remove, replace, move, copy and test");
  STRATA_ASSIGN_OR_RETURN(const Pointer path, PointerOf(operation, "path"));
  if (name == "remove") return Remove(path);
  if (name == "move" || name == "copy") {
    STRATA_ASSIGN_OR_RETURN(const Pointer from, PointerOf(operation, "from"));
    return name == "move" ? Move(from, path) : Copy(from, path);
  }
  const json::Value value = operation["value"];
  if (!value) return Malformed("value is missing");
  if (name == "add") return Add(path, Draft(value));
  return name == "replace" ? Replace(path, Draft(value)) : Test(path, Draft(value));
}

}  // namespace

Result<std::string> ApplyJsonPatch(json::Value document, json::Value patch,
                                   const JsonPatchOptions& options) {
  if (!patch.is_array()) return Malformed("a JSON Patch is a list of operations (RFC 6902)");
  if (patch.size() > kMaxOperations) {
    return ResourceExhausted("a patch has at most 10,000 operations");
  }
  Patcher patcher(document, options);
  std::size_t index = 0;
  for (const json::Value operation : patch.elements()) {
    STRATA_RETURN_IF_ERROR(InOperation(index++, NameOf(operation), patcher.Apply(operation)));
  }
  return patcher.Finish();
}

}  // namespace strata::fhir::patch
