#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "storage/sqlite/options.h"
#include "storage/sqlite/reader.h"

namespace strata::storage::sqlite {

class ViewPool;

// A view that stays the same between calls. Owners: the lease of a snapshot, and the calls that
// read it. The pool may end it when it holds up the log for too long. Thread-safe.
class HeldView {
 public:
  HeldView(ViewPool* pool, std::unique_ptr<Reader> reader);
  ~HeldView();
  HeldView(const HeldView&) = delete;
  HeldView& operator=(const HeldView&) = delete;

  Version version() const { return version_; }
  std::uint64_t renewals() const { return renewals_; }

  // Runs fn(Reader&) -> Status or Result alone on the view. UNAVAILABLE: it was ended.
  template <typename F>
  auto Use(F&& fn) -> decltype(fn(std::declval<Reader&>())) {
    base::MutexLock lock(mutex_);
    if (reader_ == nullptr) return Unavailable("the view was ended because it held up the log");
    return fn(*reader_);
  }

  bool ended() const { return ended_.load(std::memory_order_acquire); }
  std::chrono::steady_clock::time_point begun() const { return begun_; }

 private:
  friend class ViewPool;
  // Ends the view; false when a call is reading from it right now.
  bool TryEnd();

  ViewPool* const pool_;
  const Version version_;
  const std::uint64_t renewals_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<bool> ended_{false};
  base::Mutex mutex_;
  std::unique_ptr<Reader> reader_ STRATA_GUARDED_BY(mutex_);
};

// The connections for reading. A reader that comes back keeps its view, so that the next Get finds
// it open when nothing was committed in between. Thread-safe.
class ViewPool {
 public:
  ViewPool(std::string path, const char* vfs, const SqliteOptions& options);

  // Told by the writer after each commit.
  void Publish(Version version) { last_version_.store(version, std::memory_order_release); }
  // Told by the writer when the rows of the latest commit are stored anew: readers begin new views.
  void Renew() { renewals_.fetch_add(1, std::memory_order_acq_rel); }
  Version last_version() const { return last_version_.load(std::memory_order_acquire); }

  // A reader with a view of the latest commit. RESOURCE_EXHAUSTED: too many are out; UNAVAILABLE:
  // closed.
  Result<std::unique_ptr<Reader>> Take();
  // Opens the readers that most calls need, so that the first calls find them.
  Status Warm();
  void Return(std::unique_ptr<Reader> reader);

  Result<std::shared_ptr<HeldView>> Hold();
  std::shared_ptr<HeldView> Hold(std::unique_ptr<Reader> reader);
  // The same, but shares the view of another holder when it is of the latest commit.
  Result<std::shared_ptr<HeldView>> HoldShared();

  // Ends the views of readers that nobody uses.
  void EndIdleViews();
  // While the log shall start anew: readers come back without a view, so that it waits for no
  // longer than the reads that are under way take. The first call ends idle views, too.
  void SetLogRestarts(bool restarts);
  // Whether somebody holds a view that is older than the latest commit, and has for some time
  // (options.brief_view).
  bool HasOldViews();
  // Ends those that are not being read at this moment.
  void EndOldViews();
  std::uint64_t ended_views() const { return ended_views_.load(std::memory_order_relaxed); }

  // Closes the idle readers; those that are out close when they come back.
  void Close();

 private:
  friend class HeldView;
  bool IsLatest(const Reader& reader) const {
    return reader.in_view() && reader.view_version() == last_version() &&
           reader.renewals() == renewals_.load(std::memory_order_acquire);
  }
  bool IsOld(const HeldView& view) const;
  void Register(HeldView* view);
  void Unregister(HeldView* view);
  Result<std::unique_ptr<Reader>> OpenReader();

  const std::string path_;
  const std::string vfs_;
  const std::size_t max_readers_;
  const std::size_t main_cache_bytes_;
  const std::chrono::microseconds brief_view_;
  std::atomic<Version> last_version_{0};
  std::atomic<std::uint64_t> renewals_{0};
  std::atomic<std::uint64_t> ended_views_{0};

  base::Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_ STRATA_GUARDED_BY(mutex_);
  std::size_t open_ STRATA_GUARDED_BY(mutex_) = 0;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  bool log_restarts_ STRATA_GUARDED_BY(mutex_) = false;

  base::Mutex held_mutex_;
  std::set<HeldView*> held_ STRATA_GUARDED_BY(held_mutex_);
  std::weak_ptr<HeldView> shared_ STRATA_GUARDED_BY(held_mutex_);
};

}  // namespace strata::storage::sqlite
