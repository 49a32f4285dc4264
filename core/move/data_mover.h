#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/move/data_note.h"
#include "core/move/resource_sums.h"
#include "storage/replica/mover.h"
#include "storage/replica/pace.h"
#include "strata/data/v1/data.strata.h"

namespace strata::move {

// The two sides of a copy. Borrowed.
struct DataSides {
  const data::v1::DataClient* source;
  const data::v1::DataClient* target;
};

// Moves all records of one data plugin to another one, of any maker, while the first is written to:
//   Copy     Export -> Import, piece by piece, then Watch -> Import; counts and digests of both
//            sides, each from what that side itself exports; can be called again after an error or
//            in another life of the core, and goes on where its note says
//   Finish   when nothing is written to the source any more: the last changes, counts and digests
// With a target that takes versions as they are (DescribeResponse.import_versions) every version,
// deletion and time is carried over; with any other the current resources. Single-threaded.
class DataMover {
 public:
  struct Options {
    std::string note_file;
    storage::replica::Pace::Options pace;
    // Told after each step; false ends the move. May be empty.
    std::function<bool(const storage::replica::MoveProgress& progress)> report;
  };

  DataMover(const DataSides& sides, Options options);

  // FAILED_PRECONDITION: the target holds other records, or refuses some; DATA_LOSS: it does not
  // hold what it was given; CANCELLED: report() said so; and codes of the plugins.
  Status Copy(const Context& context);
  Status Finish(const Context& context);

  const storage::replica::MoveProgress& progress() const { return progress_; }
  // Whether versions were carried over as they are.
  bool versions() const { return versions_; }
  // Of each side, after Finish.
  const ResourceSums& source() const { return source_.sums; }
  const ResourceSums& target() const { return target_.sums; }

 private:
  using Clock = std::chrono::steady_clock;
  // What a side has, by its own account.
  struct Side {
    const data::v1::DataClient* client;
    ResourceSums sums;
    std::string cursor;
  };

  Status Begin(const Context& context);
  Status Adopt(const Context& context, const std::string& source_id, const std::string& target_id);
  Status CheckEmpty(const Context& context) const;
  Status Fill(const Context& context);
  Status Follow(const Context& context);
  Status Import(const Context& context,
                google::protobuf::RepeatedPtrField<data::v1::Resource>* resources);
  Status ImportPlainly(const Context& context, const data::v1::Resource& resource,
                       data::v1::ImportRequest* gathered);
  Status Send(const Context& context, data::v1::ImportRequest* request);
  Status CountAll(const Context& context, Side* side);
  Status CountChanges(const Context& context, Side* side);
  Status CatchUp(const Context& context);
  Status Save() const { return WriteNote(options_.note_file, note_); }
  Status Breathe(Clock::time_point* begun);
  Status Report();
  bool GoOn() const { return !options_.report || options_.report(progress_); }

  const DataSides sides_;
  const Options options_;
  storage::replica::Pace pace_;
  DataNote note_;
  bool versions_ = false;
  Side source_;
  Side target_;
  storage::replica::MoveProgress progress_;
  Clock::time_point begun_{};
  std::uint64_t items_ = 0;
};

}  // namespace strata::move
