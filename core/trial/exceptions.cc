#include "core/trial/exceptions.h"

#include <algorithm>
#include <array>

#include "strata/data/v1/data.pb.h"
#include "strata/hosting/v1/hosting.pb.h"

namespace strata::trial {
namespace {

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

constexpr std::array<std::string_view, 21> kByNature = {
    "strata.data.v1.ExplainResponse.text",
    "strata.data.v1.PlanStep.microseconds",
    "strata.data.v1.SearchResponse.next_page_token",
    "strata.data.v1.SearchResponse.previous_page_token",
    "strata.data.v1.HistoryResponse.next_page_token",
    "strata.data.v1.HistoryResponse.previous_page_token",
    "strata.data.v1.OperateResponse.next_page_token",
    "strata.data.v1.DescribeResponse.name",
    "strata.data.v1.DescribeResponse.version",
    "strata.data.v1.DescribeResponse.store_id",
    "strata.hosting.v1.GetResponse.view_version",
    "strata.hosting.v1.ScanResponse.view_version",
    "strata.hosting.v1.ScanResponse.row_count",
    "strata.hosting.v1.DescribeResponse.engine",
    "strata.hosting.v1.DescribeResponse.engine_version",
    "strata.hosting.v1.DescribeResponse.store_id",
    "strata.hosting.v1.DescribeResponse.last_version",
    "strata.hosting.v1.DescribeResponse.oldest_watch_version",
    "strata.hosting.v1.DescribeResponse.key_count_estimate",
    "strata.hosting.v1.DescribeResponse.size_bytes",
    "strata.hosting.v1.DescribeResponse.stored_format",
};

constexpr std::array<std::string_view, 3> kPieces = {
    "strata.data.v1.OperateResponse.json",
    "strata.hosting.v1.ScanResponse.rows",
    "strata.service.v1.HandleResponse.body",
};

constexpr std::array<std::string_view, 2> kViews = {
    "/strata.hosting.v1.Hosting/OpenSnapshot",
    "/strata.hosting.v1.Hosting/CloseSnapshot",
};

constexpr std::array<std::string_view, 7> kNotComparable = {
    "/strata.data.v1.Data/Watch",         "/strata.data.v1.Data/Export",
    "/strata.data.v1.Data/History",       "/strata.data.v1.Data/Explain",
    "/strata.hosting.v1.Hosting/Watch",   "/strata.hosting.v1.Hosting/Backup",
    "/strata.hosting.v1.Hosting/Describe"};

}  // namespace

bool DiffersByNature(std::string_view full_field_name) {
  return Contains(kByNature, full_field_name);
}

bool CarriesJson(std::string_view field_name) {
  return field_name == "json" || field_name == "patch" || field_name.ends_with("_json") ||
         field_name.ends_with("bundle");
}

bool IsPiece(std::string_view full_field_name) { return Contains(kPieces, full_field_name); }

bool CarriesRows(std::string_view full_field_name) {
  return full_field_name == "strata.hosting.v1.ScanResponse.rows";
}

bool OnlyOpensViews(std::string_view full_method) { return Contains(kViews, full_method); }

bool NotComparable(std::string_view full_method) { return Contains(kNotComparable, full_method); }

bool CanBeRepeated(std::string_view full_method, std::string_view request) {
  const auto parsed = [&]<typename Message>(Message message) {
    message.ParseFromArray(request.data(), static_cast<int>(request.size()));
    return message;
  };
  if (full_method == "/strata.data.v1.Data/Read") {
    return parsed(data::v1::ReadRequest()).version_id().empty();
  }
  if (full_method == "/strata.data.v1.Data/Search") {
    return parsed(data::v1::SearchRequest()).page_token().empty();
  }
  if (full_method == "/strata.hosting.v1.Hosting/Get") {
    return parsed(hosting::v1::GetRequest()).snapshot().empty();
  }
  if (full_method == "/strata.hosting.v1.Hosting/Scan") {
    return parsed(hosting::v1::ScanRequest()).snapshot().empty();
  }
  return true;
}

bool DiffersByImport(std::string_view path) {
  return path.ends_with("last_updated_us") || path.ends_with("json.meta.lastUpdated") ||
         path.ends_with("resource.change");
}

}  // namespace strata::trial
