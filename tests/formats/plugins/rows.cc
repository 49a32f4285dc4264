// Keeps rows in another store, in one of two forms: "1" and the value, or "2", a checksum and the
// value. Built as two releases: ROWS_NEWEST 1 knows the first form, ROWS_NEWEST 2 both. A complete
// example of a plugin with stored formats (strata/migrate.h).
#include <strata/migrate.h>
#include <strata/plugin.h>
#include <strata/rows.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/base/settings.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::formats {
namespace {

namespace v1 = hosting::v1;

constexpr char kRow = 'r';     // Keys of rows begin with it.
constexpr char kRowEnd = 's';  // And end before it.
constexpr char kFormatKey[] = "m/format";
constexpr char kMigrationKey[] = "m/migration";
constexpr int kTries = 64;
constexpr std::chrono::seconds kTime{10};
constexpr std::size_t kChecksumDigits = 8;

std::string ChecksumOf(std::string_view text) {
  std::uint32_t sum = 2166136261U;  // FNV-1a
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  std::array<char, kChecksumDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", sum);
  return digits.data();
}

std::string Pack(std::uint32_t format, std::string_view value) {
  const std::string text(value);
  return format == 1 ? "1" + text : "2" + ChecksumOf(value) + text;
}

Result<std::string> Unpack(std::string_view stored) {
  if (stored.starts_with('1')) return std::string(stored.substr(1));
  const bool two = stored.starts_with('2') && stored.size() > kChecksumDigits;
  if (!two || ROWS_NEWEST < 2) return DataLoss("a row in an unknown format");
  const std::string_view value = stored.substr(1 + kChecksumDigits);
  if (ChecksumOf(value) != stored.substr(1, kChecksumDigits)) return DataLoss("a damaged row");
  return std::string(value);
}

std::uint64_t ToNumber(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// A row of the plugin's own: its value, and the version that a commit may require.
struct OwnRow {
  std::string value;
  std::uint64_t version = 0;  // 0: there is none.
};

// How far a migration is; stored with each piece of it.
struct Migration {
  std::uint64_t lowest = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string last;  // The last key that was looked at.

  std::string ToText() const {
    return std::to_string(lowest) + ' ' + std::to_string(done) + ' ' + std::to_string(total) + ' ' +
           last;
  }
  static Migration FromText(std::string_view text) {
    Migration out;
    for (std::uint64_t* number : {&out.lowest, &out.done, &out.total}) {
      const std::size_t space = text.find(' ');
      *number = ToNumber(text.substr(0, space));
      text.remove_prefix(space + 1);
    }
    out.last = text;
    return out;
  }
};

void Require(const std::string& key, std::uint64_t version, v1::CommitRequest* commit) {
  v1::Precondition* const condition = commit->add_preconditions();
  if (version == 0) {
    condition->set_key_absent(key);
  } else {
    condition->mutable_key_at_version()->set_key(key);
    condition->mutable_key_at_version()->set_version(version);
  }
}

void Put(const std::string& key, std::string value, v1::CommitRequest* commit) {
  v1::Put* const put = commit->add_mutations()->mutable_put();
  put->set_key(key);
  put->set_value(std::move(value));
}

}  // namespace

class RowStore final : public v1::HostingService {
 public:
  RowStore(Host host, std::string_view config) : store_(host, "store") {
    const Status read = base::ReadSettings(config, [this](const json::Member& member) -> Status {
      if (member.name == "hold_file") {
        hold_file_ = member.value.string();
      } else {
        STRATA_ASSIGN_OR_RETURN(page_, base::NumberSetting(member, 1, 1000));
      }
      return {};
    });
    if (!read.ok()) throw StatusError(read);
  }

  // A store that was never written gets the newest format, any other goes on as it is.
  Status Start() {
    const Context cx = Context::Background(kTime);
    STRATA_ASSIGN_OR_RETURN(const OwnRow format, ReadOwn(cx, kFormatKey));
    if (format.version == 0) {
      v1::CommitRequest commit;
      Require(kFormatKey, 0, &commit);
      Put(kFormatKey, std::to_string(ROWS_NEWEST), &commit);
      return Commit(cx, commit);
    }
    if (ToNumber(format.value) <= ROWS_NEWEST) return {};
    return FailedPrecondition("the store is in format " + format.value + ", newer than this");
  }

  Result<FormatState> Format() {
    const Context cx = Context::Background(kTime);
    STRATA_ASSIGN_OR_RETURN(const OwnRow format, ReadOwn(cx, kFormatKey));
    STRATA_ASSIGN_OR_RETURN(const OwnRow row, ReadOwn(cx, kMigrationKey));
    FormatState out;
    out.writes = out.lowest = static_cast<std::uint32_t>(ToNumber(format.value));
    if (row.version == 0) return out;
    const Migration migration = Migration::FromText(row.value);
    out.lowest = static_cast<std::uint32_t>(migration.lowest);
    out.done = migration.done;
    out.total = migration.total;
    return out;
  }

  Status WriteFormat(std::uint32_t to) {
    const Context cx = Context::Background(kTime);
    STRATA_ASSIGN_OR_RETURN(const OwnRow format, ReadOwn(cx, kFormatKey));
    const std::uint64_t now = ToNumber(format.value);
    if (now == to) return {};
    if (to < now || to > ROWS_NEWEST) return InvalidArgument("not a newer format that is known");
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t total, CountRows(cx));
    v1::CommitRequest commit;
    Require(kFormatKey, format.version, &commit);
    Put(kFormatKey, std::to_string(to), &commit);
    Put(kMigrationKey, Migration{now, 0, total, ""}.ToText(), &commit);
    return Commit(cx, commit);
  }

