#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "storage/replica/digest.h"
#include "strata/hosting/v1/hosting.strata.h"

// Short forms of what tests ask a hosting plugin.
namespace strata::testing {

inline Result<std::uint64_t> CommitPuts(
    const strata::hosting::v1::HostingClient& client, const Context& context,
    const std::vector<std::pair<std::string, std::string>>& entries,
    const std::string& request_id = "") {
  strata::hosting::v1::CommitRequest request;
  request.set_request_id(request_id);
  for (const auto& [key, value] : entries) {
    strata::hosting::v1::Put* put = request.add_mutations()->mutable_put();
    put->set_key(key);
    put->set_value(value);
  }
  strata::hosting::v1::CommitResponse response;
  STRATA_RETURN_IF_ERROR(client.Commit(context, request, &response));
  return response.version();
}

// "<absent>", or "!CODE".
inline std::string ValueAt(const strata::hosting::v1::HostingClient& client, const Context& context,
                           const std::string& key) {
  strata::hosting::v1::GetRequest request;
  request.add_keys(key);
  strata::hosting::v1::GetResponse response;
  const Status status = client.Get(context, request, &response);
  if (!status.ok()) return "!" + std::string(CodeName(status.code()));
  return response.entries(0).version() == 0 ? "<absent>" : response.entries(0).value();
}

inline strata::hosting::v1::DescribeResponse DescribeStore(
    const strata::hosting::v1::HostingClient& client, const Context& context) {
  strata::hosting::v1::DescribeResponse response;
  static_cast<void>(client.Describe(context, {}, &response));
  return response;
}

// Of every key, version and value; or "!CODE".
inline std::string DigestOf(const strata::hosting::v1::HostingClient& client,
                            const Context& context) {
  storage::replica::RowDigest digest;
  const Status scanned = client.Scan(context, {}, [&](strata::hosting::v1::ScanResponse& chunk) {
    RowReader reader(chunk.rows());
    for (Row row; reader.Next(&row);) digest.Add(row);
    return true;
  });
  return scanned.ok() ? digest.ToString() : "!" + std::string(CodeName(scanned.code()));
}

}  // namespace strata::testing
