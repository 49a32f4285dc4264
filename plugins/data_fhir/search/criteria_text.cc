// Tokens, strings, references and URIs.

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/fold.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/parameters.h"
#include "plugins/data_fhir/search/stored_source.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using index::Conversion;
using layout::ParameterNumber;

ParameterNumber CompanionOf(ParameterNumber parameter) {
  return static_cast<ParameterNumber>(parameter | layout::kCompanion);
}

Criterion Everything(ParameterNumber parameter) {
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {ValueSpan{}};
  return criterion;
}

Status Expected(std::string_view what) {
  return InvalidArgument("the value should be " + std::string(what));
}

// ---- the words of an element ------------------------------------------------------------------

template <typename Visit>
bool AnyText(json::Value value, const Visit& visit) {
  if (value.is_string()) return visit(value.string());
  if (!value.is_array()) return false;
  for (const json::Value element : value.elements()) {
    if (element.is_string() && visit(element.string())) return true;
  }
  return false;
}

template <typename Visit>
bool AnyMember(json::Value object, std::initializer_list<std::string_view> names,
               const Visit& visit) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return AnyText(object[name], visit); });
}

// The strings that a string parameter looks at within an element (R4 search.html#string).
template <typename Visit>
bool AnyString(const Conversion& conversion, json::Value value, const Visit& visit) {
  switch (conversion.data) {
    case index::DataType::kHumanName:
      return AnyMember(value, {"text", "family", "given", "prefix", "suffix"}, visit);
    case index::DataType::kAddress:
      return AnyMember(
          value, {"text", "line", "city", "district", "state", "postalCode", "country"}, visit);
    case index::DataType::kCodeableConcept:
      for (const json::Value coding : value["coding"].elements()) {
        if (AnyText(coding["display"], visit)) return true;
      }
      return AnyText(value["text"], visit);
    default:
      return AnyText(value, visit);
  }
}

// The text that goes with a token (R4 search.html#modifiers, :text).
template <typename Visit>
bool AnyTokenText(json::Value value, const Visit& visit) {
  for (const json::Value coding : value["coding"].elements()) {
    if (AnyText(coding["display"], visit)) return true;
  }
  return AnyText(value["text"], visit) || AnyText(value["display"], visit) ||
         AnyText(value["type"]["text"], visit);
}

// ---- token ------------------------------------------------------------------------------------

Criterion TokenText(ParameterNumber parameter, std::string_view text) {
  Criterion criterion = Everything(parameter);
  criterion.verify = [folded = index::FoldText(text)](const Conversion&, json::Value element) {
    return AnyTokenText(element, [&](std::string_view words) {
      return index::FoldText(words).starts_with(folded);
    });
  };
  return criterion;
}

// The same by rows of the texts, which are cut.
Criterion IndexedTokenText(ParameterNumber parameter, std::string_view text) {
  const std::string folded = index::FoldText(text);
  Criterion criterion;
  criterion.parameter = CompanionOf(parameter);
  criterion.spans = {StartingWith(std::string_view(folded).substr(0, index::kMaxStringBytes))};
  if (folded.size() > index::kMaxStringBytes) criterion.verify = TokenText(parameter, text).verify;
  return criterion;
}

Criterion AnyOfSystem(ParameterNumber parameter, std::string_view system) {
  Criterion criterion = Everything(parameter);
  std::string hash;
  index::AppendShortHash(system, &hash);
  criterion.matches = [hash](std::string_view value) {
    return value.size() > hash.size() && index::SystemOfToken(value) == hash;
  };
  return criterion;
}

Result<Criteria> OfType(ParameterNumber parameter, std::string_view value) {
  const auto parts = SplitEscaped(value, '|');
  if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) {
    return Expected("system|code|value, of which code and value are not empty");
  }
  std::string bytes;
  const ParameterNumber companion = CompanionOf(parameter);
  index::AppendToken(Unescape(parts[0]), Unescape(parts[1]), &bytes);
  index::AppendTokenCode(Unescape(parts[2]), &bytes);
  return Criteria{Criterion::Exact(companion, std::move(bytes))};
}

