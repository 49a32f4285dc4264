#include "plugins/data_fhir/index/convert.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/convert_quantity.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/fold.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/index/position_value.h"

namespace strata::fhir::index {
namespace {

using layout::ParameterNumber;

// Collects the values of one element for one parameter.
class Sink {
 public:
  Sink(const Conversion& conversion, EntryList* out) : conversion_(conversion), out_(out) {}
  ~Sink() {
    if (!added_) out_->Add(conversion_.parameter, {});
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  std::string& buffer() {
    buffer_.clear();
    return buffer_;
  }
  void Add() {
    out_->Add(conversion_.parameter, buffer_);
    added_ = true;
  }
  void AddCompanion() {
    out_->Add(static_cast<ParameterNumber>(conversion_.parameter | layout::kCompanion), buffer_);
  }

  void Token(std::string_view system, std::string_view code) {
    if (code.empty()) return;
    AppendToken(system, code, &buffer());
    Add();
  }
  void Text(json::Value value) {
    const std::string folded = FoldText(value.string());
    if (folded.empty()) return;
    AppendString(folded, &buffer());
    Add();
  }
  void Texts(json::Value object, std::initializer_list<std::string_view> members) {
    for (const std::string_view name : members) {
      const json::Value member = object[name];
      if (member.is_array()) {
        for (const json::Value element : member.elements()) Text(element);
      } else {
        Text(member);
      }
    }
  }

 private:
  const Conversion& conversion_;
  EntryList* out_;
  std::string buffer_;
  bool added_ = false;
};

// ---- token ------------------------------------------------------------------------------------

void CodingTokens(json::Value coding, Sink& sink) {
  sink.Token(coding["system"].string(), coding["code"].string());
}

void CompanionText(json::Value text, Sink& sink) {
  const std::string folded = FoldText(text.string());
  if (folded.empty()) return;
  AppendString(folded, &sink.buffer());
  sink.AddCompanion();
}

// What :text looks at (FHIR R4 search.html#modifiers).
void TokenTexts(DataType data, json::Value value, Sink& sink) {
  if (data == DataType::kCoding) CompanionText(value["display"], sink);
  if (data != DataType::kCodeableConcept) return;
  for (const json::Value coding : value["coding"].elements()) {
    CompanionText(coding["display"], sink);
  }
  CompanionText(value["text"], sink);
}

// :of-type looks for type, then value (FHIR R4 search.html#modifiers).
void IdentifierTypes(json::Value identifier, Sink& sink) {
  for (const json::Value coding : identifier["type"]["coding"].elements()) {
    std::string& buffer = sink.buffer();
    AppendToken(coding["system"].string(), coding["code"].string(), &buffer);
    AppendTokenCode(identifier["value"].string(), &buffer);
    sink.AddCompanion();
  }
}

void TokenValues(const Conversion& conversion, json::Value value, Sink& sink) {
  if (conversion.texts) TokenTexts(conversion.data, value, sink);
  switch (conversion.data) {
    case DataType::kBoolean:
      sink.Token({}, value.bool_value() ? "true" : "false");
      break;
    case DataType::kCode:
      sink.Token(conversion.implied_system, value.string());
      break;
    case DataType::kCoding:
      CodingTokens(value, sink);
      break;
    case DataType::kCodeableConcept:
      for (const json::Value coding : value["coding"].elements()) CodingTokens(coding, sink);
      break;
    case DataType::kIdentifier:
      sink.Token(value["system"].string(), value["value"].string());
      IdentifierTypes(value, sink);
      break;
    case DataType::kContactPoint:
      sink.Token({}, value["value"].string());
      break;
    default:
      sink.Token({}, value.is_number() ? value.lexeme() : value.string());
  }
}

// ---- string -----------------------------------------------------------------------------------

void StringValues(const Conversion& conversion, json::Value value, Sink& sink) {
  switch (conversion.data) {
    case DataType::kHumanName:
      sink.Texts(value, {"text", "family", "given", "prefix", "suffix"});
      break;
    case DataType::kAddress:
      sink.Texts(value, {"text", "line", "city", "district", "state", "postalCode", "country"});
      break;
    case DataType::kCodeableConcept:
      sink.Text(value["text"]);
      for (const json::Value coding : value["coding"].elements()) sink.Text(coding["display"]);
      break;
    default:
      sink.Text(value);
  }
}

// ---- reference, uri ---------------------------------------------------------------------------

void CanonicalValue(std::string_view text, Sink& sink) {
  text = text.substr(0, text.find('#'));
  if (text.empty()) return;
  const std::size_t bar = text.find('|');
  const std::string_view version =
      bar == std::string_view::npos ? std::string_view() : text.substr(bar + 1);
  AppendCanonical(text.substr(0, bar), version, &sink.buffer());
  sink.Add();
}

void ReferenceText(std::string_view text, Sink& sink) {
  if (text.empty() || text.front() == '#') return;  // Contained: not a resource of its own.
  const std::optional<TypeAndId> target = ParseReference(text);
  if (target && !target->absolute) {
    AppendLocalReference(target->type, target->id, &sink.buffer());
  } else {
    AppendAbsoluteReference(text.substr(0, text.find("/_history/")), &sink.buffer());
  }
  sink.Add();
}

void ReferenceValues(const Conversion& conversion, json::Value value, Sink& sink) {
  switch (conversion.data) {
    case DataType::kCanonical:
      CanonicalValue(value.string(), sink);
      break;
    case DataType::kResource:
      AppendLocalReference(value["resourceType"].string(), value["id"].string(), &sink.buffer());
      sink.Add();
      break;
    default: {
      ReferenceText(value["reference"].string(), sink);
      const json::Value identifier = value["identifier"];
      if (!identifier["value"].is_string()) break;
      AppendToken(identifier["system"].string(), identifier["value"].string(), &sink.buffer());
      sink.AddCompanion();
    }
  }
}

// ---- date -------------------------------------------------------------------------------------

std::optional<DateRange> PeriodRange(json::Value period) {
  const auto start = ParseDate(period["start"].string());
  const auto end = ParseDate(period["end"].string());
  if (!start && !end) return std::nullopt;
  return DateRange{start ? start->low : DateRange::kNoLow, end ? end->high : DateRange::kNoHigh};
}

// From the first event to the last, or the bounds of the repetition.
std::optional<DateRange> TimingRange(json::Value timing) {
  std::optional<DateRange> range;
  for (const json::Value event : timing["event"].elements()) {
    const auto date = ParseDate(event.string());
    if (!date) continue;
    if (!range) range = date;
    range = DateRange{std::min(range->low, date->low), std::max(range->high, date->high)};
  }
  return range ? range : PeriodRange(timing["repeat"]["boundsPeriod"]);
}

void DateValues(const Conversion& conversion, json::Value value, Sink& sink) {
  const std::optional<DateRange> range = DateRangeOf(conversion.data, value);
  if (!range || range->low >= range->high) return;
  AppendDate(*range, &sink.buffer());
  sink.Add();
}

// ---- number, quantity -------------------------------------------------------------------------

void NumberValue(json::Value value, Sink& sink) {
  const std::optional<double> number = ParseNumber(value.lexeme());
  if (!number) return;
  AppendNumber(*number, &sink.buffer());
  sink.Add();
}

void PositionValue(json::Value value, Sink& sink) {
  const std::optional<double> latitude = ParseNumber(value["latitude"].lexeme());
  const std::optional<double> longitude = ParseNumber(value["longitude"].lexeme());
  if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) return;
  AppendPlace({*latitude, *longitude}, &sink.buffer());
  sink.Add();
}

void QuantityValues(const Conversion& conversion, json::Value value, Sink& sink) {
  AppendQuantities(conversion.data, value, [&](std::string_view bytes) {
    sink.buffer().append(bytes);
    sink.Add();
  });
}

// ---- which type is looked at how --------------------------------------------------------------

struct NamedType {
  std::string_view name;
  DataType data;
};

DataType FindIn(std::initializer_list<NamedType> table, const model::Type& type) {
  for (const model::Type* t = &type; t != nullptr; t = t->base()) {
    for (const NamedType& entry : table) {
      if (entry.name == t->name()) return entry.data;
    }
  }
  return DataType::kNone;
}

DataType TokenType(const model::Type& type) {
  return FindIn({{"boolean", DataType::kBoolean},
                 {"code", DataType::kCode},
                 {"Coding", DataType::kCoding},
                 {"CodeableConcept", DataType::kCodeableConcept},
                 {"Identifier", DataType::kIdentifier},
                 {"ContactPoint", DataType::kContactPoint},
                 {"string", DataType::kPrimitive},
                 {"uri", DataType::kPrimitive},
                 {"integer", DataType::kPrimitive},
                 {"date", DataType::kPrimitive},
                 {"dateTime", DataType::kPrimitive}},
                type);
}

DataType StringType(const model::Type& type) {
  return FindIn({{"HumanName", DataType::kHumanName},
                 {"Address", DataType::kAddress},
                 {"CodeableConcept", DataType::kCodeableConcept},
                 {"string", DataType::kPrimitive},
                 {"uri", DataType::kPrimitive}},
                type);
}

}  // namespace

DataType DataTypeOf(model::SearchType search, const model::Type& type) {
  using model::SearchType;
  switch (search) {
    case SearchType::kToken:
      return TokenType(type);
    case SearchType::kString:
      return StringType(type);
    case SearchType::kReference:
      return FindIn({{"Reference", DataType::kReference},
                     {"uri", DataType::kCanonical},
                     {"Resource", DataType::kResource}},
                    type);
    case SearchType::kDate:
      return FindIn({{"date", DataType::kDate},
                     {"dateTime", DataType::kDate},
                     {"instant", DataType::kDate},
                     {"Period", DataType::kPeriod},
                     {"Timing", DataType::kTiming}},
                    type);
    case SearchType::kNumber:
      return FindIn({{"decimal", DataType::kNumber}, {"integer", DataType::kNumber}}, type);
    case SearchType::kQuantity:
      return FindIn({{"Quantity", DataType::kQuantity},
                     {"Money", DataType::kMoney},
                     {"Range", DataType::kRange}},
                    type);
    case SearchType::kUri:
      return FindIn({{"uri", DataType::kPrimitive}}, type);
    case SearchType::kSpecial:  // near: the only one with an expression
      return FindIn({{"Location.position", DataType::kPosition}}, type);
    case SearchType::kComposite:
      break;
  }
  return DataType::kNone;
}

std::optional<DateRange> DateRangeOf(DataType data, json::Value value) {
  if (data == DataType::kPeriod) return PeriodRange(value);
  if (data == DataType::kTiming) return TimingRange(value);
  return ParseDate(value.string());
}

void Convert(const Conversion& conversion, json::Value value, EntryList* out) {
  using model::SearchType;
  if (value.is_null()) return;
  Sink sink(conversion, out);
  switch (conversion.search) {
    case SearchType::kToken:
      return TokenValues(conversion, value, sink);
    case SearchType::kString:
      return StringValues(conversion, value, sink);
    case SearchType::kReference:
      return ReferenceValues(conversion, value, sink);
    case SearchType::kDate:
      return DateValues(conversion, value, sink);
    case SearchType::kNumber:
      return NumberValue(value, sink);
    case SearchType::kQuantity:
      return QuantityValues(conversion, value, sink);
    case SearchType::kUri:
      if (value.string().empty()) return;
      AppendUri(value.string(), &sink.buffer());
      return sink.Add();
    case SearchType::kSpecial:
      return PositionValue(value, sink);
    case SearchType::kComposite:
      break;
  }
}

std::optional<TypeAndId> ParseReference(std::string_view reference) {
  reference = reference.substr(0, reference.find("/_history/"));
  const std::size_t slash = reference.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  TypeAndId found;
  found.id = reference.substr(slash + 1);
  const std::string_view head = reference.substr(0, slash);
  const std::size_t before = head.rfind('/');
  found.type = before == std::string_view::npos ? head : head.substr(before + 1);
  found.absolute = before != std::string_view::npos;
  if (found.id.empty() || found.id.size() > 64 || layout::TypeNumberOf(found.type) == 0) {
    return std::nullopt;
  }
  const bool is_id = std::all_of(found.id.begin(), found.id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
  return is_id ? std::optional(found) : std::nullopt;
}

std::string_view TargetTypeOf(json::Value reference) {
  const std::optional<TypeAndId> target = ParseReference(reference["reference"].string());
  return target ? target->type : reference["type"].string();
}

}  // namespace strata::fhir::index
