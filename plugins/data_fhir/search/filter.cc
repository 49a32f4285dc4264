#include "plugins/data_fhir/search/filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/json.h"

namespace strata::fhir::search {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::array<std::string_view, 18> kOperators = {"eq", "ne", "co", "sw", "ew", "gt",
                                                         "lt", "ge", "le", "ap", "sa", "eb",
                                                         "pr", "po", "ss", "sb", "in", "ni"};
constexpr std::string_view kReferenceOperator = "re";

bool IsNameStart(char c) { return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsNameCharacter(char c) { return IsNameStart(c) || c == '-' || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Filter> Parse() {
    STRATA_ASSIGN_OR_RETURN(Filter filter, Joined(0));
    SkipSpaces();
    if (at_ != text_.size()) return Expected("'and', 'or' or the end");
    return filter;
  }

 private:
  Status Expected(std::string_view what) const {
    return InvalidArgument("at character " + std::to_string(at_ + 1) + ", " + std::string(what) +
                           " is expected");
  }

  Result<Filter> Joined(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("it nests too deep");
    STRATA_ASSIGN_OR_RETURN(Filter left, One(depth));
    while (true) {
      const bool all = TakeWord("and");
      if (!all && !TakeWord("or")) return left;
      STRATA_ASSIGN_OR_RETURN(Filter right, One(depth));
      const auto kind = all ? Filter::Kind::kAll : Filter::Kind::kAny;
      if (left.kind != kind) {
        Filter joined;
        joined.kind = kind;
        joined.parts.push_back(std::move(left));
        left = std::move(joined);
      }
      left.parts.push_back(std::move(right));
    }
  }

  Result<Filter> One(int depth) {
    const std::size_t before = at_;
    if (TakeWord("not")) {
      SkipSpaces();
      if (Peek() == '(') {
        Filter filter;
        filter.kind = Filter::Kind::kNot;
        STRATA_ASSIGN_OR_RETURN(Filter part, Bracketed('(', ')', depth));
        filter.parts.push_back(std::move(part));
        return filter;
      }
      at_ = before;
    }
    SkipSpaces();
    return Peek() == '(' ? Bracketed('(', ')', depth) : Test(depth);
  }

  Result<Filter> Bracketed(char open, char close, int depth) {
    if (Peek() != open) return Expected(std::string(1, open));
    ++at_;
    STRATA_ASSIGN_OR_RETURN(Filter inner, Joined(depth + 1));
    SkipSpaces();
    if (Peek() != close) return Expected(std::string("'") + close + "'");
    ++at_;
    return inner;
  }

  Result<Filter> Test(int depth) {
    Filter test;
    STRATA_RETURN_IF_ERROR(Path(depth, &test.path));
    SkipSpaces();
    const std::string_view op = TakeWhile(IsNameCharacter);
    if (op != kReferenceOperator &&
        std::find(kOperators.begin(), kOperators.end(), op) == kOperators.end()) {
      return Expected("an operator such as eq, ne, co, sw, gt, pr, in or re");
    }
    test.op = op;
    STRATA_ASSIGN_OR_RETURN(test.value, Value());
    return test;
  }

  Status Path(int depth, std::vector<Filter::Step>* path) {
    while (true) {
      Filter::Step& step = path->emplace_back();
      if (!IsNameStart(Peek())) return Expected("the name of a search parameter");
      step.name = TakeWhile([](char c) { return IsNameCharacter(c) || c == ':'; });
      if (Peek() == '[') {
        STRATA_ASSIGN_OR_RETURN(Filter filter, Bracketed('[', ']', depth));
        step.filter = std::make_shared<const Filter>(std::move(filter));
        if (Peek() != '.') return Expected("'.' and a name behind a filter in brackets");
      }
      if (Peek() != '.') return {};
      ++at_;
    }
  }

  Result<std::string> Value() {
    SkipSpaces();
    const std::size_t begin = at_;
    if (Peek() != '"') {
      const auto value =
          TakeWhile([](char c) { return c != ')' && c != ']' && kSpaces.find(c) == kSpaces.npos; });
      if (value.empty()) return Expected("a value");
      return std::string(value);
    }
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) return Expected("the end of the string");
    ++at_;
    const auto string = json::Document::Parse(text_.substr(begin, at_ - begin));
    if (!string.ok() || string->root().string().empty()) return Expected("a JSON string");
    return std::string(string->root().string());
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpaces() {
    while (at_ < text_.size() && kSpaces.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  template <typename Accept>
  std::string_view TakeWhile(const Accept& accept) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && accept(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // A whole word; nothing is taken when another one is next.
  bool TakeWord(std::string_view word) {
    const std::size_t before = at_;
    SkipSpaces();
    if (TakeWhile(IsNameCharacter) == word) return true;
    at_ = before;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Filter> ParseFilter(std::string_view text) { return Parser(text).Parse(); }

}  // namespace strata::fhir::search
