#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"

// A read-only JSON document (RFC 8259) that keeps every lexeme: numbers stay as written, members
// stay in document order and every value knows its bytes in the text, so that an editor changes a
// document by splicing bytes (json_edit.h) and never by writing it again.
namespace strata::json {

namespace internal {
struct Arena;
}  // namespace internal

enum class Type : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

class MemberRange;
class ElementRange;
struct Member;

// A value of a Document: a pointer and an index, passed by value. A default-constructed Value is
// missing: it answers as an empty value of no type. Reading is thread-safe. Valid as long as its
// Document lives and is not parsed into again (moving the Document is fine).
class Value {
 public:
  Value() = default;
  Value(const internal::Arena* arena, std::uint32_t index) : arena_(arena), index_(index) {}

  explicit operator bool() const { return arena_ != nullptr; }
  bool operator==(const Value& other) const = default;  // The same place, not the same content.

  Type type() const;  // kNull when missing.
  bool is_null() const { return arena_ != nullptr && type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kFalse || type() == Type::kTrue; }
  bool is_number() const { return type() == Type::kNumber; }
  bool is_string() const { return type() == Type::kString; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_object() const { return type() == Type::kObject; }

  bool bool_value() const { return type() == Type::kTrue; }
  // The text of a string without quotes and with escapes resolved; empty for every other type.
  std::string_view string() const;
  // A number exactly as written (1.10 stays 1.10); empty for every other type.
  std::string_view lexeme() const;
  // The value of a number without fraction or exponent that fits; nullopt otherwise.
  std::optional<std::int64_t> int_value() const;

  // Members of an object or elements of an array; 0 for every other type.
  std::size_t size() const;
  // The member of that name; missing when there is none or this is not an object. Linear.
  Value Get(std::string_view name) const;
  Value operator[](std::string_view name) const { return Get(name); }
  // The element at that index; missing beyond the end or when this is not an array. Linear.
  Value At(std::size_t index) const;
  MemberRange members() const;    // In document order; empty when this is not an object.
  ElementRange elements() const;  // In document order; empty when this is not an array.

  // Bytes [begin_offset, end_offset) of the document's text are this value, quotes included.
  std::size_t begin_offset() const;
  std::size_t end_offset() const;
  std::string_view raw() const;
  std::string_view document_text() const;  // The whole text the offsets count in.

  std::uint32_t index() const { return index_; }  // Position in document order, stable.

 private:
  friend class MemberRange;
  friend class ElementRange;
  const internal::Arena* arena_ = nullptr;
  std::uint32_t index_ = 0;
};

// What a parser accepts. Objects with two members of one name are always refused: two readers of
// such a text see two records.
struct ParseOptions {
  static constexpr std::size_t kMaxBytes = (std::size_t{1} << 28) - 1;  // Hard limit: 256 MiB.
  std::size_t max_bytes = std::size_t{64} << 20;
  std::uint32_t max_depth = 64;  // Nested arrays and objects.
};

// A parsed text and its values. Immutable once parsed and then thread-safe; move-only.
class Document {
 public:
  // Copies `text` and parses it. INVALID_ARGUMENT: the text is not strict JSON in UTF-8, names one
  // member twice or nests too deep; the message says where (line, byte offset) and never quotes
  // the text. RESOURCE_EXHAUSTED: longer than max_bytes.
  static Result<Document> Parse(std::string_view text, const ParseOptions& options = {});
  // The same, taking over the string's memory.
  static Result<Document> ParseOwned(std::string&& text, const ParseOptions& options = {});

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Value root() const;
  std::string_view text() const;

 private:
  friend class Parser;
  explicit Document(std::unique_ptr<internal::Arena> arena);
  std::unique_ptr<internal::Arena> arena_;
};

// Parses many texts into the same memory: no allocation once it has seen the longest. The values
// of one call are valid until the next call. Single-threaded.
class Parser {
 public:
  explicit Parser(const ParseOptions& options = {});
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;
  ~Parser();

  // Errors as Document::Parse.
  Result<Value> Parse(std::string_view text);
  std::string_view text() const { return document_.text(); }

 private:
  ParseOptions options_;
  Document document_;
};

}  // namespace strata::json

#include "core/base/json_inline.h"  // IWYU pragma: export