Result<Criteria> PlainToken(ParameterNumber parameter, std::string_view value) {
  const auto parts = SplitEscaped(value, '|');
  if (parts.size() > 2) return Expected("code, system|code, |code or system|");
  const std::string code = Unescape(parts.back());
  const std::string system = parts.size() == 2 ? Unescape(parts[0]) : std::string();
  if (code.empty() && system.empty()) return Expected("code, system|code, |code or system|");
  if (code.empty()) return Criteria{AnyOfSystem(parameter, system)};
  std::string bytes;
  if (parts.size() == 2) {
    index::AppendToken(system, code, &bytes);
    return Criteria{Criterion::Exact(parameter, std::move(bytes))};
  }
  index::AppendTokenCode(code, &bytes);
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {StartingWith(bytes)};
  return Criteria{std::move(criterion)};
}

// ---- string -----------------------------------------------------------------------------------

// Whether an index value may have been cut.
bool IsCut(std::string_view value) { return value.size() > index::kMaxStringBytes; }

Criterion StringExact(ParameterNumber parameter, std::string text) {
  std::string bytes;
  index::AppendString(index::FoldText(text), &bytes);
  Criterion criterion = Criterion::Exact(parameter, std::move(bytes));
  criterion.verify = [text = std::move(text)](const Conversion& conversion, json::Value element) {
    return AnyString(conversion, element, [&](std::string_view word) { return word == text; });
  };
  return criterion;
}

Criterion StringContains(ParameterNumber parameter, std::string_view text) {
  Criterion criterion = Everything(parameter);
  const std::string folded = index::FoldText(text, /*keep_ends=*/true);
  criterion.matches = [folded](std::string_view value) {
    return IsCut(value) || value.find(folded) != std::string_view::npos;
  };
  criterion.verify = [folded](const Conversion& conversion, json::Value element) {
    return AnyString(conversion, element, [&](std::string_view word) {
      return index::FoldText(word, /*keep_ends=*/true).find(folded) != std::string::npos;
    });
  };
  return criterion;
}

Criterion StringStart(ParameterNumber parameter, std::string_view text) {
  const std::string folded = index::FoldText(text);
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {StartingWith(std::string_view(folded).substr(0, index::kMaxStringBytes))};
  if (folded.size() <= index::kMaxStringBytes) return criterion;
  criterion.verify = [folded](const Conversion& conversion, json::Value element) {
    return AnyString(conversion, element, [&](std::string_view word) {
      return index::FoldText(word).starts_with(folded);
    });
  };
  return criterion;
}

// ---- reference --------------------------------------------------------------------------------

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

Criteria AbsoluteReference(ParameterNumber parameter, std::string_view url) {
  std::string absolute;
  index::AppendAbsoluteReference(url, &absolute);
  const std::size_t bar = url.find('|');
  std::string canonical;
  Criteria criteria = {Criterion::Exact(parameter, std::move(absolute))};
  if (bar != std::string_view::npos) {
    index::AppendCanonical(url.substr(0, bar), url.substr(bar + 1), &canonical);
    criteria.push_back(Criterion::Exact(parameter, std::move(canonical)));
  } else {
    index::AppendCanonicalStart(url, &canonical);
    Criterion any_version;
    any_version.parameter = parameter;
    any_version.spans = {StartingWith(canonical)};
    criteria.push_back(std::move(any_version));
  }
  return criteria;
}

// Relative, and written as a URL of this server.
void AddReferencesTo(const Subject& subject, std::string_view type, std::string_view id,
                     Criteria* criteria) {
  criteria->push_back(ReferenceTo(subject.parameter, type, id));
  if (subject.base_url.empty()) return;
  criteria->push_back(OwnReferenceTo(subject.parameter, subject.base_url, type, id));
}

