#include "plugins/data_fhir/index/path.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace strata::fhir::index {
namespace {

using model::Type;
using Paths = std::vector<Path>;

Status NotInSubset() { return Unimplemented("the expression needs the FHIRPath engine"); }

std::string Capitalised(std::string_view name) {
  std::string out(name);
  out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
  return out;
}

const Type* FindType(std::string_view name) {
  if (const Type* type = model::R4().Find(name)) return type;
  if (name.empty()) return nullptr;
  std::string small(name);  // code-value-date of R4 says DateTime for dateTime.
  small.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(small.front())));
  return model::R4().Find(small);
}

// Words and signs of the expression.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { Next(); }

  std::string_view token() const { return token_; }
  bool at_end() const { return token_.empty(); }
  bool is_word() const {
    return !token_.empty() &&
           (std::isalpha(static_cast<unsigned char>(token_.front())) != 0 || token_.front() == '_');
  }
  bool Take(std::string_view expected) {
    if (token_ != expected) return false;
    Next();
    return true;
  }
  std::string_view TakeAny() {
    const std::string_view taken = token_;
    Next();
    return taken;
  }
  // 'text' without its quotes.
  std::optional<std::string> TakeLiteral() {
    if (token_.size() < 2 || token_.front() != '\'') return std::nullopt;
    std::string literal(token_.substr(1, token_.size() - 2));
    Next();
    return literal;
  }

 private:
  static bool IsWordChar(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }
  void Next() {
    const std::size_t start = text_.find_first_not_of(' ');
    text_.remove_prefix(start == std::string_view::npos ? text_.size() : start);
    std::size_t size = text_.empty() ? 0 : 1;
    if (text_.starts_with('\'')) {
      const std::size_t end = text_.find('\'', 1);
      size = end == std::string_view::npos ? text_.size() : end + 1;
    } else if (!text_.empty() && IsWordChar(text_.front())) {
      while (size < text_.size() && IsWordChar(text_[size])) ++size;
    }
    token_ = text_.substr(0, size);
    text_.remove_prefix(size);
  }

  std::string_view text_;
  std::string_view token_;
};

class Compiler {
 public:
  Compiler(std::string_view expression, const Type& context)
      : lexer_(expression), context_(context) {}

  Result<Paths> Compile() {
    STRATA_ASSIGN_OR_RETURN(Paths paths, Union());
    if (!lexer_.at_end()) return NotInSubset();
    return paths;
  }

 private:
  Result<Paths> Union() {
    Paths all;
    do {
      STRATA_ASSIGN_OR_RETURN(Paths term, Term());
      std::move(term.begin(), term.end(), std::back_inserter(all));
    } while (lexer_.Take("|"));
    return all;
  }

  Result<Paths> Term() {
    STRATA_ASSIGN_OR_RETURN(Paths paths, Postfix());
    if (lexer_.Take("as")) return As(std::move(paths), lexer_.TakeAny());
    return paths;
  }

  Result<Paths> Postfix() {
    STRATA_ASSIGN_OR_RETURN(Paths paths, Primary());
    while (true) {
      if (lexer_.Take(".")) {
        if (!lexer_.is_word()) return NotInSubset();
        STRATA_ASSIGN_OR_RETURN(paths, Invocation(std::move(paths), lexer_.TakeAny()));
      } else if (lexer_.Take("[")) {
        if (!lexer_.Take("0") || !lexer_.Take("]")) return NotInSubset();
        for (Path& path : paths) path.steps.push_back({Step::Kind::kFirst, {}, {}});
      } else {
        return paths;
      }
    }
  }

  Result<Paths> Primary() {
    if (lexer_.Take("(")) {
      STRATA_ASSIGN_OR_RETURN(Paths paths, Union());
      if (!lexer_.Take(")")) return NotInSubset();
      return paths;
    }
    if (lexer_.Take("%")) {
      if (!lexer_.Take("resource")) return NotInSubset();
      return Paths{Root(RootOf(context_), /*from_resource=*/true)};
    }
    if (!lexer_.is_word()) return NotInSubset();
    const std::string_view word = lexer_.TakeAny();
    const Type* named = model::R4().Find(word);
    if (named == nullptr || !named->is_resource()) {
      return Invocation(Paths{Root(context_)}, word);
    }
    if (!context_.Is(*named)) return Paths{};  // About another type of resource.
    return Paths{Root(context_)};
  }

