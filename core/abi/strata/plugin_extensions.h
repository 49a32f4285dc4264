/* plugin_extensions.h - what host and plugin may offer beyond plugin_abi.h, asked for by id through
 * the `extension` functions. A released extension never changes: a new one gets the next number.
 * The rules R1..R8 of plugin_abi.h hold here too. */
#ifndef STRATA_PLUGIN_EXTENSIONS_H
#define STRATA_PLUGIN_EXTENSIONS_H
#include "plugin_abi.h"
#ifdef __cplusplus
extern "C" {
#endif
/* C++ linters: this is C. NOLINTBEGIN */

#define STRATA_EXT_SECRETS "strata.host.secrets/1" /* host: passwords and keys, by reference */
typedef struct strata_ext_secrets {
  uint32_t struct_size;
  /* Calls use(arg, secret) before it returns, then wipes the bytes. NOT_FOUND,
   * PERMISSION_DENIED (not in the manifest's permissions). [any] */
  strata_code (*get)(const strata_host* h, strata_str name, void (*use)(void* arg, strata_bytes),
                     void* arg);
} strata_ext_secrets;

/* plugin: the formats of what it keeps (manifest: "formats"). It goes on in the format that is
 * stored until write() is called, so that the version before it can come back; what is new it
 * writes in the newest one. Progress lies in its own store: a crash loses at most one piece. */
#define STRATA_EXT_MIGRATE "strata.migrate/1"
typedef struct strata_format_state {
  uint32_t struct_size;
  uint32_t writes; /* the format that it writes now */
  uint32_t lowest; /* the oldest that is stored still; equal to writes: nothing is to be migrated */
  uint32_t reserved;
  uint64_t done;  /* rows, or what it counts, that were migrated to `writes`, before restarts too */
  uint64_t total; /* of as many; 0 = not known */
} strata_format_state;
typedef struct strata_ext_migrate {
  uint32_t struct_size;
  strata_code (*state)(void* self, strata_format_state* out, strata_status* why); /* [ctl] */
  /* From here on it writes `format`, whatever happens; both are read. Idempotent. [ctl] */
  strata_code (*write)(void* self, uint32_t format, strata_status* why);
  /* Migrates another piece of what is stored, for about so long, while calls are served. Called
   * until lowest == writes, with rests in between. UNAVAILABLE, ABORTED: called again. [ctl] */
  strata_code (*step)(void* self, int64_t budget_us, strata_format_state* out, strata_status* why);
} strata_ext_migrate;

/* host: is start() part of a handover? */
#define STRATA_EXT_HOST_HANDOVER "strata.host.handover/1"
typedef struct strata_ext_host_handover {
  uint32_t struct_size;
  /* Not 0 = another instance still owns the data: start() opens nothing and health() is not asked
   * until acquire() has returned. [ctl] */
  int32_t (*pending)(const strata_host* h);
} strata_ext_host_handover;

#define STRATA_EXT_HANDOVER "strata.handover/1" /* plugin: exclusive resources in a hot swap */
typedef struct strata_ext_handover {
  uint32_t struct_size;
  /* old: flush, close, release locks; keeps serving reads if it can [ctl] */
  strata_code (*release)(void* self, strata_status* why);
  strata_code (*acquire)(void* self, strata_status* why);   /* new: takes over [ctl] */
  strata_code (*reacquire)(void* self, strata_status* why); /* old, on rollback [ctl] */
} strata_ext_handover;

/* NOLINTEND */
#ifdef __cplusplus
}
#endif
#endif