Result<Criteria> ReferenceById(const Subject& subject, std::string_view id) {
  if (!IsId(id)) return Expected("an id, Type/id or a URL");
  Criteria criteria;
  if (!subject.modifier.empty()) {
    AddReferencesTo(subject, subject.modifier, id, &criteria);
    return criteria;
  }
  for (const std::string_view target : TargetsOf(*subject.definition, subject.type)) {
    AddReferencesTo(subject, target, id, &criteria);
  }
  return criteria;
}

}  // namespace

Criterion ReferenceTo(ParameterNumber parameter, std::string_view type, std::string_view id) {
  std::string bytes;
  index::AppendLocalReference(type, id, &bytes);
  return Criterion::Exact(parameter, std::move(bytes));
}

Criterion OwnReferenceTo(ParameterNumber parameter, std::string_view base_url,
                         std::string_view type, std::string_view id) {
  std::string url(base_url);
  if (!url.ends_with('/')) url.push_back('/');
  std::string bytes;
  index::AppendAbsoluteReference(url.append(type).append("/").append(id), &bytes);
  return Criterion::Exact(parameter, std::move(bytes));
}

Result<Criteria> CompileToken(const Subject& subject, std::string_view value) {
  if (subject.modifier == "of-type") return OfType(subject.parameter, value);
  if (subject.modifier == "text") {
    const std::string text = Unescape(value);
    if (index::FoldText(text).empty()) return Expected("some text");
    return Criteria{subject.has_texts ? IndexedTokenText(subject.parameter, text)
                                      : TokenText(subject.parameter, text)};
  }
  return PlainToken(subject.parameter, value);
}

Result<Criteria> CompileString(const Subject& subject, std::string_view value) {
  const std::string text = Unescape(value);
  if (index::FoldText(text).empty()) return Expected("some text");
  if (subject.modifier == "exact") return Criteria{StringExact(subject.parameter, text)};
  if (subject.modifier == "contains") return Criteria{StringContains(subject.parameter, text)};
  return Criteria{StringStart(subject.parameter, text)};
}

Result<Criteria> CompileReference(const Subject& subject, std::string_view value) {
  if (subject.modifier == "identifier") return PlainToken(CompanionOf(subject.parameter), value);
  const std::string plain = Unescape(value);
  const std::string_view text = WithoutBase(plain, subject.base_url);
  if (text.find("/_history/") != std::string_view::npos) {
    return Expected("a reference without a version");
  }
  if (text.find(':') != std::string_view::npos) return AbsoluteReference(subject.parameter, text);
  const auto target = index::ParseReference(text);
  if (!target) return ReferenceById(subject, text);
  if (target->absolute) return Expected("an id, Type/id or a URL");
  if (!subject.modifier.empty() && subject.modifier != target->type) {
    return Expected("a reference to the type that the modifier names");
  }
  Criteria criteria;
  AddReferencesTo(subject, target->type, target->id, &criteria);
  return criteria;
}

Result<Criteria> CompileUri(const Subject& subject, std::string_view value) {
  const std::string uri = Unescape(value);
  if (uri.empty()) return Expected("a URI");
  Criteria criteria;
  std::string bytes;
  if (subject.modifier == "below") {
    index::AppendUriStart(uri, &bytes);
    Criterion below;
    below.parameter = subject.parameter;
    below.spans = {StartingWith(bytes)};
    below.verify = [uri](const Conversion&, json::Value element) {
      return element.string().starts_with(uri);
    };
    if (bytes.size() == uri.size()) below.verify = nullptr;
    return Criteria{std::move(below)};
  }
  index::AppendUri(uri, &bytes);
  criteria.push_back(Criterion::Exact(subject.parameter, std::move(bytes)));
  if (subject.modifier != "above") return criteria;
  // Everything the URI lies below: cut at each slash, with and without it.
  for (std::size_t at = uri.rfind('/'); at != std::string::npos && at > 0;
       at = uri.rfind('/', at - 1)) {
    for (const std::size_t size : {at, at + 1}) {
      std::string above;
      index::AppendUri(std::string_view(uri).substr(0, size), &above);
      criteria.push_back(Criterion::Exact(subject.parameter, std::move(above)));
    }
  }
  return criteria;
}

}  // namespace strata::fhir::search
