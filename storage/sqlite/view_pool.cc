#include "storage/sqlite/view_pool.h"

#include <algorithm>
#include <utility>

namespace strata::storage::sqlite {
namespace {

// Each reader has a page cache of its own: the first few, which serve most calls, share the memory
// that readers may take; those beyond, mostly snapshots, make do with little.
constexpr std::size_t kMainReaders = 4;
constexpr std::size_t kOtherReaderCache = std::size_t{128} << 10;
// More idle ones than this are closed.
constexpr std::size_t kIdleReaders = 8;

}  // namespace

HeldView::HeldView(ViewPool* pool, std::unique_ptr<Reader> reader)
    : pool_(pool),
      version_(reader->view_version()),
      renewals_(reader->renewals()),
      reader_(std::move(reader)) {
  pool_->Register(this);
}

HeldView::~HeldView() {
  pool_->Unregister(this);
  base::MutexLock lock(mutex_);
  if (reader_ != nullptr) pool_->Return(std::move(reader_));
}

bool HeldView::TryEnd() {
  if (!mutex_.TryLock()) return false;
  std::unique_ptr<Reader> reader = std::move(reader_);
  mutex_.Unlock();
  if (reader == nullptr) return false;
  ended_.store(true, std::memory_order_release);
  reader->EndView();
  pool_->Return(std::move(reader));
  return true;
}

ViewPool::ViewPool(std::string path, const char* vfs, const SqliteOptions& options)
    : path_(std::move(path)),
      vfs_(vfs),
      max_readers_(options.max_readers),
      main_cache_bytes_(options.cache_bytes / 2 / kMainReaders),
      brief_view_(options.brief_view) {}

Result<std::unique_ptr<Reader>> ViewPool::OpenReader() {
  std::size_t cache_bytes = main_cache_bytes_;
  {
    base::MutexLock lock(mutex_);
    if (closed_) return Unavailable("the store is closed");
    if (open_ >= max_readers_) return ResourceExhausted("too many snapshots and scans are open");
    if (++open_ > kMainReaders) cache_bytes = std::min(cache_bytes, kOtherReaderCache);
  }
  Result<Reader> reader = Reader::Open(path_, vfs_.c_str(), cache_bytes);
  if (reader.ok()) return std::make_unique<Reader>(*std::move(reader));
  base::MutexLock lock(mutex_);
  --open_;
  return reader.status();
}

Result<std::unique_ptr<Reader>> ViewPool::Take() {
  std::unique_ptr<Reader> reader;
  {
    base::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      reader = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (reader == nullptr) {
    STRATA_ASSIGN_OR_RETURN(reader, OpenReader());
  }
  if (IsLatest(*reader)) return reader;
  const Status begun = reader->BeginView(renewals_.load(std::memory_order_acquire));
  if (begun.ok()) return reader;
  Return(std::move(reader));
  return begun;
}

Status ViewPool::Warm() {
  for (std::size_t i = 0; i < kMainReaders; ++i) {
    STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, OpenReader());
    const Status warm = reader->Warm();
    Return(std::move(reader));
    STRATA_RETURN_IF_ERROR(warm);
  }
  return OkStatus();
}

void ViewPool::Return(std::unique_ptr<Reader> reader) {
  if (reader->in_view() && !IsLatest(*reader)) reader->EndView();
  std::unique_ptr<Reader> surplus;  // closed outside of the lock
  base::MutexLock lock(mutex_);
  if (log_restarts_) reader->EndView();
  // The next call takes the last one: those with the large caches go before the others, and stay
  // when there are too many.
  const bool is_main = reader->cache_bytes() >= main_cache_bytes_;
  idle_.insert(is_main ? idle_.end() : idle_.begin(), std::move(reader));
  if (closed_ || idle_.size() > kIdleReaders) {
    --open_;
    surplus = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
}

Result<std::shared_ptr<HeldView>> ViewPool::Hold() {
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, Take());
  return Hold(std::move(reader));
}

std::shared_ptr<HeldView> ViewPool::Hold(std::unique_ptr<Reader> reader) {
  return std::make_shared<HeldView>(this, std::move(reader));
}

Result<std::shared_ptr<HeldView>> ViewPool::HoldShared() {
  std::shared_ptr<HeldView> view;  // may be the last owner: let go of outside of the lock
  {
    base::MutexLock lock(held_mutex_);
    view = shared_.lock();
  }
  if (view != nullptr && view->version() == last_version() && !view->ended() &&
      view->renewals() == renewals_.load(std::memory_order_acquire)) {
    return view;
  }
  STRATA_ASSIGN_OR_RETURN(view, Hold());
  base::MutexLock lock(held_mutex_);
  shared_ = view;
  return view;
}

void ViewPool::Register(HeldView* view) {
  base::MutexLock lock(held_mutex_);
  held_.insert(view);
}

void ViewPool::Unregister(HeldView* view) {
  base::MutexLock lock(held_mutex_);
  held_.erase(view);
}

void ViewPool::EndIdleViews() {
  base::MutexLock lock(mutex_);
  for (const std::unique_ptr<Reader>& reader : idle_) reader->EndView();
}

void ViewPool::SetLogRestarts(bool restarts) {
  base::MutexLock lock(mutex_);
  log_restarts_ = restarts;
  if (!restarts) return;
  for (const std::unique_ptr<Reader>& reader : idle_) reader->EndView();
}

bool ViewPool::IsOld(const HeldView& view) const {
  return view.version() < last_version() && !view.ended() &&
         std::chrono::steady_clock::now() - view.begun() >= brief_view_;
}

bool ViewPool::HasOldViews() {
  base::MutexLock lock(held_mutex_);
  return std::any_of(held_.begin(), held_.end(),
                     [this](const HeldView* view) { return IsOld(*view); });
}

void ViewPool::EndOldViews() {
  base::MutexLock lock(held_mutex_);
  for (HeldView* view : held_) {
    if (IsOld(*view) && view->TryEnd()) ended_views_.fetch_add(1, std::memory_order_relaxed);
  }
}

void ViewPool::Close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
  open_ -= idle_.size();
  idle_.clear();
}

}  // namespace strata::storage::sqlite