  static Path Root(const Type& type, bool from_resource = false) {
    Path path;
    path.type = &type;
    path.from_resource = from_resource;
    return path;
  }

  // Observation for Observation.component.
  static const Type& RootOf(const Type& type) {
    const Type* root = model::R4().Find(type.name().substr(0, type.name().find('.')));
    return root == nullptr ? type : *root;
  }

  Result<Paths> Invocation(Paths paths, std::string_view word) {
    if (!lexer_.Take("(")) return Member(std::move(paths), word);
    Result<Paths> result = NotInSubset();
    if (word == "as" || word == "ofType") result = As(std::move(paths), lexer_.TakeAny());
    if (word == "where") result = Where(std::move(paths));
    if (word == "extension") result = Extension(std::move(paths));
    if (result.ok() && !lexer_.Take(")")) return NotInSubset();
    return result;
  }

  static Result<Paths> Member(Paths paths, std::string_view name) {
    Paths found;
    for (const Path& path : paths) {
      const model::Element* element = path.type->Find(name);
      if (element == nullptr) continue;
      for (const model::TypeRef& ref : element->types) {
        Path next = path;
        const std::string suffix = element->choice ? Capitalised(ref.type->name()) : "";
        next.steps.push_back({Step::Kind::kMember, std::string(name) + suffix, {}});
        next.element = std::string(path.type->name()).append(".").append(name);
        next.type = ref.type;
        found.push_back(std::move(next));
      }
    }
    if (found.empty() && !paths.empty()) {
      return InvalidArgument("there is no element " + std::string(name));
    }
    return found;
  }

  static Result<Paths> As(Paths paths, std::string_view name) {
    const Type* wanted = FindType(name);
    if (wanted == nullptr) return InvalidArgument("there is no type " + std::string(name));
    std::erase_if(paths, [&](const Path& path) { return !path.type->Is(*wanted); });
    return paths;
  }

  Result<Paths> Where(Paths paths) {
    Step step;
    const std::string_view word = lexer_.TakeAny();
    if (word == "resolve" && lexer_.Take("(") && lexer_.Take(")") && lexer_.Take("is")) {
      step = {Step::Kind::kResolvesTo, {}, std::string(lexer_.TakeAny())};
    } else if (word == "hasExtension" && lexer_.Take("(")) {
      const std::optional<std::string> url = lexer_.TakeLiteral();
      if (!url || !lexer_.Take(")")) return NotInSubset();
      step = {Step::Kind::kHasExtension, {}, *url};
    } else if (lexer_.Take("=")) {
      const std::optional<std::string> literal = lexer_.TakeLiteral();
      if (!literal) return NotInSubset();
      step = {Step::Kind::kEquals, std::string(word), *literal};
    } else {
      return NotInSubset();
    }
    for (Path& path : paths) path.steps.push_back(step);
    return paths;
  }

  Result<Paths> Extension(Paths paths) {
    const std::optional<std::string> url = lexer_.TakeLiteral();
    if (!url) return NotInSubset();
    STRATA_ASSIGN_OR_RETURN(Paths found, Member(std::move(paths), "extension"));
    for (Path& path : found) path.steps.push_back({Step::Kind::kEquals, "url", *url});
    return found;
  }

  Lexer lexer_;
  const Type& context_;
};

// The parameters on extensions name the extension, not its value: all that it may hold.
Paths WithExtensionValues(Paths paths) {
  Paths out;
  for (Path& path : paths) {
    if (path.type->name() != "Extension") {
      out.push_back(std::move(path));
      continue;
    }
    for (const model::TypeRef& ref : path.type->Find("value")->types) {
      Path value = path;
      value.steps.push_back({Step::Kind::kMember, "value" + Capitalised(ref.type->name()), {}});
      value.type = ref.type;
      value.element = kExtensionValue;
      out.push_back(std::move(value));
    }
  }
  return out;
}

}  // namespace

Result<std::vector<Path>> CompilePaths(std::string_view expression, const Type& context) {
  STRATA_ASSIGN_OR_RETURN(Paths paths, Compiler(expression, context).Compile());
  return WithExtensionValues(std::move(paths));
}

}  // namespace strata::fhir::index
