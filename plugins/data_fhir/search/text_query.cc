#include "plugins/data_fhir/search/text_query.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/index/words.h"

namespace strata::fhir::search {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::string_view kSpaces = " \t\r\n";

bool IsWord(std::string_view token, std::string_view word) {
  return token.size() == word.size() &&
         std::equal(token.begin(), token.end(), word.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) { Advance(); }

  Result<TextQuery> Parse() {
    STRATA_ASSIGN_OR_RETURN(TextQuery query, Any(0));
    if (!token_.empty()) return InvalidArgument("a bracket is closed that was not opened");
    return query;
  }

 private:
  Result<TextQuery> Any(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("the expression has too many brackets");
    TextQuery any;
    any.kind = TextQuery::Kind::kAny;
    do {
      STRATA_ASSIGN_OR_RETURN(TextQuery part, All(depth));
      any.parts.push_back(std::move(part));
    } while (TakeOperator("or"));
    return any.parts.size() == 1 ? std::move(any.parts.front()) : std::move(any);
  }

  Result<TextQuery> All(int depth) {
    TextQuery all;
    all.kind = TextQuery::Kind::kAll;
    do {
      STRATA_ASSIGN_OR_RETURN(TextQuery part, One(depth));
      all.parts.push_back(std::move(part));
    } while (TakeOperator("and") || (!token_.empty() && token_ != ")" && !IsOperator("or")));
    return all.parts.size() == 1 ? std::move(all.parts.front()) : std::move(all);
  }

  Result<TextQuery> One(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("the expression is too deep");
    if (TakeOperator("not")) {
      TextQuery none;
      none.kind = TextQuery::Kind::kNot;
      STRATA_ASSIGN_OR_RETURN(TextQuery part, One(depth + 1));
      none.parts.push_back(std::move(part));
      return none;
    }
    if (token_ == "(" && !quoted_) {
      Advance();
      STRATA_ASSIGN_OR_RETURN(TextQuery inner, Any(depth + 1));
      if (token_ != ")" || quoted_) return InvalidArgument("a bracket is not closed");
      Advance();
      return inner;
    }
    return Words();
  }

  Result<TextQuery> Words() {
    TextQuery query;
    query.prefix = !quoted_ && token_.ends_with('*');
    query.words = index::WordsOf(token_);
    if (broken_) return InvalidArgument("a quote is not closed");
    if (query.words.empty() || IsOperator("and") || IsOperator("or"))
      return InvalidArgument("words are expected");
    Advance();
    return query;
  }

  bool IsOperator(std::string_view word) const { return !quoted_ && IsWord(token_, word); }
  bool TakeOperator(std::string_view word) {
    if (!IsOperator(word)) return false;
    Advance();
    return true;
  }

  // The next bracket, quoted text or run of other characters.
  void Advance() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
    quoted_ = rest_.starts_with('"');
    std::size_t size = 1;
    if (quoted_) {
      rest_.remove_prefix(1);
      size = rest_.find('"');
      broken_ = size == std::string_view::npos;
    } else if (!rest_.starts_with('(') && !rest_.starts_with(')')) {
      size = rest_.find_first_of(" \t\r\n()\"");
    }
    token_ = rest_.substr(0, size);
    rest_.remove_prefix(std::min(token_.size() + (quoted_ ? 1 : 0), rest_.size()));
  }

  std::string_view rest_;
  std::string_view token_;
  bool quoted_ = false;
  bool broken_ = false;
};

bool SideBySide(const TextQuery& query, const std::vector<std::string>& text) {
  const auto same = [&](const std::string& word, const std::string& wanted) {
    const bool last = &wanted == &query.words.back();
    return last && query.prefix ? word.starts_with(wanted) : word == wanted;
  };
  return std::search(text.begin(), text.end(), query.words.begin(), query.words.end(), same) !=
         text.end();
}

}  // namespace

bool TextQuery::Matches(const std::vector<std::string>& text) const {
  const auto matches = [&](const TextQuery& part) { return part.Matches(text); };
  switch (kind) {
    case Kind::kAll:
      return std::all_of(parts.begin(), parts.end(), matches);
    case Kind::kAny:
      return std::any_of(parts.begin(), parts.end(), matches);
    case Kind::kNot:
      return !parts.front().Matches(text);
    case Kind::kWords:
      break;
  }
  return SideBySide(*this, text);
}

Result<TextQuery> ParseTextQuery(std::string_view text) { return Parser(text).Parse(); }

}  // namespace strata::fhir::search