  Result<FormatState> Migrate(std::chrono::microseconds budget) {
    const Context cx = Context::Background(kTime);
    const auto until = std::chrono::steady_clock::now() + budget;
    std::uint64_t rows = page_;
    do {
      STRATA_ASSIGN_OR_RETURN(const OwnRow row, ReadOwn(cx, kMigrationKey));
      if (row.version == 0) break;
      const Migration migration = Migration::FromText(row.value);
      if (migration.lowest == ROWS_NEWEST || Held(migration)) break;
      const Status moved = MigratePage(cx, row, rows);
      if (moved.code() == Code::kAborted) {
        rows = rows / 2 + 1;  // Somebody wrote one of them: a smaller page, of new versions.
      } else if (!moved.ok()) {
        return moved;
      }
    } while (std::chrono::steady_clock::now() < until);
    return Format();
  }

  const void* Extension(std::string_view id) { return MigrateExtension<RowStore>(id); }

  Status Get(Context& cx, const v1::GetRequest& request, v1::GetResponse* response) override {
    v1::GetRequest inner = request;
    for (std::string& key : *inner.mutable_keys()) key.insert(key.begin(), kRow);
    STRATA_RETURN_IF_ERROR(store_.Get(cx, inner, response));
    for (v1::Entry& entry : *response->mutable_entries()) {
      if (entry.version() == 0) continue;
      STRATA_ASSIGN_OR_RETURN(std::string value, Unpack(entry.value()));
      entry.set_value(std::move(value));
    }
    return {};
  }

  // Puts only. The format is the one that is written when the commit is made: it requires the row
  // that says so, and is made anew when that has changed meanwhile.
  Status Commit(Context& cx, const v1::CommitRequest& request,
                v1::CommitResponse* response) override {
    Status status;
    for (int i = 0; i < kTries; ++i) {
      STRATA_ASSIGN_OR_RETURN(const OwnRow format, ReadOwn(cx, kFormatKey));
      v1::CommitRequest inner;
      inner.set_request_id(request.request_id());
      Require(kFormatKey, format.version, &inner);
      for (const v1::Mutation& mutation : request.mutations()) {
        if (!mutation.has_put()) return Unimplemented("puts only");
        Put(kRow + mutation.put().key(),
            Pack(static_cast<std::uint32_t>(ToNumber(format.value)), mutation.put().value()),
            &inner);
      }
      status = store_.Commit(cx, inner, response);
      if (status.code() != Code::kAborted) return status;
    }
    return status;
  }

 private:
  Result<OwnRow> ReadOwn(const Context& cx, const char* key) const {
    v1::GetRequest request;
    request.add_keys(key);
    v1::GetResponse response;
    STRATA_RETURN_IF_ERROR(store_.Get(cx, request, &response));
    if (response.entries_size() != 1) return Internal("not one row for one key");
    return OwnRow{response.entries(0).value(), response.entries(0).version()};
  }

  Status Commit(const Context& cx, const v1::CommitRequest& commit) const {
    v1::CommitResponse ignored;
    return store_.Commit(cx, commit, &ignored);
  }

  Result<std::uint64_t> CountRows(const Context& cx) const {
    v1::ScanRequest request;
    request.set_begin(std::string(1, kRow));
    request.set_end(std::string(1, kRowEnd));
    request.set_keys_only(true);
    std::uint64_t count = 0;
    STRATA_RETURN_IF_ERROR(store_.Scan(cx, request, [&](v1::ScanResponse& chunk) {
      count += chunk.row_count();
      return true;
    }));
    return count;
  }

  // Tests stop a migration in the middle: after the first page, while the file is there.
  bool Held(const Migration& migration) const {
    return migration.done > 0 && !hold_file_.empty() && ::access(hold_file_.c_str(), F_OK) == 0;
  }

  // The next rows in one commit, with how far it is. ABORTED: one of them was written meanwhile.
  Status MigratePage(const Context& cx, const OwnRow& state, std::uint64_t rows) const {
    Migration migration = Migration::FromText(state.value);
    v1::ScanRequest request;
    request.set_begin(migration.last.empty() ? std::string(1, kRow)
                                             : migration.last + std::string(1, '\0'));
    request.set_end(std::string(1, kRowEnd));
    request.set_limit(rows);
    v1::CommitRequest commit;
    Require(kMigrationKey, state.version, &commit);
    std::uint64_t seen = 0;
    Status read;
    STRATA_RETURN_IF_ERROR(store_.Scan(cx, request, [&](v1::ScanResponse& chunk) {
      RowReader reader(chunk.rows());
      for (Row row; reader.Next(&row); ++seen) {
        migration.last = row.key;
        if (!row.value.starts_with('1')) continue;
        Require(migration.last, row.version, &commit);
        Put(migration.last, Pack(ROWS_NEWEST, row.value.substr(1)), &commit);
      }
      if (!reader.ok()) read = Internal("rows that cannot be read");
      return reader.ok();
    }));
    STRATA_RETURN_IF_ERROR(read);
    migration.done += seen;
    if (seen == 0) migration.lowest = ROWS_NEWEST;  // All is in the new format.
    Put(kMigrationKey, migration.ToText(), &commit);
    return Commit(cx, commit);
  }

  const v1::HostingClient store_;
  std::string hold_file_;
  std::uint64_t page_ = 64;
};

}  // namespace strata::formats

STRATA_PLUGIN(strata::formats::RowStore, "test.rows", ROWS_NEWEST == 1 ? "1.0.0" : "2.0.0")
