#include "storage/replica/fill.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/base/rows.h"

namespace strata::storage::replica {
namespace {

namespace v1 = hosting::v1;

constexpr auto kMostFollow = std::chrono::seconds(2);

class Filler {
 public:
  Filler(const Stores& stores, const Context& context, const FillOptions& options, Cursor* cursor)
      : stores_(stores), context_(context), options_(options), cursor_(*cursor) {}

  Status Run() {
    for (bool more = true; more;) {
      if (!cursor_.at.empty()) STRATA_RETURN_IF_ERROR(CatchUp(cursor_.at));
      STRATA_RETURN_IF_ERROR(CopySlice(&more));
      if (options_.on_slice) STRATA_RETURN_IF_ERROR(options_.on_slice(cursor_));
    }
    // The rows of the last slices may be newer than the commits that came before them.
    cursor_.phase = Cursor::Phase::kFollowing;
    cursor_.at.clear();
    return CatchUp({});
  }

 private:
  // Commits since cursor_.tail that touch keys before `before` (empty: all).
  Status CatchUp(const std::string& before) {
    TailOptions tail;
    tail.after = cursor_.tail;
    tail.before = before;
    tail.stop_at_end = true;
    tail.restart_feed = true;
    tail.prepare = [this](TailBatch& batch) {
      cursor_.tail = batch.up_to;
      batch.messages.front().set_cursor(Encode(cursor_));
      return OkStatus();
    };
    bool exact = false;
    const bool last = before.empty();
    const auto until = std::chrono::steady_clock::now() + kMostFollow;
    tail.applied = [&](const TailBatch& batch) {
      exact = batch.exact;
      // A source that is written to faster than this goes has no end.
      return std::chrono::steady_clock::now() < until || (last && !exact);
    };
    do {
      tail.after = cursor_.tail;
      STRATA_RETURN_IF_ERROR(CarryTail(stores_, context_, tail));
    } while (last && !exact);
    return last ? Settle() : OkStatus();
  }

  // Puts the cursor down, also when no commit came meanwhile.
  Status Settle() {
    if (cursor_.tail == 0) return OkStatus();
    std::vector<v1::IngestRequest> messages(1);
    messages[0].set_up_to_version(cursor_.tail);
    messages[0].set_restart_feed(true);
    messages[0].set_cursor(Encode(cursor_));
    return IngestAll(*stores_.target, context_, &messages);
  }

  Status CopySlice(bool* more) {
    v1::ScanRequest scan;
    scan.set_begin(cursor_.at);
    std::vector<v1::IngestRequest> messages(1);
    std::size_t bytes = 0;
    std::uint64_t view = 0;
    std::string last_key;
    *more = false;
    const Status scanned = stores_.source->Scan(context_, scan, [&](v1::ScanResponse& chunk) {
      view = chunk.view_version();
      cursor_.rows += chunk.row_count();
      bytes += chunk.rows().size();
      RowReader reader(chunk.rows());
      std::string_view key;
      for (Row row; reader.Next(&row);) key = row.key;
      last_key.assign(key);
      v1::IngestRequest& message = messages.emplace_back();
      message.set_rows(std::move(*chunk.mutable_rows()));
      message.set_up_to_version(view);
      message.set_restart_feed(true);
      *more = bytes >= options_.slice_bytes;
      return !*more;
    });
    STRATA_RETURN_IF_ERROR(scanned);
    if (view == 0) return OkStatus();  // nothing was ever written
    // The commits up to this view are in the slice, but not in what was copied before it.
    if (cursor_.at.empty()) cursor_.tail = view;
    v1::KeyRange* range = messages[0].mutable_range();
    range->set_begin(cursor_.at);
    if (*more) {
      cursor_.at = last_key + '\0';
      range->set_end(cursor_.at);
    }
    cursor_.bytes += bytes;
    messages[0].set_up_to_version(view);
    messages[0].set_restart_feed(true);
    messages[0].set_cursor(Encode(cursor_));
    return IngestAll(*stores_.target, context_, &messages);
  }

  const Stores& stores_;
  const Context& context_;
  const FillOptions& options_;
  Cursor& cursor_;
};

}  // namespace

Status Fill(const Stores& stores, const Context& context, const FillOptions& options,
            Cursor* cursor) {
  cursor->phase = Cursor::Phase::kFilling;
  return Filler(stores, context, options, cursor).Run();
}

}  // namespace strata::storage::replica
