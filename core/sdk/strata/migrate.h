#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "strata/plugin_table.h"
#include "strata/status.h"

// For plugins that keep data in more than one format ("strata.migrate/1"; the manifest declares
// them as "formats"). Until the operator commits the newest one, what is stored goes on being
// written as it is, so that the version before can come back; then it is migrated while serving.
//
//   Result<strata::FormatState> Format();          // what is stored and written
//   Status WriteFormat(std::uint32_t format);      // from now on, also after a crash; idempotent
//   Result<strata::FormatState> Migrate(std::chrono::microseconds budget);   // one more piece
//   const void* Extension(std::string_view id) { return strata::MigrateExtension<MyStore>(id); }
//
// All three are control calls: one at a time, beside handlers. Each commit of a handler requires
// the row that says which format is written to be unchanged: else one that began before
// WriteFormat could leave a row in the old format behind the migration's back.
namespace strata {

struct FormatState {
  std::uint32_t writes = 0;
  std::uint32_t lowest = 0;  // Equal to `writes`: nothing is left to be migrated.
  std::uint64_t done = 0;    // Of this migration, in rows or whatever it counts.
  std::uint64_t total = 0;   // 0: not known.
};

namespace sdk {

inline Status TakeFormat(const Result<FormatState>& state, strata_format_state* out) {
  if (!state.ok()) return state.status();
  out->writes = state->writes;
  out->lowest = state->lowest;
  out->done = state->done;
  out->total = state->total;
  return {};
}

template <typename F>
strata_code ExplainAll(strata_status* why, F&& fn) {
  try {
    return Explain(why, fn());
  } catch (...) {
    return Explain(why, CurrentExceptionStatus());
  }
}

template <typename P>
strata_code AskFormat(void* self, strata_format_state* out, strata_status* why) {
  return ExplainAll(why, [&] { return TakeFormat(static_cast<P*>(self)->Format(), out); });
}

template <typename P>
strata_code SetFormat(void* self, std::uint32_t format, strata_status* why) {
  return ExplainAll(why, [&] { return static_cast<P*>(self)->WriteFormat(format); });
}

template <typename P>
strata_code MigratePiece(void* self, std::int64_t budget_us, strata_format_state* out,
                         strata_status* why) {
  return ExplainAll(why, [&] {
    return TakeFormat(static_cast<P*>(self)->Migrate(std::chrono::microseconds(budget_us)), out);
  });
}

}  // namespace sdk

// The extension of P when `id` names it, else null.
template <typename P>
const void* MigrateExtension(std::string_view id) {
  static constexpr strata_ext_migrate kTable = {sizeof(strata_ext_migrate), &sdk::AskFormat<P>,
                                                &sdk::SetFormat<P>, &sdk::MigratePiece<P>};
  return id == STRATA_EXT_MIGRATE ? &kTable : nullptr;
}

}  // namespace strata
