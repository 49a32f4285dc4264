#include "core/host/config_schema.h"

#include <regex.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "core/base/json_writer.h"

namespace strata::host {
namespace {

using json::Value;
using Problem = std::optional<SchemaProblem>;

constexpr std::array<std::string_view, 17> kKeywords = {"type",
                                                        "properties",
                                                        "required",
                                                        "additionalProperties",
                                                        "items",
                                                        "enum",
                                                        "minimum",
                                                        "maximum",
                                                        "minLength",
                                                        "maxLength",
                                                        "pattern",
                                                        "default",
                                                        "title",
                                                        "description",
                                                        "examples",
                                                        "$schema",
                                                        "x-strata-locates-data"};
constexpr std::array<std::string_view, 6> kTypes = {"object", "array",   "string",
                                                    "number", "integer", "boolean"};

std::string Join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

double NumberOf(Value value) {
  double out = std::nan("");
  const std::string_view text = value.lexeme();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

bool IsInteger(Value value) {
  return value.is_number() && std::trunc(NumberOf(value)) == NumberOf(value);
}

bool HasType(Value value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "integer") return IsInteger(value);
  return value.is_bool();
}

bool Same(Value a, Value b) {
  if (a.is_string() || b.is_string()) {
    return a.is_string() && b.is_string() && a.string() == b.string();
  }
  if (a.is_number() && b.is_number()) return NumberOf(a) == NumberOf(b);
  return a.raw() == b.raw();
}

// A POSIX extended regular expression (std::regex can overflow the stack on long texts).
class Pattern final {
 public:
  explicit Pattern(std::string_view text)
      : valid_(::regcomp(&regex_, std::string(text).c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}
  ~Pattern() {
    if (valid_) ::regfree(&regex_);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool valid() const { return valid_; }
  bool Matches(std::string_view text) const {
    return ::regexec(&regex_, std::string(text).c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t regex_{};
  const bool valid_;
};

Problem CheckText(Value schema, std::string_view text, const std::string& path) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (const auto least = schema["minLength"].int_value(); least && size < *least) {
    return SchemaProblem{path, "must have at least " + std::to_string(*least) + " bytes"};
  }
  if (const auto most = schema["maxLength"].int_value(); most && size > *most) {
    return SchemaProblem{path, "must have at most " + std::to_string(*most) + " bytes"};
  }
  const Value pattern = schema["pattern"];
  if (!pattern) return std::nullopt;
  const Pattern regex(pattern.string());
  if (regex.valid() && regex.Matches(text)) return std::nullopt;
  return SchemaProblem{path, "must match " + std::string(pattern.string())};
}

template <typename Check>
Problem ForEachProperty(Value schema, Check check) {
  for (const auto& member : schema["properties"].members()) {
    if (Problem problem = check(member.name, member.value)) return problem;
  }
  return std::nullopt;
}

Problem CheckSchemaAt(Value schema, const std::string& path) {
  if (!schema.is_object()) return SchemaProblem{path, "a schema must be an object"};
  for (const auto& member : schema.members()) {
    if (std::find(kKeywords.begin(), kKeywords.end(), member.name) == kKeywords.end()) {
      return SchemaProblem{path, "keyword \"" + std::string(member.name) + "\" is not supported" +
                                     DidYouMean(member.name, kKeywords)};
    }
  }
  const Value type = schema["type"];
  if (type && std::find(kTypes.begin(), kTypes.end(), type.string()) == kTypes.end()) {
    return SchemaProblem{path,
                         "\"type\" must be one of object, array, string, number, integer, "
                         "boolean"};
  }
  const Value additional = schema["additionalProperties"];
  if (additional && !additional.is_bool()) {
    return SchemaProblem{path, "\"additionalProperties\" must be true or false"};
  }
  if (const Value pattern = schema["pattern"]; pattern && !Pattern(pattern.string()).valid()) {
    return SchemaProblem{path, "\"pattern\" is no regular expression"};
  }
  if (const Value items = schema["items"]) {
    if (Problem problem = CheckSchemaAt(items, Join(path, "items"))) return problem;
  }
  if (const Value preset = schema["default"]) {
    if (Problem problem = CheckConfig(schema, preset)) {
      return SchemaProblem{path, "the default does not follow the schema: " + problem->message};
    }
  }
  return ForEachProperty(schema, [&](std::string_view name, Value property) {
    return CheckSchemaAt(property, Join(path, name));
  });
}

Problem CheckConfigAt(Value schema, Value config, const std::string& path);

Problem CheckObject(Value schema, Value config, const std::string& path) {
  const Value properties = schema["properties"];
  const Value additional = schema["additionalProperties"];
  std::vector<std::string_view> known;
  for (const auto& member : properties.members()) known.push_back(member.name);
  for (const auto& member : config.members()) {
    const std::string at = Join(path, member.name);
    if (const Value property = properties[member.name]) {
      if (Problem problem = CheckConfigAt(property, member.value, at)) return problem;
    } else if (!additional.bool_value()) {
      return SchemaProblem{at, "unknown setting \"" + std::string(member.name) + "\"" +
                                   DidYouMean(member.name, known)};
    }
  }
  for (const Value name : schema["required"].elements()) {
    const bool preset = static_cast<bool>(properties[name.string()]["default"]);
    if (!config[name.string()] && !preset) {
      return SchemaProblem{path, "setting \"" + std::string(name.string()) + "\" is missing"};
    }
  }
  return std::nullopt;
}

Problem CheckRange(Value schema, Value config, const std::string& path) {
  const Value minimum = schema["minimum"];
  const Value maximum = schema["maximum"];
  if (minimum && NumberOf(config) < NumberOf(minimum)) {
    return SchemaProblem{path, "must be at least " + std::string(minimum.lexeme())};
  }
  if (maximum && NumberOf(config) > NumberOf(maximum)) {
    return SchemaProblem{path, "must be at most " + std::string(maximum.lexeme())};
  }
  return std::nullopt;
}

Problem CheckConfigAt(Value schema, Value config, const std::string& path) {
  const Value type = schema["type"];
  if (type && !HasType(config, type.string())) {
    return SchemaProblem{path, "must be of type " + std::string(type.string())};
  }
  if (const Value allowed = schema["enum"]) {
    bool found = false;
    std::string names;
    for (const Value choice : allowed.elements()) {
      found = found || Same(choice, config);
      names.append(names.empty() ? "" : ", ").append(choice.raw());
    }
    if (!found) return SchemaProblem{path, "must be one of " + names};
  }
  if (config.is_number()) return CheckRange(schema, config, path);
  if (config.is_string()) return CheckText(schema, config.string(), path);
  if (config.is_object()) return CheckObject(schema, config, path);
  if (const Value items = schema["items"]; items && config.is_array()) {
    std::size_t index = 0;
    for (const Value element : config.elements()) {
      const std::string at = path + "[" + std::to_string(index++) + "]";
      if (Problem problem = CheckConfigAt(items, element, at)) return problem;
    }
  }
  return std::nullopt;
}

// Whether an absent value of this schema is made from defaults.
bool HasDefault(Value schema) {
  if (schema["default"]) return true;
  for (const auto& member : schema["properties"].members()) {
    if (HasDefault(member.value)) return true;
  }
  return false;
}

void Fill(Value schema, Value config, json::Writer* out);

void FillAbsent(Value schema, json::Writer* out) {
  if (const Value preset = schema["default"]) {
    out->Raw(preset.raw());
  } else {
    Fill(schema, Value(), out);
  }
}

// A missing `config` is filled as an empty object.
void Fill(Value schema, Value config, json::Writer* out) {
  if (config && !config.is_object()) {
    out->Raw(config.raw());
    return;
  }
  const Value properties = schema["properties"];
  out->BeginObject();
  for (const auto& member : config.members()) {
    out->Key(member.name);
    if (const Value property = properties[member.name]) {
      Fill(property, member.value, out);
    } else {
      out->Raw(member.value.raw());
    }
  }
  for (const auto& member : properties.members()) {
    if (config[member.name] || !HasDefault(member.value)) continue;
    out->Key(member.name);
    FillAbsent(member.value, out);
  }
  out->EndObject();
}

}  // namespace

std::optional<SchemaProblem> CheckSchema(Value schema) { return CheckSchemaAt(schema, ""); }

std::optional<SchemaProblem> CheckConfig(Value schema, Value config) {
  return CheckConfigAt(schema, config, "");
}

std::string WithDefaults(Value schema, Value config) {
  std::string text;
  json::Writer out(&text);
  Fill(schema, config, &out);
  return text;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace strata::host
