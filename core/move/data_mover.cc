#include "core/move/data_mover.h"

#include <algorithm>
#include <utility>

namespace strata::move {
namespace {

namespace v1 = data::v1;
using Resources = google::protobuf::RepeatedPtrField<v1::Resource>;

constexpr int kMostRounds = 10'000;
// What following takes when the target is as close as it need be, and as it may get.
constexpr auto kMoment = std::chrono::milliseconds(20);
constexpr auto kLongMoment = std::chrono::milliseconds(500);
constexpr int kRoundsToSettle = 5;

std::string Joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out.append(out.empty() ? "" : ", ").append(part);
  return out;
}

}  // namespace

DataMover::DataMover(const DataSides& sides, Options options)
    : sides_(sides),
      options_(std::move(options)),
      pace_(options_.pace),
      source_{sides.source, ResourceSums(true), {}},
      target_{sides.target, ResourceSums(true), {}} {}

// ---- where to begin ----------------------------------------------------------------------------

Status DataMover::Begin(const Context& context) {
  v1::DescribeResponse source;
  v1::DescribeResponse target;
  STRATA_RETURN_IF_ERROR(sides_.source->Describe(context, {}, &source));
  STRATA_RETURN_IF_ERROR(sides_.target->Describe(context, {}, &target));
  if (source.fhir_version() != target.fhir_version()) {
    return FailedPrecondition("the target keeps FHIR " + target.fhir_version() + ", the source " +
                              source.fhir_version());
  }
  if (!source.store_id().empty() && source.store_id() == target.store_id()) {
    return FailedPrecondition("both sides are built on the same store");
  }
  versions_ = target.import_versions();
  return Adopt(context, source.store_id(), target.store_id());
}

// Goes on with what an earlier copy left, or begins anew in an empty target.
Status DataMover::Adopt(const Context& context, const std::string& source_id,
                        const std::string& target_id) {
  STRATA_ASSIGN_OR_RETURN(note_, ReadNote(options_.note_file));
  const bool known = !source_id.empty() && !target_id.empty();
  if (known && note_.source_id == source_id && note_.target_id == target_id) return OkStatus();
  DataNote fresh;
  fresh.source_id = source_id;
  fresh.target_id = target_id;
  // The way back: the source is the copy of the target, which nobody has written to since.
  const bool back = known && note_.source_id == target_id && note_.target_id == source_id &&
                    !note_.back_cursor.empty();
  if (back) {
    fresh.copied = true;
    fresh.cursor = note_.back_cursor;
  } else {
    STRATA_RETURN_IF_ERROR(CheckEmpty(context));
  }
  note_ = std::move(fresh);
  return Save();
}

Status DataMover::CheckEmpty(const Context& context) const {
  bool empty = true;
  v1::ExportRequest request;
  request.set_all_versions(true);
  const Status exported =
      sides_.target->Export(context, request, [&](const v1::ExportResponse& message) {
        empty = empty && message.resources_size() == 0;
        return empty;
      });
  if (!empty) {
    return FailedPrecondition("the target holds other records; give it an empty store");
  }
  return exported;
}

// ---- copying -----------------------------------------------------------------------------------

Status DataMover::Copy(const Context& context) {
  STRATA_RETURN_IF_ERROR(Begin(context));
  pace_.Look([this] { return GoOn(); });
  begun_ = Clock::now();
  progress_.step = "copy";
  progress_.rows = progress_.rows_at_start = note_.resources;
  progress_.bytes = note_.bytes;
  STRATA_RETURN_IF_ERROR(Report());
  if (!note_.copied) STRATA_RETURN_IF_ERROR(Fill(context));
  progress_.step = "follow";
  STRATA_RETURN_IF_ERROR(Follow(context));
  progress_.step = "compare";
  progress_.rows_total = std::max(progress_.rows, progress_.rows_total);
  progress_.rows = progress_.rows_at_start = 0;
  begun_ = Clock::now();
  STRATA_RETURN_IF_ERROR(CountAll(context, &source_));
  STRATA_RETURN_IF_ERROR(CountAll(context, &target_));
  progress_.step = "follow";
  return CatchUp(context);
}

Status DataMover::Fill(const Context& context) {
  v1::ExportRequest request;
  request.set_all_versions(versions_);
  request.set_after(note_.position);
  auto begun = Clock::now();
  Status status;
  const auto take = [&](v1::ExportResponse& message) -> Status {
    // Of the first export only: what came since its beginning is in the feed behind it.
    if (note_.cursor.empty()) note_.cursor = message.watch_cursor();
    if (message.total_estimate() > 0) {
      progress_.rows_total = static_cast<std::uint64_t>(message.total_estimate());
    }
    STRATA_RETURN_IF_ERROR(Import(context, message.mutable_resources()));
    if (!message.position().empty()) note_.position = message.position();
    note_.resources = progress_.rows;
    note_.bytes = progress_.bytes;
    STRATA_RETURN_IF_ERROR(Save());
    return Breathe(&begun);
  };
  const Status exported = sides_.source->Export(context, request, [&](v1::ExportResponse& message) {
    status = take(message);
    return status.ok();
  });
  STRATA_RETURN_IF_ERROR(status);
  STRATA_RETURN_IF_ERROR(exported);
  note_.copied = true;
  return Save();
}

// The changes since note_.cursor, to the end.
Status DataMover::Follow(const Context& context) {
  v1::WatchRequest request;
  request.set_cursor(note_.cursor);
  request.set_with_json(true);
  request.set_stop_at_end(true);
  Status status;
  const auto take = [&](v1::WatchResponse& message) -> Status {
    const bool changed = message.resources_size() > 0;
    STRATA_RETURN_IF_ERROR(Import(context, message.mutable_resources()));
    if (!message.cursor().empty()) note_.cursor = message.cursor();
    return changed && !message.cursor().empty() ? Save() : OkStatus();
  };
  const Status watched = sides_.source->Watch(context, request, [&](v1::WatchResponse& message) {
    status = take(message);
    return status.ok();
  });
  return status.ok() ? watched : status;
}

