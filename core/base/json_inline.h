#pragma once

// Private part of json.h: the node arena and the accessors that must be inlined to be fast.

#include <vector>

#include "core/base/json.h"

namespace strata::json {

namespace internal {

// One value or one member name. Values follow each other in document order; an object's children
// alternate name, value.
struct Node {
  std::uint32_t begin;
  std::uint32_t end;
  // Containers: index of the first node behind the subtree. Strings with escapes: where their
  // unescaped text starts in Arena::unescaped.
  std::uint32_t link;
  std::uint32_t type : 3;
  std::uint32_t escaped : 1;
  // Containers: number of members or elements. Strings with escapes: unescaped length.
  std::uint32_t count : 28;
};
static_assert(sizeof(Node) == 16);

struct Arena {
  std::string text;  // The document and kPadding zero bytes behind it.
  std::size_t size = 0;
  std::vector<Node> nodes;
  std::string unescaped;

  // Scratch of the parser.
  struct Frame {
    std::uint32_t node;
    std::uint64_t seen_names;  // Bloom filter of the object's member names.
  };
  std::vector<Frame> stack;
  std::vector<std::string_view> names;

  std::uint32_t Next(std::uint32_t i) const {
    return nodes[i].type >= static_cast<std::uint32_t>(Type::kArray) ? nodes[i].link : i + 1;
  }
  std::string_view String(const Node& node) const {
    if (node.escaped) return {unescaped.data() + node.link, node.count};
    return {text.data() + node.begin + 1, node.end - node.begin - 2};
  }
};

}  // namespace internal

struct Member {
  std::string_view name;
  Value key;  // The name as a string value: its offsets are those of the quoted name.
  Value value;
};

class MemberRange {
 public:
  class Iterator {
   public:
    Iterator(const internal::Arena* arena, std::uint32_t index) : arena_(arena), index_(index) {}
    Member operator*() const {
      return {arena_->String(arena_->nodes[index_]), Value(arena_, index_),
              Value(arena_, index_ + 1)};
    }
    Iterator& operator++() {
      index_ = arena_->Next(index_ + 1);
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const internal::Arena* arena_;
    std::uint32_t index_;
  };

  explicit MemberRange(Value object) : object_(object) {}
  Iterator begin() const { return {object_.arena_, object_.is_object() ? object_.index_ + 1 : 0}; }
  Iterator end() const {
    return {object_.arena_, object_.is_object() ? object_.arena_->Next(object_.index_) : 0};
  }

 private:
  Value object_;
};

class ElementRange {
 public:
  class Iterator {
   public:
    Iterator(const internal::Arena* arena, std::uint32_t index) : arena_(arena), index_(index) {}
    Value operator*() const { return {arena_, index_}; }
    Iterator& operator++() {
      index_ = arena_->Next(index_);
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const internal::Arena* arena_;
    std::uint32_t index_;
  };

  explicit ElementRange(Value array) : array_(array) {}
  Iterator begin() const { return {array_.arena_, array_.is_array() ? array_.index_ + 1 : 0}; }
  Iterator end() const {
    return {array_.arena_, array_.is_array() ? array_.arena_->Next(array_.index_) : 0};
  }

 private:
  Value array_;
};

inline Type Value::type() const {
  return arena_ == nullptr ? Type::kNull : static_cast<Type>(arena_->nodes[index_].type);
}

inline std::string_view Value::string() const {
  return is_string() ? arena_->String(arena_->nodes[index_]) : std::string_view();
}

inline MemberRange Value::members() const { return MemberRange(*this); }
inline ElementRange Value::elements() const { return ElementRange(*this); }

inline Value Value::Get(std::string_view name) const {
  if (!is_object()) return {};
  const std::uint32_t end = arena_->nodes[index_].link;
  for (std::uint32_t i = index_ + 1; i < end; i = arena_->Next(i + 1)) {
    if (arena_->String(arena_->nodes[i]) == name) return {arena_, i + 1};
  }
  return {};
}

}  // namespace strata::json
