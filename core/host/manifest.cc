#include "core/host/manifest.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/json.h"
#include "core/host/config_schema.h"
#include "core/host/refusal.h"

namespace strata::host {
namespace {

using json::Value;

constexpr std::string_view kFix = "correct manifest.json (core/sdk/README.md) and build again";
constexpr std::array<std::string_view, 14> kMembers = {
    "id",      "version",  "layer",    "title",         "description", "owner",   "status",
    "posture", "provides", "requires", "config_schema", "permissions", "formats", "files"};
constexpr std::array<std::string_view, 4> kLayers = {"hosting", "data", "service", "tool"};

// Reads one manifest; the first fault is kept and ends the reading.
class Reader {
 public:
  explicit Reader(std::string_view package) : package_(package) {}

  Status status() const { return status_; }

  void Fail(std::string expected, std::string got) {
    if (status_.ok()) status_ = Refuse(package_, {"manifest", std::move(expected), got, kFix});
  }

  void Text(Value root, std::string_view name, bool required, std::string* out) {
    const Value value = root[name];
    if (!value && !required) return;
    if (!value.is_string() || (required && value.string().empty())) {
      Fail("\"" + std::string(name) + "\" to be a text", value ? "something else" : "none");
      return;
    }
    *out = value.string();
  }

  void Texts(Value list, std::string_view name, std::vector<std::string>* out) {
    if (!list) return;
    if (!list.is_array()) Fail("\"" + std::string(name) + "\" to be a list", "something else");
    for (const Value element : list.elements()) {
      if (!element.is_string() || element.string().empty()) {
        Fail("\"" + std::string(name) + "\" to list texts", "something else in it");
      } else {
        out->emplace_back(element.string());
      }
    }
  }

 private:
  std::string_view package_;
  Status status_;
};

bool IsSemver(std::string_view text) {
  int dots = 0;
  bool digit = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digit = true;
    } else if (c == '.' && digit && dots < 2) {
      ++dots;
      digit = false;
    } else {
      return dots == 2 && digit && (c == '-' || c == '+');
    }
  }
  return dots == 2 && digit;
}

void ReadRequirements(Value root, Reader* reader, std::vector<Requirement>* out) {
  std::set<std::string_view> names;
  for (const Value element : root["requires"].elements()) {
    Requirement requirement;
    reader->Text(element, "name", /*required=*/true, &requirement.name);
    reader->Text(element, "service", /*required=*/true, &requirement.service);
    requirement.optional = element["optional"].bool_value();
    for (const auto& member : element.members()) {
      if (member.name != "name" && member.name != "service" && member.name != "optional") {
        reader->Fail("a requirement of name, service and optional", std::string(member.name));
      }
    }
    if (!names.insert(element["name"].string()).second) {
      reader->Fail("requirements of different names", "\"" + requirement.name + "\" twice");
    }
    out->push_back(std::move(requirement));
  }
}

void ReadNumbers(Value formats, std::string_view name, Reader* reader,
                 std::vector<std::uint32_t>* out) {
  constexpr std::int64_t kMost = 1'000'000;
  const Value list = formats[name];
  const std::string expected = "\"formats." + std::string(name) + "\" to list numbers from 1 on";
  if (list.elements().begin() == list.elements().end()) reader->Fail(expected, "none");
  for (const Value element : list.elements()) {
    const auto number = element.int_value();
    if (!number || *number < 1 || *number > kMost) {
      reader->Fail(expected, "something else in it");
      return;
    }
    const auto format = static_cast<std::uint32_t>(*number);
    if (!out->empty() && format <= out->back()) reader->Fail(expected + ", ascending", "others");
    out->push_back(format);
  }
}

