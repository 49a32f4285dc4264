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

#define STRATA_EXT_MIGRATE "strata.migrate/1" /* plugin: upgrade of the stored format */
typedef struct strata_ext_migrate {
  uint32_t struct_size;
  uint32_t (*format_on_disk)(void* self); /* what is there now [any] */
  void (*formats)(void* self, uint32_t* read_min, uint32_t* read_max, uint32_t* write); /* [any] */
  /* Resumable, online, idempotent; progress through progress->ops->write. [ctl] */
  strata_code (*migrate)(void* self, uint32_t to, strata_call* progress);
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
