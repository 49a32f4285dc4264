#include "plugins/hosting_encrypted/rewriter.h"

#include <pthread.h>

#include <utility>

#include "core/base/rows.h"
#include "plugins/hosting_encrypted/envelope.h"
#include "plugins/hosting_encrypted/key_map.h"

namespace strata::plugins::hosting_encrypted {
namespace {

namespace v1 = hosting::v1;

constexpr std::size_t kSliceBytes = std::size_t{1} << 20;
constexpr auto kCallTime = std::chrono::seconds(60);
constexpr auto kLookAgain = std::chrono::seconds(1);
// While one instance takes over from another, the old one may still write with the old data key.
constexpr std::int64_t kOverlapUs = std::int64_t{600} * 1'000'000;

}  // namespace

Rewriter::Rewriter(Host host, const v1::HostingClient* store, KeyStore* keys, unsigned share)
    : host_(host), store_(store), keys_(keys), share_(share) {}

void Rewriter::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-rekey");
    Loop();
  });
}

void Rewriter::Wake() {
  base::MutexLock lock(mutex_);
  changed_.NotifyAll();
}

void Rewriter::Stop() {
  cancel_.Cancel();
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Rewriter::Progress Rewriter::progress() const {
  base::MutexLock lock(mutex_);
  return progress_;
}

bool Rewriter::Rest(std::chrono::microseconds pause) {
  base::MutexLock lock(mutex_);
  if (!stopping_ && pause.count() > 0) changed_.WaitFor(mutex_, pause);
  return stopping_;
}

bool Rewriter::Overlapping() const {
  return host_.NowUs() - keys_->ring()->active().created_us < kOverlapUs;
}

void Rewriter::Loop() {
  std::uint64_t clean = 0;  // the data key of which a whole pass found no older one
  while (!Rest(std::chrono::microseconds(0))) {
    const std::shared_ptr<const Keyring> ring = keys_->ring();
    const bool needed = ring->keys().size() > 1;
    Status status;
    if (needed && (clean != ring->active().id || !Overlapping())) {
      const bool last = !Overlapping();
      const Result<std::uint64_t> found =
          Pass(Context::Background(std::chrono::hours(24), &cancel_));
      status = found.status();
      if (found.ok() && *found == 0) {
        clean = ring->active().id;
        if (last) status = keys_->KeepLast(Context::Background(kCallTime, &cancel_));
      }
    }
    {
      base::MutexLock lock(mutex_);
      progress_.running = keys_->ring()->keys().size() > 1;
      progress_.problem = status.ok() ? "" : status.ToString();
    }
    if (!status.ok() && !cancel_.cancelled()) {
      host_.Warning("hosting_encrypted.rotation_waits", {{"why", status.ToString()}});
    }
    if (Rest(kLookAgain)) return;
  }
}

Result<std::uint64_t> Rewriter::Pass(const Context& context) {
  {
    base::MutexLock lock(mutex_);
    progress_ = Progress();
    progress_.running = true;
  }
  std::uint64_t found = 0;
  std::string at(kFirstKey);
  while (!at.empty()) {
    const auto begun = std::chrono::steady_clock::now();
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t some, Slice(context.WithTimeout(kCallTime), &at));
    found += some;
    const auto worked = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begun);
    if (Rest(worked * (100 - share_) / share_)) return Cancelled("the plugin stops");
  }
  host_.Info("hosting_encrypted.pass", {{"rows_of_older_keys", found}});
  return found;
}

Result<std::uint64_t> Rewriter::Slice(const Context& context, std::string* at) {
  const std::shared_ptr<const Keyring> ring = keys_->ring();
  v1::ScanRequest scan;
  scan.set_begin(*at);
  std::vector<std::string> chunks;
  std::size_t bytes = 0;
  STRATA_RETURN_IF_ERROR(store_->Scan(context, scan, [&](v1::ScanResponse& chunk) {
    bytes += chunk.rows().size();
    chunks.push_back(std::move(*chunk.mutable_rows()));
    return bytes < kSliceBytes;
  }));
  std::uint64_t found = 0;
  for (const std::string& rows : chunks)
    STRATA_RETURN_IF_ERROR(Renew(context, *ring, rows, &found));
  std::string_view last;
  if (bytes >= kSliceBytes) {
    RowReader reader(chunks.back());
    for (Row row; reader.Next(&row);) last = row.key;
  }
  *at = last.empty() ? std::string() : std::string(last) + '\0';
  return found;
}

Status Rewriter::Renew(const Context& context, const Keyring& ring, const std::string& rows,
                       std::uint64_t* found) {
  v1::RewriteRequest request;
  std::string value;
  std::uint64_t seen = 0;
  RowReader reader(rows);
  for (Row row; reader.Next(&row); ++seen) {
    if (DataKeyOf(row.value) == ring.active().id) continue;
    const std::string_view key = Original(row.key);
    STRATA_RETURN_IF_ERROR(OpenValue(ring, key, row.version, row.value, &value));
    v1::RowRewrite* renewed = request.add_rows();
    renewed->set_key(row.key.data(), row.key.size());
    renewed->set_version(row.version);
    STRATA_RETURN_IF_ERROR(SealValue(ring.active(), key, value, {}, renewed->mutable_value()));
  }
  *found += static_cast<std::uint64_t>(request.rows_size());
  if (request.rows_size() > 0) STRATA_RETURN_IF_ERROR(Send(context, &request));
  base::MutexLock lock(mutex_);
  progress_.rows_seen += seen;
  progress_.rows_rewritten += static_cast<std::uint64_t>(request.rows_size());
  return OkStatus();
}

// Rows that have changed meanwhile are skipped: the next pass looks at them again.
Status Rewriter::Send(const Context& context, v1::RewriteRequest* request) {
  v1::RewriteResponse response;
  return store_->Rewrite(context, *request, &response);
}

}  // namespace strata::plugins::hosting_encrypted
