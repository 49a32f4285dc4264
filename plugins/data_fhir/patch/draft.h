#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"

// Private to this folder.
namespace strata::fhir::patch {

// A JSON value that can be changed. It begins as a value of a parsed document and takes apart only
// the containers that are changed: all others are written as the bytes they were. Refers to the
// documents its values came from. Copying copies what was taken apart. Single-threaded.
class Draft final {
 public:
  Draft() = default;  // null
  explicit Draft(json::Value source) : source_(source), type_(source.type()) {}
  static Draft Object() { return Draft(json::Type::kObject); }
  static Draft Array() { return Draft(json::Type::kArray); }

  json::Type type() const { return type_; }
  bool is_object() const { return type_ == json::Type::kObject; }
  bool is_array() const { return type_ == json::Type::kArray; }
  bool is_null() const { return type_ == json::Type::kNull; }
  // Members or elements.
  std::size_t size() const { return open_ ? children_.size() : source_.size(); }
  std::string_view string() const { return source_.string(); }

  // The member of that name, the element at that index; nullptr when there is none. Pointers are
  // valid until the container changes.
  Draft* Find(std::string_view name);
  Draft* At(std::size_t index);

  // Sets a member: in its place, or behind the last one.
  Draft& Set(std::string_view name, Draft value);
  // Gives a member another name, in its place; nothing when there is none.
  void Rename(std::string_view from, std::string_view to);
  // false: there is no such member.
  bool Remove(std::string_view name);
  // `index` is at most size().
  void Insert(std::size_t index, Draft value);
  // `index` is less than size().
  Draft Take(std::size_t index);

  // Removes containers within this one that became empty by removing something.
  void PruneEmptied();

  void AppendTo(std::string* out) const;
  std::string Text() const;

  // As RFC 6902 section 4.6 has it: numbers by value, objects without order.
  bool Equals(const Draft& other) const;
  // Levels of containers: 0 for a scalar, 1 for {}.
  std::uint32_t Height() const;
  // About how many bytes a copy takes.
  std::size_t Bytes() const;

 private:
  struct Name {
    std::string text;
    std::string raw;  // quoted, as written
  };
  explicit Draft(json::Type type) : type_(type), open_(true) {}
  std::vector<std::pair<std::string_view, const Draft*>> SortedChildren() const;
  void Open() const;  // changes nothing that can be seen
  std::size_t IndexOf(std::string_view name) const;
  void Erase(std::size_t index);

  json::Value source_;  // until opened
  json::Type type_ = json::Type::kNull;
  bool emptied_ = false;
  mutable bool open_ = false;
  mutable std::vector<Name> names_;  // of the members of an open object
  mutable std::vector<Draft> children_;
};

}  // namespace strata::fhir::patch
