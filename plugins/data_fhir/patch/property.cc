#include "plugins/data_fhir/patch/property.h"

#include <algorithm>
#include <utility>

namespace strata::fhir::patch {

bool Property::is_list() {
  const Draft* value = owner_.Find(name_);
  if (value == nullptr) value = owner_.Find(sibling_);
  return value != nullptr && value->is_array();
}

std::size_t Property::size() {
  const Draft* const value = owner_.Find(name_);
  const Draft* const sibling = owner_.Find(sibling_);
  return std::max(value == nullptr ? 0 : value->size(), sibling == nullptr ? 0 : sibling->size());
}

void Property::Set(std::string_view new_name, ElementText element) {
  const std::string new_sibling = std::string("_").append(new_name);
  owner_.Rename(name_, new_name);
  owner_.Rename(sibling_, new_sibling);
  if (element.value) {
    owner_.Set(new_name, *std::move(element.value));
  } else {
    owner_.Remove(new_name);
  }
  if (element.sibling) {
    owner_.Set(new_sibling, *std::move(element.sibling));
  } else {
    owner_.Remove(new_sibling);
  }
}

void Property::Remove() {
  owner_.Remove(name_);
  owner_.Remove(sibling_);
}

void Property::InsertOne(const std::string& member, std::size_t index, std::size_t old_size,
                         std::optional<Draft> value) {
  Draft* list = owner_.Find(member);
  if (list == nullptr) {
    if (!value) return;
    list = &owner_.Set(member, Draft::Array());
  }
  while (list->size() < old_size) list->Insert(list->size(), Draft());
  list->Insert(index, value ? *std::move(value) : Draft());
}

void Property::Insert(std::size_t index, ElementText element) {
  const std::size_t old_size = size();
  InsertOne(name_, index, old_size, std::move(element.value));
  InsertOne(sibling_, index, old_size, std::move(element.sibling));
}

void Property::ReplaceOne(const std::string& member, std::size_t index, std::size_t size,
                          std::optional<Draft> value) {
  Draft* list = owner_.Find(member);
  if (list == nullptr) {
    if (!value) return;
    list = &owner_.Set(member, Draft::Array());
  }
  while (list->size() < size) list->Insert(list->size(), Draft());
  *list->At(index) = value ? *std::move(value) : Draft();
  DropEmptyList(member);
}

void Property::Replace(std::size_t index, ElementText element) {
  const std::size_t count = size();
  ReplaceOne(name_, index, count, std::move(element.value));
  ReplaceOne(sibling_, index, count, std::move(element.sibling));
}

void Property::RemoveAt(std::size_t index) {
  for (const std::string& member : {name_, sibling_}) {
    Draft* const list = owner_.Find(member);
    if (list == nullptr) continue;
    if (index < list->size()) static_cast<void>(list->Take(index));
    DropEmptyList(member);
  }
}

void Property::Move(std::size_t from, std::size_t to) {
  const std::size_t count = size();
  for (const std::string& member : {name_, sibling_}) {
    Draft* const list = owner_.Find(member);
    if (list == nullptr) continue;
    while (list->size() < count) list->Insert(list->size(), Draft());
    Draft moved = list->Take(from);
    list->Insert(to, std::move(moved));
  }
}

void Property::DropEmptyList(const std::string& member) {
  Draft* const list = owner_.Find(member);
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!list->At(i)->is_null()) return;
  }
  owner_.Remove(member);
}

}  // namespace strata::fhir::patch
