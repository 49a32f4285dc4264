#include "plugins/data_fhir/ucum/ucum.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

extern "C" const char strata_ucum_units[];
extern "C" const char strata_ucum_units_end[];

namespace strata::ucum {
namespace {

constexpr std::size_t kMaxLength = 256;
constexpr int kMaxDepth = 16;
constexpr int kMaxExponent = 99;

// Exponents by dimension: the base units in the order of the table, then units that are their own
// dimension. Sorted by dimension; no zero exponents.
using Dimensions = std::vector<std::pair<std::uint32_t, int>>;

struct Term {
  double factor = 1;
  double offset = 0;  // Only of a temperature that stands alone.
  Dimensions dimensions;
};

void Multiply(Term& into, const Term& by, int exponent) {
  into.factor *= std::pow(by.factor, exponent);
  for (const auto& [dimension, power] : by.dimensions) {
    const auto at = std::lower_bound(into.dimensions.begin(), into.dimensions.end(),
                                     std::pair(dimension, INT32_MIN));
    if (at == into.dimensions.end() || at->first != dimension) {
      into.dimensions.insert(at, {dimension, power * exponent});
    } else if ((at->second += power * exponent) == 0) {
      into.dimensions.erase(at);
    }
  }
}

double Number(std::string_view text) {
  double value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What special units of temperature add after scaling to K.
std::optional<double> OffsetOf(std::string_view function) {
  if (function == "Cel" || function == "degRe") return 273.15;
  if (function == "degF") return 459.67 * 5 / 9;
  return std::nullopt;
}

// The units of the embedded table, each resolved to base units. Immutable once made.
class Table {
 public:
  explicit Table(std::string_view text);

  struct Unit {
    std::string_view code;
    bool metric = false;
    Term term;
  };

  const Unit* FindUnit(std::string_view code) const {
    const auto found = units_by_code_.find(code);
    return found == units_by_code_.end() ? nullptr : &units_[found->second];
  }
  std::optional<double> FindPrefix(std::string_view code) const {
    const auto found = prefixes_.find(code);
    return found == prefixes_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string_view DimensionCode(std::uint32_t dimension) const { return units_[dimension].code; }

 private:
  struct Line {
    std::string_view kind, code, value, unit, flags, function;
  };
  Term Define(const Line& line, std::uint32_t index) const;

  std::vector<Unit> units_;  // The base units come first: an index of a unit is its dimension.
  std::unordered_map<std::string_view, std::uint32_t> units_by_code_;
  std::unordered_map<std::string_view, double> prefixes_;
};

// Recursive descent over UCUM's grammar (ucum.org/ucum#section-Grammar-of-Units).
class ExpressionReader {
 public:
  ExpressionReader(const Table& table, std::string_view text) : table_(table), rest_(text) {}

  std::optional<Term> Read() {
    Term term;
    if (rest_.starts_with('/')) {
      rest_.remove_prefix(1);
      const auto component = ReadComponent();
      if (!component) return std::nullopt;
      Multiply(term, *component, -1);
      if (!ReadFactors(term)) return std::nullopt;
    } else if (!ReadTerm(term)) {
      return std::nullopt;
    }
    return rest_.empty() ? std::optional(std::move(term)) : std::nullopt;
  }

 private:
  bool ReadTerm(Term& term) {
    auto component = ReadComponent();
    if (!component) return false;
    term = *std::move(component);
    return ReadFactors(term);
  }

  bool ReadFactors(Term& term) {
    while (rest_.starts_with('.') || rest_.starts_with('/')) {
      const int exponent = rest_.front() == '.' ? 1 : -1;
      rest_.remove_prefix(1);
      const auto component = ReadComponent();
      if (!component) return false;
      term.offset = 0;
      Multiply(term, *component, exponent);
    }
    return true;
  }

  std::optional<Term> ReadComponent() {
    if (rest_.starts_with('(')) return ReadGroup();
    if (rest_.starts_with('{'))
      return SkipAnnotation() ? std::optional<Term>(Term()) : std::nullopt;
    std::string_view symbol = TakeSymbol();
    if (symbol.empty()) return std::nullopt;
    std::optional<Term> term;
    if (std::all_of(symbol.begin(), symbol.end(), IsDigit)) {
      term.emplace().factor = Number(symbol);
    } else {
      term = ReadSimpleUnit(symbol);
    }
    if (term && rest_.starts_with('{') && !SkipAnnotation()) return std::nullopt;
    return term;
  }

  std::optional<Term> ReadGroup() {
    if (++depth_ > kMaxDepth) return std::nullopt;
    rest_.remove_prefix(1);
    Term term;
    if (!ReadTerm(term) || !rest_.starts_with(')')) return std::nullopt;
    rest_.remove_prefix(1);
    --depth_;
    return term;
  }

  bool SkipAnnotation() {
    const std::size_t end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    rest_.remove_prefix(end + 1);
    return true;
  }

  // Up to an operator, bracket or annotation; [..] is taken whole.
  std::string_view TakeSymbol() {
    std::size_t n = 0;
    while (n < rest_.size() &&
           std::string_view("./(){}").find(rest_[n]) == std::string_view::npos) {
      if (rest_[n] == '[') {
        n = rest_.find(']', n);
        if (n == std::string_view::npos) return {};
      }
      ++n;
    }
    const std::string_view symbol = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return symbol;
  }

  // A unit with an optional exponent: m2, s-1, 10*3. Units may end in digits themselves (m[H2O]),
  // so the whole symbol is tried first.
  std::optional<Term> ReadSimpleUnit(std::string_view symbol) const {
    if (auto whole = FindAtom(symbol)) return whole;
    std::size_t cut = symbol.size();
    while (cut > 0 && IsDigit(symbol[cut - 1])) --cut;
    if (cut == symbol.size() || cut == 0) return std::nullopt;
    std::string_view digits = symbol.substr(cut);
    const bool negative = symbol[cut - 1] == '-';
    if (negative || symbol[cut - 1] == '+') --cut;
    int exponent = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    const auto atom = FindAtom(symbol.substr(0, cut));
    if (!atom || exponent > kMaxExponent || digits.size() > 3) return std::nullopt;
    Term term;
    Multiply(term, *atom, negative ? -exponent : exponent);
    return term;
  }

  std::optional<Term> FindAtom(std::string_view symbol) const {
    if (const Table::Unit* unit = table_.FindUnit(symbol)) return unit->term;
    for (std::size_t n = 1; n <= 2 && n < symbol.size(); ++n) {
      const auto prefix = table_.FindPrefix(symbol.substr(0, n));
      if (!prefix) continue;
      const Table::Unit* unit = table_.FindUnit(symbol.substr(n));
      if (unit == nullptr || !unit->metric) continue;
      Term term = unit->term;
      term.factor *= *prefix;
      return term;
    }
    return std::nullopt;
  }

  const Table& table_;
  std::string_view rest_;
  int depth_ = 0;
};

std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

Term Table::Define(const Line& line, std::uint32_t index) const {
  const std::optional<double> offset = OffsetOf(line.function);
  const bool own_dimension = line.kind == "B" || (line.flags.ends_with('a') && line.unit == "1") ||
                             (!line.function.empty() && !offset);
  if (own_dimension) return {1, 0, {{index, 1}}};
  Term term = ExpressionReader(*this, line.unit).Read().value_or(Term{1, 0, {{index, 1}}});
  term.factor *= Number(line.value);
  term.offset = offset.value_or(0);
  return term;
}

// A unit may be defined by one further down, so lines wait until what they need is known.
Table::Table(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    std::string_view rest = Cut(text, '\n');
    Line line;
    for (std::string_view* field :
         {&line.kind, &line.code, &line.value, &line.unit, &line.flags, &line.function}) {
      *field = Cut(rest, '\t');
    }
    if (line.kind == "P") {
      prefixes_.emplace(line.code, Number(line.value));
    } else {
      lines.push_back(line);
    }
  }
  units_.resize(lines.size());
  std::vector<bool> done(lines.size(), false);
  for (bool progress = true; progress;) {
    progress = false;
    for (std::uint32_t i = 0; i < lines.size(); ++i) {
      if (done[i]) continue;
      const Line& line = lines[i];
      const bool own = line.kind == "B" || line.flags.ends_with('a') || !line.function.empty();
      if (!own && !ExpressionReader(*this, line.unit).Read()) continue;
      units_[i] = {line.code, line.flags.starts_with('m'), Define(line, i)};
      units_by_code_.emplace(line.code, i);
      done[i] = progress = true;
    }
  }
}

const Table& Units() {
  static const Table table({strata_ucum_units, strata_ucum_units_end});
  return table;
}

std::string UnitText(const Table& table, const Dimensions& dimensions) {
  std::string text;
  for (const auto& [dimension, exponent] : dimensions) {
    if (!text.empty()) text.push_back('.');
    text.append(table.DimensionCode(dimension));
    if (exponent != 1) text.append(std::to_string(exponent));
  }
  return text.empty() ? "1" : text;
}

}  // namespace

Result<CanonicalUnit> Canonical(std::string_view expression) {
  if (expression.empty() || expression.size() > kMaxLength) {
    return InvalidArgument("UCUM: a unit of 1 to 256 bytes expected");
  }
  const Table& table = Units();
  const auto term = ExpressionReader(table, expression).Read();
  if (!term || !std::isfinite(term->factor) || term->factor == 0) {
    return InvalidArgument("UCUM: not a unit expression");
  }
  return CanonicalUnit{term->factor, term->offset, UnitText(table, term->dimensions)};
}

}  // namespace strata::ucum
