#include "plugins/data_fhir/store/stored_json.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/base/datetime.h"
#include "core/base/json_edit.h"
#include "core/base/json_writer.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

constexpr std::size_t kMaxIdBytes = 64;

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

Status BadElement(std::string_view code, std::string text, std::string_view expression) {
  return Fault(Code::kInvalidArgument, code, std::move(text), expression);
}

std::string InstantText(std::int64_t us) {
  std::string text = "\"";
  web::AppendInstant(us, &text);
  return text.append("\"");
}

// The splices that put the stamp in.
class Stamper {
 public:
  Stamper(const ClientResource& resource, const VersionStamp& stamp)
      : resource_(resource),
        stamp_(stamp),
        version_(std::string("\"").append(std::to_string(stamp.version_id)).append("\"")),
        updated_(InstantText(stamp.last_updated_us)) {}

  void AppendTo(std::vector<Splice>* splices) {
    // Behind the resourceType, which is always there.
    const std::size_t front = resource_.root["resourceType"].end_offset();
    std::string inserted;
    const json::Value id = resource_.root["id"];
    if (id) {
      splices->push_back({id.begin_offset(), id.end_offset(), json::Quoted(stamp_.id)});
    } else {
      inserted.append(",\"id\":").append(json::Quoted(stamp_.id));
    }
    if (resource_.meta) {
      AppendMeta(splices);
    } else {
      inserted.append(",\"meta\":{\"versionId\":").append(version_);
      inserted.append(",\"lastUpdated\":").append(updated_).append("}");
    }
    if (!inserted.empty()) splices->push_back({front, front, std::move(inserted)});
  }

 private:
  void AppendMeta(std::vector<Splice>* splices) {
    std::string inserted;
    Set("versionId", version_, &inserted, splices);
    Set("lastUpdated", updated_, &inserted, splices);
    if (inserted.empty()) return;
    if (resource_.meta.size() == 0) inserted.pop_back();  // the comma
    const std::size_t front = resource_.meta.begin_offset() + 1;
    splices->push_back({front, front, std::move(inserted)});
  }

  void Set(std::string_view name, const std::string& text, std::string* inserted,
           std::vector<Splice>* splices) {
    if (const json::Value member = resource_.meta[name]) {
      splices->push_back({member.begin_offset(), member.end_offset(), text});
      return;
    }
    inserted->append("\"").append(name).append("\":").append(text).append(",");
  }

  const ClientResource& resource_;
  const VersionStamp& stamp_;
  const std::string version_;
  const std::string updated_;
};

}  // namespace

bool IsValidId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes &&
         std::all_of(id.begin(), id.end(), IsIdCharacter);
}

layout::VersionId ParseVersionId(std::string_view text) {
  layout::VersionId number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || text.starts_with('0')) return 0;
  return number;
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

Status JsonFault(const Status& status) {
  if (status.code() == Code::kResourceExhausted) {
    return Fault(status.code(), "too-long", status.message());
  }
  return Fault(status.code(), "structure", status.message());
}

Result<ClientResource> CheckResource(json::Value root, std::string_view expected_type) {
  if (!root.is_object()) return BadElement("structure", "a resource is a JSON object", {});
  const json::Value type = root["resourceType"];
  if (!type) return BadElement("required", "resourceType is missing", "resourceType");
  if (!type.is_string()) {
    return BadElement("structure", "resourceType must be a string", "resourceType");
  }
  if (layout::TypeNumberOf(type.string()) == 0) {
    return BadElement("value", "resourceType is no resource type of FHIR R4", "resourceType");
  }
  if (!expected_type.empty() && type.string() != expected_type) {
    return BadElement("invalid",
                      std::string("the resource is a ")
                          .append(type.string())
                          .append(", but the request is for type ")
                          .append(expected_type),
                      "resourceType");
  }
  const std::string path(type.string());
  const json::Value id = root["id"];
  if (id && !id.is_string()) return BadElement("structure", "id must be a string", path + ".id");
  const json::Value meta = root["meta"];
  if (meta && !meta.is_object()) {
    return BadElement("structure", "meta must be an object", path + ".meta");
  }
  return ClientResource{root, type.string(), id.string(), meta};
}

std::string ComposeStored(const ClientResource& resource, std::span<const Splice> splices,
                          const VersionStamp& stamp) {
  std::vector<Splice> all(splices.begin(), splices.end());
  Stamper(resource, stamp).AppendTo(&all);
  std::sort(all.begin(), all.end(),
            [](const Splice& a, const Splice& b) { return a.begin < b.begin; });

  const std::string_view text = resource.root.document_text();
  std::string out;
  out.reserve(resource.root.end_offset() - resource.root.begin_offset() + 128);
  std::size_t at = resource.root.begin_offset();
  for (const Splice& splice : all) {
    json::Minify(text.substr(at, splice.begin - at), &out);
    out.append(splice.text);
    at = splice.end;
  }
  json::Minify(text.substr(at, resource.root.end_offset() - at), &out);
  return out;
}

}  // namespace strata::fhir::store
