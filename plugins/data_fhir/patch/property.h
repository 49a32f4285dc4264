#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/patch/draft.h"

// Private to this folder.
namespace strata::fhir::patch {

// What an element becomes: its value and, for a primitive, the object of its id and extensions that
// JSON keeps beside it (FHIR R4 json.html#primitive). Missing parts are nothing.
struct ElementText {
  std::optional<Draft> value;
  std::optional<Draft> sibling;
};

// An element of an object, `name` together with `_name`, whose lists are kept in step.
// Single-threaded; borrows the object.
class Property final {
 public:
  Property(Draft& owner, std::string_view name)
      : owner_(owner), name_(name), sibling_(std::string("_").append(name)) {}

  bool exists() { return owner_.Find(name_) != nullptr || owner_.Find(sibling_) != nullptr; }
  bool is_list();
  // Of a list.
  std::size_t size();

  // Makes it an element that does not repeat, in the place and under the name given.
  void Set(std::string_view new_name, ElementText element);
  void Remove();

  // Of a list, which is made when there is none. `index` is at most size() or names an element.
  void Insert(std::size_t index, ElementText element);
  void Replace(std::size_t index, ElementText element);
  void RemoveAt(std::size_t index);
  void Move(std::size_t from, std::size_t to);

 private:
  void InsertOne(const std::string& member, std::size_t index, std::size_t old_size,
                 std::optional<Draft> value);
  void ReplaceOne(const std::string& member, std::size_t index, std::size_t size,
                  std::optional<Draft> value);
  // Nothing is said by a list of nulls.
  void DropEmptyList(const std::string& member);

  Draft& owner_;
  const std::string name_;
  const std::string sibling_;
};

}  // namespace strata::fhir::patch