Status DataMover::Import(const Context& context, Resources* resources) {
  v1::ImportRequest request;
  for (v1::Resource& resource : *resources) {
    ++progress_.rows;
    progress_.bytes += resource.json().size();
    if (!versions_) {
      STRATA_RETURN_IF_ERROR(ImportPlainly(context, resource, &request));
      continue;
    }
    v1::ImportItem* const item = request.add_items();
    item->set_item(++items_);
    item->mutable_version()->Swap(&resource);
  }
  return Send(context, &request);
}

// Gathers imports until a deletion comes.
Status DataMover::ImportPlainly(const Context& context, const v1::Resource& resource,
                                v1::ImportRequest* gathered) {
  if (resource.change() != v1::CHANGE_DELETED) {
    v1::ImportItem* const item = gathered->add_items();
    item->set_item(++items_);
    item->set_json(resource.json());
    return OkStatus();
  }
  STRATA_RETURN_IF_ERROR(Send(context, gathered));
  v1::DeleteRequest request;
  request.set_type(resource.type());
  request.set_id(resource.id());
  v1::DeleteResponse response;
  const Status status = sides_.target->Delete(context, request, &response);
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

Status DataMover::Send(const Context& context, v1::ImportRequest* request) {
  if (request->items_size() == 0) return OkStatus();
  bool sent = false;
  int faults = 0;
  const auto next = [&](v1::ImportRequest* message) {
    if (std::exchange(sent, true)) return false;
    message->Swap(request);
    return true;
  };
  STRATA_RETURN_IF_ERROR(
      sides_.target->Import(context, next, [&](const v1::ImportResponse& response) {
        faults += response.faults_size();
        return true;
      }));
  request->Clear();
  if (faults == 0) return OkStatus();
  return FailedPrecondition("the target refuses " + std::to_string(faults) +
                            " of the records that the source has");
}

// ---- comparing ---------------------------------------------------------------------------------

Status DataMover::CountAll(const Context& context, Side* side) {
  side->sums = ResourceSums(versions_);
  side->cursor.clear();
  v1::ExportRequest request;
  request.set_all_versions(versions_);
  auto begun = Clock::now();
  Status status;
  const auto take = [&](const v1::ExportResponse& message) -> Status {
    if (side->cursor.empty()) side->cursor = message.watch_cursor();
    for (const v1::Resource& resource : message.resources()) {
      STRATA_RETURN_IF_ERROR(side->sums.Put(resource));
    }
    progress_.rows = side->sums.count();
    return Breathe(&begun);
  };
  const Status exported =
      side->client->Export(context, request, [&](const v1::ExportResponse& message) {
        status = take(message);
        return status.ok();
      });
  return status.ok() ? exported : status;
}

Status DataMover::CountChanges(const Context& context, Side* side) {
  v1::WatchRequest request;
  request.set_cursor(side->cursor);
  request.set_with_json(true);
  request.set_stop_at_end(true);
  Status status;
  const Status watched = side->client->Watch(context, request, [&](const v1::WatchResponse& got) {
    for (const v1::Resource& resource : got.resources()) {
      status = side->sums.Put(resource);
      if (!status.ok()) return false;
    }
    if (!got.cursor().empty()) side->cursor = got.cursor();
    return true;
  });
  return status.ok() ? watched : status;
}

// Until the target is not behind by more than what a moment brings, or is as close as it gets.
Status DataMover::CatchUp(const Context& context) {
  auto shortest = Clock::duration::max();
  for (int round = 0; round < kMostRounds; ++round) {
    const auto begun = Clock::now();
    STRATA_RETURN_IF_ERROR(Follow(context));
    STRATA_RETURN_IF_ERROR(CountChanges(context, &source_));
    STRATA_RETURN_IF_ERROR(CountChanges(context, &target_));
    STRATA_RETURN_IF_ERROR(Report());
    const auto took = Clock::now() - begun;
    if (took < kMoment) return OkStatus();
    if (round >= kRoundsToSettle && took < kLongMoment && took <= shortest * 3 / 2) {
      return OkStatus();
    }
    shortest = std::min(shortest, took);
  }
  return Unavailable("the source is written to faster than the target can follow");
}

Status DataMover::Finish(const Context& context) {
  STRATA_RETURN_IF_ERROR(Follow(context));
  STRATA_RETURN_IF_ERROR(CountChanges(context, &source_));
  STRATA_RETURN_IF_ERROR(CountChanges(context, &target_));
  const std::vector<std::string> different = source_.sums.Differences(target_.sums);
  if (!different.empty()) {
    return DataLoss("the copy differs from its source in " + Joined(different));
  }
  note_.back_cursor = target_.cursor;
  progress_.rows = progress_.rows_total = target_.sums.count();
  STRATA_RETURN_IF_ERROR(Save());
  return Report();
}

// ---- telling and resting -----------------------------------------------------------------------

Status DataMover::Report() {
  progress_.Estimate(begun_);
  return GoOn() ? OkStatus() : Cancelled("the move was ended");
}

Status DataMover::Breathe(Clock::time_point* begun) {
  STRATA_RETURN_IF_ERROR(Report());
  bool go_on = true;
  pace_.Rest(Clock::now() - *begun, [&] { return go_on = GoOn(); });
  *begun = Clock::now();
  return go_on ? OkStatus() : Cancelled("the move was ended");
}

}  // namespace strata::move
