#include "plugins/data_fhir/service/reindexer.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::service {
namespace {

using layout::ResourceNumber;
using layout::TypeNumber;

constexpr auto kPause = std::chrono::seconds(1);
constexpr auto kCallTimeout = std::chrono::seconds(60);
constexpr std::size_t kBatch = 256;
constexpr std::uint64_t kSweepRows = 2000;

// How much of the parameter's types lies before a place: each type counts the same.
std::uint64_t Permille(const model::CustomParameter& parameter, TypeNumber at, ResourceNumber n) {
  std::uint64_t types = 0;
  std::uint64_t done = 0;
  const std::uint64_t end = std::max<std::uint64_t>(parameter.end_number, 1);
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    if (!parameter.AppliesTo(layout::TypeNameOf(static_cast<TypeNumber>(type)))) continue;
    ++types;
    if (type < at) done += 1000;
    if (type == at) done += 1000 * std::min<std::uint64_t>(n, end) / end;
  }
  return types == 0 ? 1000 : done / types;
}

}  // namespace

void Reindexer::Start() {
  background_.Start("fhir-reindex", [this] {
    // What fails (the layer below is gone, another node was faster) is tried again.
    static_cast<void>(RunOnce(Context::Background(kCallTimeout)));
    return kPause;
  });
}

Status Reindexer::RunOnce(const Context& cx) {
  STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(cx));
  for (const std::uint16_t number : set->dropped) {
    if (stopping()) return {};
    return Sweep(cx, *set, number);
  }
  for (const auto& parameter : set->custom.all()) {
    if (!parameter->active) return Index(cx, *parameter);
  }
  return {};
}

Status Reindexer::Index(const Context& cx, const model::CustomParameter& wanted) {
  const std::uint16_t number = wanted.definition.number;
  STRATA_ASSIGN_OR_RETURN(const store::HostedRow row,
                          store_.hosting.GetOne(cx, store::ReindexKey(number)));
  ResourceCursor cursor = ResourceCursor::Decode(row.value, store_.now_us());
  while (!stopping()) {
    // A call of its own for each commit: the whole may take long.
    const Context call = Context::Background(kCallTimeout);
    STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(call));
    const auto all = set->custom.all();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& parameter) {
      return parameter->definition.number == number;
    });
    if (found == all.end() || (*found)->active) return {};
    if (cursor.at_end()) {
      store::RowChanges changes;
      store::Definitions::Complete(*set, number, &changes);
      STRATA_RETURN_IF_ERROR(store_.hosting.Commit(call, std::move(changes)).status());
      return store_.definitions.Refresh(call).status();
    }
    const Status status = Batch(call, *set, **found, &cursor);
    if (!status.ok() && status.code() != Code::kAborted) return status;
  }
  return {};
}

Status Reindexer::Batch(const Context& cx, const store::DefinitionSet& set,
                        const model::CustomParameter& parameter, ResourceCursor* cursor) {
  ResourceCursor next = *cursor;
  const std::uint16_t number = parameter.definition.number;
  std::vector<ResourceNumber> numbers;
  if (parameter.AppliesTo(layout::TypeNameOf(cursor->type))) {
    STRATA_ASSIGN_OR_RETURN(numbers, ResourcesFrom(store_, cx, *cursor, kBatch));
  }
  const layout::ParameterNumber only[] = {number};
  const EntriesOf entries = [&](json::Value resource, index::EntryList* out) {
    set.extractor().ExtractOnly(cursor->type, resource, only, out);
  };
  store::RowChanges changes;
  STRATA_RETURN_IF_ERROR(IndexResources(store_, cx, cursor->type, numbers, entries, &changes));
  next.Pass(numbers, kBatch);
  const bool skips = numbers.empty() && !next.at_end();
  if (!skips) {
    STRATA_RETURN_IF_ERROR(store_.definitions.Change(cx, set, {}, &changes));
    changes.Put(store::ReindexKey(number), next.Encode());
    STRATA_RETURN_IF_ERROR(store_.hosting.Commit(cx, std::move(changes)).status());
  }
  *cursor = next;
  model::IndexProgress& progress = *parameter.progress;
  const std::int64_t elapsed_us = std::max<std::int64_t>(store_.now_us() - next.began_us, 1);
  const std::uint64_t permille = Permille(parameter, next.type, next.n);
  progress.done = next.done;
  progress.permille = static_cast<std::uint32_t>(std::min<std::uint64_t>(permille, 999));
  progress.per_second = next.done * 1'000'000 / static_cast<std::uint64_t>(elapsed_us);
  progress.seconds_left = permille == 0 ? -1
                                        : elapsed_us / 1'000'000 *
                                              static_cast<std::int64_t>(1000 - permille) /
                                              static_cast<std::int64_t>(permille);
  return {};
}

Status Reindexer::Sweep(const Context& cx, const store::DefinitionSet& set, std::uint16_t number) {
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    for (const unsigned bits : {0U, unsigned{layout::kCompanion}}) {
      const std::string begin = layout::IndexPrefix(
          static_cast<TypeNumber>(type), static_cast<layout::ParameterNumber>(number | bits));
      const std::string end = layout::PrefixEnd(begin);
      bool more = true;
      while (more && !stopping()) {
        store::RowChanges changes;
        STRATA_RETURN_IF_ERROR(
            store_.hosting.Scan(cx, {begin, end, false, true, kSweepRows},
                                [&](std::string_view key, std::uint64_t, std::string_view) {
                                  changes.Erase(std::string(key));
                                  return true;
                                }));
        more = changes.row_count() == kSweepRows;
        if (changes.empty()) break;
        STRATA_RETURN_IF_ERROR(store_.hosting.Commit(cx, std::move(changes)).status());
      }
    }
  }
  if (stopping()) return {};
  store::RowChanges changes;
  store::Definitions::Complete(set, number, &changes);
  return store_.hosting.Commit(cx, std::move(changes)).status();
}

std::string ReindexStatus(const store::DefinitionSet& set) {
  std::string text;
  json::Writer writer(&text);
  writer.BeginObject().Field("resourceType", "Parameters").Key("parameter").BeginArray();
  const auto part = [&](std::string_view name, std::string_view type, std::string_view value) {
    writer.BeginObject().Field("name", name).Key(type);
    if (type == "valueDecimal" || type == "valueInteger") {
      writer.Raw(value);
    } else {
      writer.String(value);
    }
    writer.EndObject();
  };
  for (const auto& parameter : set.custom.all()) {
    writer.BeginObject().Field("name", "searchParameter").Key("part").BeginArray();
    part("reference", "valueUri", "SearchParameter/" + parameter->id);
    part("code", "valueCode", parameter->code);
    part("status", "valueCode", parameter->active ? "active" : "indexing");
    const model::IndexProgress& progress = *parameter->progress;
    const std::uint32_t permille = parameter->active ? 1000 : progress.permille.load();
    part("percent", "valueDecimal",
         std::to_string(permille / 10) + "." + std::to_string(permille % 10));
    part("resources", "valueInteger", std::to_string(progress.done.load()));
    part("perSecond", "valueInteger", std::to_string(progress.per_second.load()));
    if (!parameter->active && progress.seconds_left.load() >= 0) {
      part("secondsLeft", "valueInteger", std::to_string(progress.seconds_left.load()));
    }
    writer.EndArray().EndObject();
  }
  writer.EndArray().EndObject();
  return text;
}

}  // namespace strata::fhir::service
