#include "plugins/data_fhir/patch/draft.h"

#include <algorithm>
#include <utility>

#include "core/base/json_writer.h"
#include "plugins/data_fhir/patch/equal.h"

namespace strata::fhir::patch {
namespace {

std::uint32_t HeightOf(json::Value value) {
  std::uint32_t height = 0;
  if (value.is_object()) {
    for (const json::Member& member : value.members()) {
      height = std::max(height, HeightOf(member.value));
    }
  } else if (value.is_array()) {
    for (const json::Value element : value.elements()) height = std::max(height, HeightOf(element));
  } else {
    return 0;
  }
  return height + 1;
}

}  // namespace

void Draft::Open() const {
  if (open_) return;
  open_ = true;
  if (is_object()) {
    for (const json::Member& member : source_.members()) {
      names_.push_back({std::string(member.name), std::string(member.key.raw())});
      children_.emplace_back(member.value);
    }
  } else {
    for (const json::Value element : source_.elements()) children_.emplace_back(element);
  }
}

std::size_t Draft::IndexOf(std::string_view name) const {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [&](const Name& each) { return each.text == name; });
  return static_cast<std::size_t>(found - names_.begin());
}

Draft* Draft::Find(std::string_view name) {
  if (!is_object() || (!open_ && !source_[name])) return nullptr;
  Open();
  const std::size_t index = IndexOf(name);
  return index < children_.size() ? &children_[index] : nullptr;
}

Draft* Draft::At(std::size_t index) {
  if (!is_array() || index >= size()) return nullptr;
  Open();
  return &children_[index];
}

Draft& Draft::Set(std::string_view name, Draft value) {
  Open();
  const std::size_t index = IndexOf(name);
  if (index < children_.size()) return children_[index] = std::move(value);
  names_.push_back({std::string(name), json::Quoted(name)});
  return children_.emplace_back(std::move(value));
}

void Draft::Rename(std::string_view from, std::string_view to) {
  Open();
  const std::size_t index = IndexOf(from);
  if (index < names_.size()) names_[index] = {std::string(to), json::Quoted(to)};
}

bool Draft::Remove(std::string_view name) {
  if (Find(name) == nullptr) return false;
  Erase(IndexOf(name));
  return true;
}

void Draft::Erase(std::size_t index) {
  const auto at = static_cast<std::ptrdiff_t>(index);
  children_.erase(children_.begin() + at);
  if (is_object()) names_.erase(names_.begin() + at);
  emptied_ = children_.empty();
}

void Draft::Insert(std::size_t index, Draft value) {
  Open();
  children_.insert(children_.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
}

Draft Draft::Take(std::size_t index) {
  Open();
  Draft taken = std::move(children_[index]);
  Erase(index);
  return taken;
}

void Draft::PruneEmptied() {
  if (!open_) return;
  for (std::size_t i = children_.size(); i-- > 0;) {
    children_[i].PruneEmptied();
    if (children_[i].emptied_ && children_[i].size() == 0) Erase(i);
  }
}

void Draft::AppendTo(std::string* out) const {
  if (!open_) {
    out->append(source_ ? source_.raw() : std::string_view("null"));
    return;
  }
  out->push_back(is_object() ? '{' : '[');
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out->push_back(',');
    if (is_object()) out->append(names_[i].raw).push_back(':');
    children_[i].AppendTo(out);
  }
  out->push_back(is_object() ? '}' : ']');
}

std::string Draft::Text() const {
  std::string out;
  AppendTo(&out);
  return out;
}

bool Draft::Equals(const Draft& other) const {
  if (type_ != other.type_) return false;
  switch (type_) {
    case json::Type::kNumber:
      return NumbersEqual(source_.lexeme(), other.source_.lexeme());
    case json::Type::kString:
      return source_.string() == other.source_.string();
    case json::Type::kArray:
    case json::Type::kObject:
      break;
    default:
      return true;
  }
  if (size() != other.size()) return false;
  const auto mine = SortedChildren();
  const auto theirs = other.SortedChildren();
  return std::equal(mine.begin(), mine.end(), theirs.begin(), [](const auto& a, const auto& b) {
    return a.first == b.first && a.second->Equals(*b.second);
  });
}

// The members of an object by name, the elements of a list as they are.
std::vector<std::pair<std::string_view, const Draft*>> Draft::SortedChildren() const {
  Open();
  std::vector<std::pair<std::string_view, const Draft*>> children;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const std::string_view name = is_object() ? std::string_view(names_[i].text) : "";
    children.emplace_back(name, &children_[i]);
  }
  std::stable_sort(children.begin(), children.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return children;
}

std::uint32_t Draft::Height() const {
  if (!open_) return HeightOf(source_);
  std::uint32_t height = 0;
  for (const Draft& child : children_) height = std::max(height, child.Height());
  return height + 1;
}

std::size_t Draft::Bytes() const {
  if (!open_) return source_ ? source_.end_offset() - source_.begin_offset() : 4;
  std::size_t bytes = sizeof(Draft) + names_.size() * sizeof(Name);
  for (const Draft& child : children_) bytes += child.Bytes() + sizeof(Draft);
  return bytes;
}

}  // namespace strata::fhir::patch