void ReadFormats(Value root, Reader* reader, DeclaredFormats* out) {
  const Value formats = root["formats"];
  if (!formats) return;
  reader->Text(formats, "name", /*required=*/true, &out->name);
  for (const auto& member : formats.members()) {
    if (member.name != "name" && member.name != "reads" && member.name != "writes") {
      reader->Fail("\"formats\" of name, reads and writes", std::string(member.name));
    }
  }
  ReadNumbers(formats, "reads", reader, &out->reads);
  ReadNumbers(formats, "writes", reader, &out->writes);
  if (!reader->status().ok()) return;
  if (out->reads.back() - out->reads.front() + 1 != out->reads.size()) {
    reader->Fail("\"formats.reads\" without a gap", "a gap");
  }
  for (const std::uint32_t format : out->writes) {
    if (out->Reads(format)) continue;
    reader->Fail("\"formats.reads\" with all that it writes",
                 "no " + std::to_string(format) + " in it");
  }
}

void ReadFiles(Value root, Reader* reader, Manifest* out) {
  for (const auto& member : root["files"].members()) {
    const std::string_view digest = member.value.string();
    const bool hex = digest.size() == 64 &&
                     digest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!hex) reader->Fail("a SHA-256 for " + std::string(member.name), "something else");
    out->files.emplace(member.name, digest);
  }
  if (out->files.find("plugin.so") == out->files.end()) {
    reader->Fail("\"files\" with the SHA-256 of plugin.so and of every other file", "none");
  }
}

void ReadSchema(Value root, Reader* reader, Manifest* out) {
  const Value schema = root["config_schema"];
  out->config_schema = schema ? std::string(schema.raw()) : R"({"type": "object"})";
  if (!schema) return;
  if (const auto problem = CheckSchema(schema)) {
    const std::string where = problem->path.empty() ? "" : " (at " + problem->path + ")";
    reader->Fail("a config_schema that the core understands", problem->message + where);
  }
}

}  // namespace

bool Manifest::Provides(std::string_view service) const {
  return std::find(provides.begin(), provides.end(), service) != provides.end();
}

Result<Manifest> ParseManifest(std::string_view package, std::string_view text) {
  const auto document = json::Document::Parse(text);
  if (!document.ok()) {
    return Refuse(package,
                  {"manifest", "manifest.json to be JSON", document.status().message(), kFix});
  }
  const Value root = document->root();
  Reader reader(package);
  Manifest out;
  if (!root.is_object()) reader.Fail("an object", "something else");
  for (const auto& member : root.members()) {
    if (std::find(kMembers.begin(), kMembers.end(), member.name) == kMembers.end()) {
      reader.Fail("known members",
                  "\"" + std::string(member.name) + "\"" + DidYouMean(member.name, kMembers));
    }
  }
  reader.Text(root, "id", true, &out.id);
  reader.Text(root, "version", true, &out.version);
  reader.Text(root, "layer", true, &out.layer);
  for (const auto& [name, to] : {std::pair{"title", &out.title},
                                 {"description", &out.description},
                                 {"owner", &out.owner},
                                 {"status", &out.status},
                                 {"posture", &out.posture}}) {
    reader.Text(root, name, false, to);
  }
  if (!IsSemver(out.version)) reader.Fail("\"version\" like 1.2.3", "\"" + out.version + "\"");
  if (std::find(kLayers.begin(), kLayers.end(), out.layer) == kLayers.end()) {
    reader.Fail("\"layer\" to be hosting, data, service or tool", "\"" + out.layer + "\"");
  }
  if (!root["provides"]) reader.Fail("\"provides\"", "none");
  reader.Texts(root["provides"], "provides", &out.provides);
  reader.Texts(root["permissions"]["secrets"], "permissions.secrets", &out.secrets);
  ReadRequirements(root, &reader, &out.requirements);
  ReadFormats(root, &reader, &out.formats);
  ReadSchema(root, &reader, &out);
  ReadFiles(root, &reader, &out);
  STRATA_RETURN_IF_ERROR(reader.status());
  return out;
}

}  // namespace strata::host
