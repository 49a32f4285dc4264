#include "core/base/json.h"

#include <charconv>
#include <utility>

namespace strata::json {

std::string_view Value::lexeme() const { return is_number() ? raw() : std::string_view(); }

std::optional<std::int64_t> Value::int_value() const {
  const std::string_view text = lexeme();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t Value::size() const {
  return is_array() || is_object() ? arena_->nodes[index_].count : 0;
}

Value Value::At(std::size_t index) const {
  if (!is_array() || index >= size()) return {};
  std::uint32_t i = index_ + 1;
  while (index-- > 0) i = arena_->Next(i);
  return {arena_, i};
}

std::size_t Value::begin_offset() const {
  return arena_ == nullptr ? 0 : arena_->nodes[index_].begin;
}

std::size_t Value::end_offset() const { return arena_ == nullptr ? 0 : arena_->nodes[index_].end; }

std::string_view Value::raw() const {
  if (arena_ == nullptr) return {};
  return std::string_view{arena_->text}.substr(begin_offset(), end_offset() - begin_offset());
}

std::string_view Value::document_text() const {
  if (arena_ == nullptr) return {};
  return {arena_->text.data(), arena_->size};
}

Document::Document(std::unique_ptr<internal::Arena> arena) : arena_(std::move(arena)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const { return arena_->nodes.empty() ? Value() : Value(arena_.get(), 0); }
std::string_view Document::text() const { return {arena_->text.data(), arena_->size}; }

}  // namespace strata::json
